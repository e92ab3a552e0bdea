// How do builders and open pipelines stand at the moment that somebody reads the metrics?

import type { PipelineView } from '../../config-schema/view.ts';
import type { BuilderSight } from '../../activities/builder/announcement.ts';
import { offers, queues } from '../queues.ts';
import { bounded, type Metrics } from './metrics.ts';

export type StandingPorts = { sights: () => Promise<BuilderSight[]>; openViews: () => Promise<PipelineView[]> };

const mostBuilders = 200;
const mostClasses = 50;

/** Sets the gauges anew. What cannot be known now is left out, rather than shown as it was. */
export function standing(metrics: Metrics, { sights, openViews }: StandingPorts, now: () => number = Date.now): () => Promise<void> {
  // Over all readings: a name once taken is kept, so the names cannot grow without end.
  const [builderName, className] = [bounded(mostBuilders), bounded(mostClasses)];
  return async () => {
    const [known, open] = await Promise.allSettled([sights(), openViews()]);
    for (const gauge of [metrics.builders, metrics.workers, metrics.builderCpus, metrics.builderCpusUsed, metrics.builderMemory, metrics.builderMemoryUsed, metrics.builderSandboxes, metrics.classBuilders, metrics.classRoom]) gauge.reset();
    for (const gauge of [metrics.pipelinesActive, metrics.slicesWaiting, metrics.slicesRunning, metrics.longestWait]) gauge.reset();
    if (known.status === 'fulfilled') ofBuilders(metrics, known.value, builderName, className);
    else metrics.systemErrors.inc({ cicd_system_component: 'metrics', error_type: 'builders-unknown' });
    if (open.status === 'fulfilled') ofPipelines(metrics, open.value, className, now());
    else metrics.systemErrors.inc({ cicd_system_component: 'metrics', error_type: 'pipelines-unknown' });
  };
}

function ofBuilders(metrics: Metrics, sights: readonly BuilderSight[], builderName: (id: string) => string, className: (name: string) => string): void {
  const connected = sights.filter((sight) => sight.connected);
  const gone = sights.length - connected.length;
  const draining = connected.filter((sight) => sight.draining).length;
  const busy = connected.filter(({ sandboxes }) => sandboxes.length > 0).length;
  for (const [state, count] of [['takes-work', connected.length - draining], ['draining', draining], ['gone', gone]] as const) metrics.builders.set({ state }, count);
  for (const [state, count] of [['available', connected.length - busy], ['busy', busy], ['offline', gone]] as const) metrics.workers.set({ cicd_worker_state: state }, count);
  for (const { id, capacity, used, sandboxes } of connected) {
    const builder = builderName(id);
    metrics.builderCpus.inc({ builder }, capacity.cpus);
    metrics.builderCpusUsed.inc({ builder }, used.cpus);
    metrics.builderMemory.inc({ builder }, capacity.memoryBytes);
    metrics.builderMemoryUsed.inc({ builder }, used.memoryBytes);
    metrics.builderSandboxes.inc({ builder }, sandboxes.length);
  }
  for (const { resourceClass, builders, room } of offers(sights)) {
    metrics.classBuilders.inc({ class: className(resourceClass) }, builders);
    metrics.classRoom.inc({ class: className(resourceClass) }, room);
  }
}

function ofPipelines(metrics: Metrics, views: readonly PipelineView[], className: (name: string) => string, now: number): void {
  const pending = views.filter(({ state }) => state === 'waiting').length;
  metrics.pipelinesActive.set({ cicd_pipeline_run_state: 'pending' }, pending);
  metrics.pipelinesActive.set({ cicd_pipeline_run_state: 'executing' }, views.length - pending);
  const longest = new Map<string, number>();
  for (const { resourceClass, waiting, running, longestMs } of queues(views, now)) {
    const name = className(resourceClass);
    metrics.slicesWaiting.inc({ class: name }, waiting.length);
    metrics.slicesRunning.inc({ class: name }, running);
    longest.set(name, Math.max(longest.get(name) ?? 0, longestMs));
  }
  for (const [name, ms] of longest) metrics.longestWait.set({ class: name }, ms / 1000);
}
