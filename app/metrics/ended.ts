// What does an ended pipeline add to the metrics?

import { planKey } from '../../config-schema/address.ts';
import type { Outcome } from '../../config-schema/outcome.ts';
import type { Plan } from '../../config-schema/plan.ts';
import type { JobView, PipelineView, SliceView } from '../../config-schema/view.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import { readJson } from '../json-object.ts';
import { waitedFor } from '../queues.ts';
import { bounded, type Metrics } from './metrics.ts';

/** The convention's words for our outcomes. */
const results: Record<Outcome, 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip'> = {
  passed: 'success',
  failed: 'failure',
  'timed-out': 'timeout',
  canceled: 'cancellation',
  skipped: 'skip',
  'not-run': 'skip',
  unsupported: 'skip',
  unauthorized: 'failure',
  broken: 'error',
};

const failures: ReadonlySet<Outcome> = new Set(['failed', 'timed-out', 'unauthorized', 'broken']);

/** Answers what to call with the summary of each pipeline that has ended. Its failure is nobody's but the metrics'. */
export function endedPipelines(metrics: Metrics, store: Pick<ObjectStore, 'get'>): (view: PipelineView) => Promise<void> {
  const classes = bounded(50);

  const slice = (view: SliceView, kinds: readonly string[] | null): void => {
    const waitedMs = waitedFor(view);
    if (waitedMs !== null) metrics.sliceWait.observe({ class: classes(view.resourceClass ?? 'unknown') }, waitedMs / 1000);
    for (const [index, { result }] of view.steps.entries()) {
      if (!result || result.outcome === 'skipped' || result.outcome === 'not-run') continue;
      // After the steps come the logs of services.
      const kind = kinds === null ? 'unknown' : (kinds[index] ?? 'service');
      metrics.stepDuration.observe({ kind, outcome: result.outcome }, result.durationMs / 1000);
    }
  };

  const job = (view: JobView, kinds: readonly string[] | null): void => {
    if (view.outcome !== null && failures.has(view.outcome)) metrics.pipelineErrors.inc({ error_type: view.outcome });
    if (view.outcome === 'broken') metrics.systemErrors.inc({ cicd_system_component: 'builder', error_type: 'broken-job' });
    for (const each of view.slices) if (each.carriedFrom === undefined) slice(each, kinds);
  };

  return async (view) => {
    if (view.outcome === null || view.endedAt === null) return;
    metrics.pipelineDuration.observe({ cicd_pipeline_result: results[view.outcome], cicd_pipeline_run_state: 'executing' }, Math.max(0, Date.parse(view.endedAt) - Date.parse(view.startedAt)) / 1000);
    if (view.outcome === 'broken' && view.workflows.length === 0) metrics.systemErrors.inc({ cicd_system_component: 'controller', error_type: 'broken-pipeline' });
    if (view.workflows.length === 0) return;
    const plan = (await readJson<{ plan: Plan }>(store, planKey(view.repository.id, view.number)).catch(() => undefined))?.plan;
    for (const workflow of view.workflows) {
      const planned = plan?.workflows.find(({ name }) => name === workflow.name);
      for (const each of workflow.jobs) {
        // It has been counted in the pipeline where it ran.
        if (each.carriedFrom !== undefined) continue;
        const key = planned?.jobs.find(({ name }) => name === each.name)?.job;
        job(each, (key !== undefined && plan?.jobs[key]?.steps.map(({ kind }) => kind)) || null);
      }
    }
  };
}
