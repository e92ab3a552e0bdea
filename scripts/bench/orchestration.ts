// What do Temporal and we cost ourselves, when builders take no time: as pipelines grow in number, and as one grows in jobs?

import { NativeConnection, Worker } from '@temporalio/worker';
import { builderQueue, classQueue } from '../../config-schema/queues.ts';
import type { BuilderActivities } from '../../activities/builder/activities.ts';
import { pipelineWorkflowId, repositoryWorkflowId, sliceWorkflowId } from '../../config-schema/address.ts';
import { startWorld, type World } from '../../test/workflows/world.ts';
import { median, rounded, type Bench } from './bench.ts';

/** Runs nothing: the condition is false for every pipeline. */
const nothing = '{docker: [{image: "debian:bookworm"}], steps: [{when: {condition: false, steps: [{run: "true"}]}}]}';
const layers = 10;
const jobsOfLayer = 20;

export async function benchOrchestration(bench: Bench): Promise<void> {
  bench.say('orchestration: a Temporal server, and a builder that takes no time …');
  const world = await startWorld();
  bench.atEnd(() => world.stop());
  const builder = await simulatedBuilder(world);
  bench.atEnd(() => builder.stop());
  let last = 0;
  const run = async (config: string): Promise<number> => {
    const startedAt = performance.now();
    await world.push(config);
    const { outcome } = await world.ended(++last);
    if (outcome !== 'passed') throw new Error(`pipeline ${last} ended as ${outcome}`);
    return performance.now() - startedAt;
  };

  // The graph first: the other measure fills the database.
  const wide: number[] = [];
  const chain: number[] = [];
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    chain.push(await run(layered(layers, 1)));
    wide.push(await run(layered(layers, jobsOfLayer)));
  }
  const key = { repositoryId: 7, pipeline: last, workflow: 'all', job: 'job0-0', slice: 0 };
  const hops = await eventsOf(world, sliceWorkflowId(key), 'ACTIVITY_TASK_SCHEDULED');
  bench.print({ figure: 'graph-makespan', value: rounded(median(wide) / median(chain), 2), unit: 'ratio', baseline: `a chain of ${layers} jobs`, n: wide.length, jobs: layers * jobsOfLayer, ms: rounded(median(wide)), chainMs: rounded(median(chain)) });
  bench.print({ figure: 'activity-hops-per-slice', value: hops, unit: 'activities', n: 1 });

  const many = bench.quick ? 100 : 1000;
  bench.say(`orchestration: ${many} pipelines of one repository, one after the other …`);
  const costs: { ms: number; events: number }[] = [];
  for (let i = 0; i < many; i++) {
    bench.signal.throwIfAborted();
    const ms = await run(`version: 2.1\njobs:\n  build: ${nothing}\n`);
    // Counted where they are compared: asking for a history costs, too.
    const events = i < 20 || i >= many - 20 ? await eventsOf(world, pipelineWorkflowId(7, last)) : 0;
    costs.push({ ms, events });
  }
  const early = costs.slice(5, 15);
  const late = costs.slice(-10);
  const ratio = (of: (cost: { ms: number; events: number }) => number): number => rounded(median(late.map(of)) / median(early.map(of)), 2);
  const { historyLength } = await world.client.workflow.getHandle(repositoryWorkflowId(7)).describe();
  bench.print({ figure: 'pipeline-cost-growth', value: ratio(({ ms }) => ms), unit: 'ratio', baseline: 'the 10th pipeline', n: 10, pipelines: many, ms: rounded(median(late.map(({ ms }) => ms))), earlyMs: rounded(median(early.map(({ ms }) => ms))), events: ratio(({ events }) => events), repositoryEvents: historyLength });
}

/** `layers` deep, each job of a layer after every job of the one before it. */
function layered(depth: number, width: number): string {
  const names = (layer: number): string[] => Array.from({ length: width }, (_, i) => `job${layer}-${i}`);
  const all = Array.from({ length: depth }, (_, layer) => layer);
  const invocation = (name: string, layer: number): string => (layer === 0 ? `      - ${name}` : `      - ${name}: {requires: [${names(layer - 1).join(', ')}]}`);
  return `version: 2.1
jobs:
${all.flatMap(names).map((name) => `  ${name}: ${nothing}`).join('\n')}
workflows:
  all:
    jobs:
${all.flatMap((layer) => names(layer).map((name) => invocation(name, layer))).join('\n')}
`;
}

async function eventsOf(world: World, workflowId: string, type?: string): Promise<number> {
  const { events } = await world.client.workflow.getHandle(workflowId).fetchHistory();
  const wanted = `EVENT_TYPE_${type}`;
  return (events ?? []).filter(({ eventType }) => type === undefined || String(eventType) === wanted || eventTypes[wanted] === eventType).length;
}

/** Numbers of Temporal's API (temporal.api.enums.v1.EventType). */
const eventTypes: Record<string, number> = { EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 10 };

async function simulatedBuilder({ client, address }: World): Promise<{ stop(): Promise<void> }> {
  const activities: BuilderActivities = {
    openSandbox: () => Promise.resolve({ sandbox: 'none', builder: 'simulated', queue: builderQueue('simulated'), builderKey: {} }),
    prepareSandbox: () => Promise.reject(new Error('no image needs a login here')),
    claimSandbox: () => Promise.resolve(),
    runStep: () => Promise.reject(new Error('there are no steps here')),
    closeSandbox: () => Promise.resolve(),
  };
  const { dataConverter } = client.options;
  const connection = await NativeConnection.connect({ address });
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
