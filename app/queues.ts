// What waits for builders, class by class, for how long and why; and what runs?

import type { JobView, PipelineView, SliceView } from '../config-schema/view.ts';
import type { BuilderSight } from '../activities/builder/announcement.ts';

export type QueuedSlice = {
  repositoryId: number;
  pipeline: number;
  workflow: string;
  job: string;
  slice: number;
  waitedMs: number;
  /** A sentence; null in its first half minute. */
  reason: string | null;
};

export type Queue = {
  resourceClass: string;
  /** The longest wait first. */
  waiting: QueuedSlice[];
  running: number;
  longestMs: number;
  medianMs: number;
};

/** `unknown`: of pipelines that an earlier version began. In the order of their names; classes that nothing waits for or runs in are not there. */
export function queues(views: readonly PipelineView[], now: number): Queue[] {
  const found = new Map<string, Queue>();
  for (const view of views) {
    for (const workflow of view.workflows) {
      for (const job of workflow.jobs) {
        for (const slice of job.slices) {
          const queuedAt = queuedSince(slice, job);
          if (slice.state === 'ended' || (slice.state === 'waiting' && queuedAt === null)) continue;
          const resourceClass = slice.resourceClass ?? 'unknown';
          let queue = found.get(resourceClass);
          if (!queue) found.set(resourceClass, (queue = { resourceClass, waiting: [], running: 0, longestMs: 0, medianMs: 0 }));
          if (slice.state === 'running') queue.running += 1;
          else queue.waiting.push({ repositoryId: view.repository.id, pipeline: view.number, workflow: workflow.name, job: job.name, slice: slice.index, waitedMs: Math.max(0, now - Date.parse(queuedAt!)), reason: slice.reason ?? null });
        }
      }
    }
  }
  for (const queue of found.values()) {
    queue.waiting.sort((a, b) => b.waitedMs - a.waitedMs);
    queue.longestMs = queue.waiting[0]?.waitedMs ?? 0;
    queue.medianMs = median(queue.waiting.map(({ waitedMs }) => waitedMs));
  }
  return [...found.values()].sort((a, b) => (a.resourceClass < b.resourceClass ? -1 : 1));
}

/** null: it has not asked for a builder, because it waits for other jobs. */
const queuedSince = (slice: SliceView, job: JobView): string | null => slice.queuedAt ?? (slice.resourceClass === undefined ? job.startedAt : null);

/** How long a slice waited for its builder; null where that is not known, as for one that began again. */
export function waitedFor({ queuedAt, startedAt, prepareMs = 0, attempt }: SliceView): number | null {
  return queuedAt === undefined || startedAt === null || attempt > 1 ? null : Math.max(0, Date.parse(startedAt) - Date.parse(queuedAt) - prepareMs);
}

export type Offer = {
  resourceClass: string;
  /** Connected builders that take work and offer the class. */
  builders: number;
  /** Sandboxes of the class that would fit now, were nothing else begun. */
  room: number;
};

/** What connected builders offer, class by class. */
export function offers(sights: readonly BuilderSight[]): Offer[] {
  const found = new Map<string, Offer>();
  for (const { connected, draining, classes, capacity, used } of sights) {
    if (!connected || draining) continue;
    for (const [resourceClass, needs] of Object.entries(classes)) {
      let offer = found.get(resourceClass);
      if (!offer) found.set(resourceClass, (offer = { resourceClass, builders: 0, room: 0 }));
      offer.builders += 1;
      offer.room += Math.max(0, Math.floor(Math.min(share(capacity.cpus - used.cpus, needs.cpus), share(capacity.memoryBytes - used.memoryBytes, needs.memoryBytes))));
    }
  }
  return [...found.values()].sort((a, b) => (a.resourceClass < b.resourceClass ? -1 : 1));
}

const share = (free: number, each: number): number => (each > 0 ? free / each : 0);

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length === 0 ? 0 : sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
