// How is the newest state told, without telling every state in between?

export type Coalesced = {
  /** The state has changed: tell it, once what is being told has been heard. */
  changed(): void;
  /** Resolves when the last change has been told. */
  settled(): Promise<void>;
};

import { CancellationScope } from '@temporalio/workflow';

/** `tell` reads the state itself, so that it always tells the newest. It is not cancelled with the pipeline. */
export function coalesced(tell: () => Promise<void>): Coalesced {
  let dirty = false;
  let telling: Promise<void> | null = null;
  const loop = async (): Promise<void> => {
    while (dirty) {
      dirty = false;
      await tell();
    }
    telling = null;
  };
  return {
    changed() {
      dirty = true;
      telling ??= CancellationScope.nonCancellable(loop);
    },
    async settled() {
      while (telling) await telling;
    },
  };
}
