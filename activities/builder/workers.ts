// The builder's share of the work from Temporal: one worker for its own sandboxes, one for each class that it offers.

import { Worker, type NativeConnection } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import { builderQueue, classQueue } from '../../config-schema/queues.ts';
import type { BuilderActivities } from './activities.ts';
import type { Builder } from './builder.ts';
import { gatedSlots } from './gate.ts';
import type { Needs } from './ledger.ts';

export async function builderWorkers(options: {
  id: string;
  builder: Builder;
  activities: BuilderActivities;
  classes: Record<string, Needs>;
  connection: NativeConnection;
  namespace: string;
  dataConverter: DataConverter;
}): Promise<Worker[]> {
  const { id, builder, activities, classes, connection, namespace, dataConverter } = options;
  // A step is canceled within a second: the server tells of it in the answer to a heartbeat.
  const common = { connection, namespace, dataConverter, identity: id, shutdownGraceTime: '1s', maxHeartbeatThrottleInterval: '500ms', defaultHeartbeatThrottleInterval: '500ms' } as const;
  const fixed = (numSlots: number) => ({ type: 'fixed-size', numSlots }) as const;
  const own = Worker.create({ ...common, taskQueue: builderQueue(id), activities: { ...activities }, maxConcurrentActivityTaskExecutions: 500, maxConcurrentActivityTaskPolls: 2 });
  const offered = Object.entries(classes).map(([name, needs]) =>
    Worker.create({
      ...common,
      taskQueue: classQueue(name),
      activities: { openSandbox: activities.openSandbox },
      maxConcurrentActivityTaskPolls: 1,
      tuner: {
        workflowTaskSlotSupplier: fixed(1),
        localActivityTaskSlotSupplier: fixed(1),
        nexusTaskSlotSupplier: fixed(1),
        activityTaskSlotSupplier: gatedSlots(() => !builder.draining && builder.ledger.fits(needs)),
      },
    }),
  );
  return Promise.all([own, ...offered]);
}
