// How is the newest state told, without telling every state in between?

import { CancellationScope, isCancellation, log } from '@temporalio/workflow';

export type Coalesced = {
  /** The state has changed: tell it, once what is being told has been heard. */
  changed(): void;
  /** Resolves when the last change has been told, or cannot be. */
  settled(): Promise<void>;
  /** Nobody hears it any more: what is being told ends, and nothing more is told. */
  giveUp(): void;
};

/** `tell` reads the state itself, so that it always tells the newest. It is not cancelled with the pipeline. What it throws ends it for good. */
export function coalesced(tell: () => Promise<void>): Coalesced {
  let dirty = false;
  let telling: Promise<void> | null = null;
  const scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
  const loop = async (): Promise<void> => {
    try {
      // What changes together is told together.
      await Promise.resolve();
      while (dirty) {
        dirty = false;
        await scope.run(tell);
      }
    } catch (error) {
      if (!isCancellation(error)) log.error('a report is given up', { error });
    }
    telling = null;
  };
  return {
    changed() {
      if (scope.consideredCancelled) return;
      dirty = true;
      telling ??= loop();
    },
    async settled() {
      while (telling) await telling;
    },
    giveUp: () => scope.cancel(),
  };
}
