// When does a builder stop asking Temporal for new sandboxes?

import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivitySlotInfo, CustomSlotSupplier, SlotPermit } from '@temporalio/worker';

/**
 * A slot is neither capacity nor liveness: permits that were issued cannot be revoked, so the ledger decides again in `openSandbox`.
 * This only keeps the worker from polling while `open()` is false: the builder is full, or drains.
 */
export function gatedSlots(open: () => boolean, most = 100): CustomSlotSupplier<ActivitySlotInfo> {
  let issued = 0;
  const issue = (): SlotPermit => {
    issued += 1;
    return {};
  };
  return {
    type: 'custom',
    async reserveSlot(_context, signal) {
      while (!open() || issued >= most) await sleep(100, undefined, { signal });
      return issue();
    },
    tryReserveSlot: () => (open() && issued < most ? issue() : null),
    markSlotUsed: () => undefined,
    releaseSlot: () => {
      issued -= 1;
    },
  };
}
