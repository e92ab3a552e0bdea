// The app's share of the work from Temporal: temporal workflows and control activities.

import { Worker, type NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { controlQueue } from '../../config-schema/queues.ts';
import type { ControlActivities } from './activities.ts';

export function controlWorker(options: {
  connection: NativeConnection;
  namespace: string;
  dataConverter: DataConverter;
  workflowBundle: WorkflowBundleOption;
  activities: ControlActivities;
}): Promise<Worker> {
  const { activities, ...rest } = options;
  return Worker.create({
    ...rest,
    activities,
    taskQueue: controlQueue,
    // One event loop serves webhooks and pages besides: a thread for the temporal workflows is enough.
    workflowThreadPoolSize: 1,
    // More than one pipeline has open: what does not fit is replayed from its whole history again and again.
    maxCachedWorkflows: 1000,
    shutdownGraceTime: '5s',
  });
}
