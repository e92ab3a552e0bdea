// Records histories for the replay test, from the temporal workflows of today: node test/histories/record.ts NAME
// Run it for every release; what an earlier release recorded stays.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import proto from '@temporalio/proto';
import { cancelPipeline, disownRepository } from '../../workflows/client.ts';
import { controlQueue } from '../../config-schema/queues.ts';
import { startWorld } from '../workflows/world.ts';

const release = process.argv[2];
if (release === undefined || !/^[\w.-]+$/.test(release)) throw new Error('say for which release: node test/histories/record.ts 0.1.0');
const here = new URL('.', import.meta.url).pathname;
const atOnce = { pipelinesAtOnce: 0, askAfterSeconds: 1 };
const world = await startWorld({ queueTimeoutSeconds: 30, builderLostSeconds: 3, leaseSeconds: 5, explainAfterSeconds: 1 }, join(here, 'payload.keys'), { atOnce });
try {
  const job = (command: string): string => `{docker: [{image: "debian:bookworm"}], working_directory: ${world.folder}, steps: [{run: ${JSON.stringify(command)}}]}`;
  let builder = await world.startBuilder('b1');
  await world.push(`version: 2.1\njobs:\n  build: ${job('true')}\n  test: ${job('exit 1').replace('steps', 'parallelism: 2, steps')}\n  after: ${job('true')}\nworkflows: {ci: {jobs: [build, {test: {requires: [build]}}, {after: {requires: [test]}}]}}\n`);
  await world.ended(1);
  await world.push('version: 2.1\njobs: [\n');
  await world.ended(2);
  await world.push(`version: 2.1\njobs:\n  build: ${job('sleep 60')}\n`);
  await sleep(2000);
  await cancelPipeline(world.client, 7, 3);
  await world.ended(3);
  await world.push(`version: 2.1\njobs:\n  build: ${job('sleep 8')}\n`);
  await sleep(2000);
  await builder.stop();
  builder = await world.startBuilder('b2');
  await world.ended(4);
  // Another repository, whose jobs are admitted before they start.
  const site = { id: 8, owner: 'acme', name: 'site', private: false, defaultBranch: 'main', installationId: 1 };
  const guarded = (name: string): string => job('true').replace('steps', `secrets: [${name}], steps`);
  await world.push(`version: 2.1\njobs:\n  given: ${guarded('GIVEN')}\n  refused: ${guarded('MISSING')}\nworkflows: {ci: {jobs: [given, refused]}}\n`, { repository: site });
  await world.ended(1, 8);
  // One has the turn in a serial group, another waits for it.
  const serial = (command: string): string => `version: 2.1\njobs:\n  deploy: ${job(command)}\nworkflows: {ci: {jobs: [deploy: {serial-group: prod}]}}\n`;
  await world.push(serial('sleep 5'), { repository: site });
  await world.push(serial('true'), { repository: site });
  await world.ended(3, 8);
  atOnce.pipelinesAtOnce = 1;
  await world.push(`version: 2.1\njobs:\n  build: ${job('sleep 60')}\n`);
  await world.push(`version: 2.1\njobs:\n  build: ${job('sleep 60')}\n`);
  await sleep(2000);
  await cancelPipeline(world.client, 7, 5);
  await world.ended(5);
  await sleep(2000);
  await disownRepository(world.client, 7, 'acme/shop was deleted');
  await world.ended(6);
  await world.client.workflow.execute('sweep', { workflowId: 'sweep', taskQueue: controlQueue });
  const wanted = {
    sweep: 'sweep',
    organization: 'organization/583231',
    repository: 'repository/7',
    'pipeline-failed': 'pipeline/7/1',
    'pipeline-config-error': 'pipeline/7/2',
    'pipeline-canceled': 'pipeline/7/3',
    'pipeline-waiting-disowned': 'pipeline/7/6',
    'pipeline-guarded': 'pipeline/8/1',
    'pipeline-serial': 'pipeline/8/3',
    'slice-guarded': 'slice/pipelines/8/1/workflows/ci/given/0',
    'slice-failed': 'slice/pipelines/7/1/workflows/ci/test/0',
    'slice-canceled': 'slice/pipelines/7/3/workflows/workflow/build/0',
    'slice-builder-lost': 'slice/pipelines/7/4/workflows/workflow/build/0',
  };
  for (const [name, workflowId] of Object.entries(wanted)) {
    const history = await world.client.workflow.getHandle(workflowId).fetchHistory();
    await writeFile(join(here, `${release}-${name}.history`), proto.temporal.api.history.v1.History.encode(history).finish());
  }
} finally {
  await world.stop();
}
