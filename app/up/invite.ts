// How does whoever starts Roundhouse for the first time come in to its page?

import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../cli/problem.ts';
import type { Ask } from '../control/ask.ts';
import type { Ticket } from '../control/page-operations.ts';

const tries = 50;
const everyMs = 200;

/** A sentence with an address that is good once; null when the app does not give one. */
export async function invitation(ask: Ask): Promise<string | null> {
  // The app answers at its port a moment before it answers at its socket.
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      const { addresses, minutes } = await ask<Ticket>('page.ticket', {});
      return `to set it up in a browser, open within ${minutes} minutes ${addresses.join(' or, on this machine, ')} (later: roundhouse page)`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await sleep(everyMs);
    }
  }
  return null;
}
