// Does what a builder tells of itself have the shape that we count on?

import * as z from 'zod';
import type { Announcement } from '../activities/builder/announcement.ts';

const amount = z.number().nonnegative();
const room = z.object({ cpus: amount, memoryBytes: amount });
const announcement = z.object({
  id: z.string().min(1).max(200),
  version: z.string().max(100),
  classes: z.record(z.string().max(200), room),
  capacity: room,
  used: room,
  draining: z.boolean(),
  sandboxes: z.array(z.object({ name: z.string().max(100), address: z.string().max(1000), startedAt: z.string().max(40) })).max(10_000),
  publicKey: z.record(z.string(), z.unknown()),
});

/** Throws when the line is none. What a newer builder says beyond it is dropped. */
export function parseAnnouncement(line: string): Announcement {
  return announcement.parse(JSON.parse(line));
}
