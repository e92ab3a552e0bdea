// How many slices of a pipeline may be open at once?

import { condition } from '@temporalio/workflow';

/** Temporal takes 2,000 pending children of a workflow; 500 keep the history and the worker's cache small. */
export const mostOpenSlices = 500;

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

export function slicesAtOnce(most = mostOpenSlices): Gate {
  let open = 0;
  return async (work) => {
    await condition(() => open < most);
    open += 1;
    try {
      return await work();
    } finally {
      open -= 1;
    }
  };
}
