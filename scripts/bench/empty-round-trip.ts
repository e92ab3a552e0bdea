// How long does one empty temporal workflow take, from its start to its result here, on the instance's own Temporal server?

import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { connectWorkers, installRuntime } from '../../activities/adapters/temporal.ts';
import { timed, type Bench } from './bench.ts';
import type { empty } from './empty-workflow.ts';
import type { Instance } from './instance.ts';

const taskQueue = 'bench';

/** Answers a function that measures one, in milliseconds. The worker is ours, as warm as the app's. */
export async function emptyRoundTrips(bench: Bench, { settings, client }: Instance): Promise<() => Promise<number>> {
  installRuntime({ warn: () => undefined, error: (_, message) => bench.say(message) });
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: (message: string) => bench.say(message) };
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./empty-workflow.ts', import.meta.url)), logger: silent });
  const connection = await connectWorkers(settings);
  const worker = await Worker.create({ connection, namespace: settings.temporalNamespace, taskQueue, workflowBundle });
  const running = worker.run();
  bench.atEnd(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
  const plain = client.workflow;
  return () => timed(() => plain.execute<typeof empty>('empty', { taskQueue, workflowId: `bench/${randomUUID()}` }));
}
