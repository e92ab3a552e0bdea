// Who has the turn in a serial group, who waits for it, and whom does a newer pipeline make superfluous?

import type { SerialPlace } from './activities.ts';

/** The first has the turn, the others wait in their order. */
export type SerialQueue = readonly SerialPlace[];

/** `reason` is a sentence for the job that never gets its turn. */
export type Skipped = { place: SerialPlace; reason: string };

/**
 * The queue with this place at its end; a place that is in it already changes nothing. Of one repository the newest pipeline counts: what
 * waits for an older one is skipped. What has its turn keeps it.
 */
export function joined(queue: SerialQueue, place: SerialPlace): { queue: SerialQueue; skipped: Skipped[] } {
  if (queue.some((other) => isSame(other, place))) return { queue, skipped: [] };
  const newer = queue.findLastIndex((other) => isNewer(other, place));
  if (newer >= 0) return { queue, skipped: [skippedFor(queue[newer]!, newer === 0 ? 'holds' : 'waits for', place)] };
  const older = queue.filter((other, index) => index > 0 && isNewer(place, other));
  return { queue: [...queue.filter((other) => !older.includes(other)), place], skipped: older.map((other) => skippedFor(place, 'waits for', other)) };
}

export const left = (queue: SerialQueue, place: SerialPlace): SerialQueue => queue.filter((other) => !isSame(other, place));

const isSame = (one: SerialPlace, other: SerialPlace): boolean => one.repository.id === other.repository.id && one.pipeline === other.pipeline && one.holder === other.holder;

const isNewer = (one: SerialPlace, other: SerialPlace): boolean => one.repository.id === other.repository.id && one.pipeline > other.pipeline;

const skippedFor = (newer: SerialPlace, does: 'holds' | 'waits for', place: SerialPlace): Skipped => ({ place, reason: `a newer pipeline, #${newer.pipeline}, ${does} serial group ${place.group}` });
