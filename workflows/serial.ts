// How does a job wait for its turn in a serial group of the organization?

import type { Outcome } from '../config-schema/outcome.ts';
import type { SerialPlace } from './activities.ts';

/** Waits for the turn, within the current cancellation scope. null: it has come; else how the job ends instead. `say` is told why it waits. */
export async function takeTurn(_place: SerialPlace, _say: (reason: string) => void): Promise<{ outcome: Outcome; reason: string } | null> {
  return null;
}

/** Lets the next one have its turn. Repeatable; not cancelled with the job. */
export async function giveTurn(_place: SerialPlace): Promise<void> {}
