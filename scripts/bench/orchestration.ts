// What do Temporal and we cost ourselves, when builders take no time: as pipelines grow in number, and as one grows in jobs?

import { pipelineWorkflowId, sliceWorkflowId } from '../../config-schema/address.ts';
import { noSteps, simulatedBuilder } from '../../test/fakes/simulated-builder.ts';
import { startWorld, type World } from '../../test/workflows/world.ts';
import { median, rounded, timed, type Bench } from './bench.ts';

const nothing = `{docker: [{image: "debian:bookworm"}], steps: ${noSteps}}`;
const layers = 10;
const jobsOfLayer = 20;
/** Each waits a second between its first and its last word to the forge. */
const atOnce = 20;

export async function benchOrchestration(bench: Bench): Promise<void> {
  bench.say('orchestration: a Temporal server, and a builder that takes no time …');
  const world = await startWorld();
  bench.atEnd(() => world.stop());
  const builder = await simulatedBuilder(world);
  bench.atEnd(() => builder.stop());
  let last = 0;
  const run = (config: string): Promise<number> =>
    timed(async () => {
      await world.push(config);
      const { outcome } = await world.ended(++last);
      if (outcome !== 'passed') throw new Error(`pipeline ${last} ended as ${outcome}`);
    });

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

  const batches = bench.quick ? 8 : 50;
  bench.say(`orchestration: ${batches * atOnce} pipelines of one repository, ${atOnce} at a time …`);
  const costs: { ms: number; events: number }[] = [];
  for (let batch = 0; batch < batches; batch++) {
    bench.signal.throwIfAborted();
    const ms = await timed(async () => {
      const numbers = Array.from({ length: atOnce }, () => ++last);
      for (const _ of numbers) await world.push(`version: 2.1\njobs:\n  build: ${nothing}\n`);
      await Promise.all(numbers.map((number) => world.ended(number)));
    });
    costs.push({ ms: ms / atOnce, events: await eventsOf(world, pipelineWorkflowId(7, last)) });
  }
  // The first batch meets what is cold.
  const [early, late] = [costs.slice(1, 4), costs.slice(-3)];
  const of = (some: typeof costs, what: keyof (typeof costs)[number]): number => median(some.map((cost) => cost[what]));
  bench.print({
    figure: 'pipeline-cost-growth',
    value: rounded(of(late, 'ms') / of(early, 'ms'), 2),
    unit: 'ratio',
    baseline: `pipelines ${atOnce + 1} to ${4 * atOnce} of the repository`,
    n: late.length,
    pipelines: batches * atOnce,
    ms: rounded(of(late, 'ms')),
    earlyMs: rounded(of(early, 'ms')),
    events: of(late, 'events'),
    earlyEvents: of(early, 'events'),
  });
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
