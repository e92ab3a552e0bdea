// What happens when a schedule fires? Pipelines start, if the branch is still there.

import { defineSearchAttributeKey } from '@temporalio/common';
import { log, workflowInfo } from '@temporalio/workflow';
import type { Scheduled } from '../config-schema/schedule.ts';
import { control } from './activities.ts';
import { now } from './now.ts';

/** Temporal's own: the time that it was meant for, of which one that starts late falls short. */
const scheduledFor = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

export async function scheduled(what: Scheduled): Promise<void> {
  const { workflowId, typedSearchAttributes } = workflowInfo();
  const at = typedSearchAttributes.get(scheduledFor)?.toISOString() ?? now();
  const notStarted = await control.fireSchedule({ scheduled: what, at, firing: workflowId });
  for (const why of notStarted) log.warn('a schedule starts nothing', { why, repositoryId: what.repositoryId, kind: what.kind });
}
