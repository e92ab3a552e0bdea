// When is a Roundhouse that was just started ready for a push?

import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config-schema/settings.ts';
import { allDrained, type Check } from '../health.ts';

/** Resolves when the app is ready, or only misses a builder that an operator has drained. Rejects when the signal is aborted. */
export async function untilReady({ host, port }: Pick<Settings, 'host' | 'port'>, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${host}:${port}/readyz?format=json`, { signal }).catch(() => null);
    const checks = await answer?.json().then((body) => (body as { checks: Check[] }).checks, () => null);
    // It stays drained over a restart, until it is resumed; to wait for that would be to wait for a person.
    if (checks?.every(({ ok, why }) => ok || why === allDrained)) return;
    await sleep(200, undefined, { signal });
  }
}
