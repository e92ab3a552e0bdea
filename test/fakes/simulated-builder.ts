// A builder that takes no time and makes no sandbox: for what is said of the temporal workflows alone.

import { NativeConnection, Worker } from '@temporalio/worker';
import type { BuilderActivities } from '../../activities/builder/activities.ts';
import { builderQueue, classQueue } from '../../config-schema/queues.ts';
import type { World } from '../workflows/world.ts';

/** Steps that its jobs may have: none. Their condition is false for every pipeline. */
export const noSteps = '[{when: {condition: false, steps: [{run: "true"}]}}]';

/** Of the class `medium`. */
export async function simulatedBuilder({ client, address }: Pick<World, 'client' | 'address'>): Promise<{ stop(): Promise<void> }> {
  const activities: BuilderActivities = {
    openSandbox: () => Promise.resolve({ sandbox: 'none', builder: 'simulated', queue: builderQueue('simulated'), builderKey: {} }),
    prepareSandbox: () => Promise.reject(new Error('no image needs a login here')),
    claimSandbox: () => Promise.resolve(),
    runStep: () => Promise.reject(new Error('there are no steps here')),
    closeSandbox: () => Promise.resolve(),
  };
  const connection = await NativeConnection.connect({ address });
  const { dataConverter } = client.options;
  const workers = await Promise.all([classQueue('medium'), builderQueue('simulated')].map((taskQueue) => Worker.create({ connection, namespace: 'default', taskQueue, activities, dataConverter })));
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop() {
      workers.forEach((worker) => worker.shutdown());
      await running;
      await connection.close();
    },
  };
}
