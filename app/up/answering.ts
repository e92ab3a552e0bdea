// When does the app that was just started answer, whether or not it can build anything yet?

import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config-schema/settings.ts';

/** Rejects when the signal is aborted. */
export async function untilAnswering({ host, port }: Pick<Settings, 'host' | 'port'>, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${host}:${port}/healthz`, { signal }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await sleep(200, undefined, { signal });
  }
}
