// How long do control activities wait, and take?

import { Context } from '@temporalio/activity';
import type { PipelineView } from '../../config-schema/view.ts';
import type { ControlActivities } from '../../activities/control/activities.ts';
import type { Metrics } from './metrics.ts';

/** GitHub's silence is no fault of ours. */
const isOurs = (error: unknown): boolean => (error as { type?: string }).type !== 'ForgeUnavailable';

/** The same activities, measured. `ended` hears of each pipeline whose summary is stored. */
export function measuredActivities(activities: ControlActivities, metrics: Metrics, ended: (view: PipelineView) => Promise<void>): ControlActivities {
  const measured = Object.entries(activities as unknown as Record<string, (input: never) => Promise<unknown>>).map(([activity, run]) => [
    activity,
    async (input: never) => {
      const began = Date.now();
      metrics.activityWait.observe({ activity }, Math.max(0, began - Context.current().info.currentAttemptScheduledTimestampMs) / 1000);
      const took = metrics.activityDuration.startTimer({ activity });
      try {
        const answer = await run(input);
        took({ result: 'ok' });
        return answer;
      } catch (error) {
        took({ result: 'failed' });
        if (isOurs(error)) metrics.systemErrors.inc({ cicd_system_component: 'controller', error_type: activity });
        throw error;
      }
    },
  ]);
  const all = Object.fromEntries(measured) as ControlActivities;
  return {
    ...all,
    async finish(view) {
      await all.finish(view);
      // A repetition counts twice; that is rare, and to know it would cost a memory of every pipeline.
      await ended(view).catch(() => metrics.systemErrors.inc({ cicd_system_component: 'metrics', error_type: 'pipeline-not-counted' }));
    },
  };
}
