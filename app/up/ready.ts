// When is a Roundhouse that was just started ready for a push?

import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config-schema/settings.ts';

/** Resolves when the app answers and knows a connected builder. Rejects when the signal is aborted. */
export async function untilReady({ host, port }: Pick<Settings, 'host' | 'port'>, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${host}:${port}/readyz`, { signal }).catch(() => null);
    if (answer?.ok) return;
    await sleep(200, undefined, { signal });
  }
}
