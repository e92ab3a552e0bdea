// How many slices of a pipeline may be open at once, and how many start in one breath?

import { condition } from '@temporalio/workflow';

/** Temporal takes 2,000 pending children of a workflow; 500 keep the history and the worker's cache small. */
export const mostOpenSlices = 500;
/** A worker has seconds for what follows from one event. */
const mostStarting = 25;

/** Starts the work when there is room, and answers what becomes of it. */
export type Gate = <T>(start: () => Promise<{ result(): Promise<T> }>) => Promise<T>;

export function slicesAtOnce(most = mostOpenSlices): Gate {
  const [open, starting] = [turnstile(most), turnstile(mostStarting)];
  return (start) => open(async () => (await starting(start)).result());
}

function turnstile(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let inside = 0;
  return async (work) => {
    // Asked anew each time: those that wait may wake together.
    while (inside >= most) await condition(() => inside < most);
    inside += 1;
    try {
      return await work();
    } finally {
      inside -= 1;
    }
  };
}
