// Does a pipeline hold more jobs than may be open at once?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { getJson } from '../../activities/object-store.ts';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { noSteps, simulatedBuilder } from '../fakes/simulated-builder.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let builder: { stop(): Promise<void> };
before(async () => {
  world = await startWorld();
  builder = await simulatedBuilder(world);
});
after(async () => {
  await builder.stop();
  await world.stop();
});

const many = 1000;

test('a matrix of a thousand jobs and one that requires them all: every job ends, and every check has its verdict', async () => {
  const numbers = Array.from({ length: many }, (_, n) => n);
  const { sha } = await world.push(`version: 2.1
jobs:
  part: {parameters: {n: {type: integer}}, docker: [{image: "debian:bookworm"}], steps: ${noSteps}}
  whole: {docker: [{image: "debian:bookworm"}], steps: ${noSteps}}
workflows:
  ci:
    jobs:
      - part: {matrix: {parameters: {n: [${numbers.join(', ')}]}}}
      - whole: {requires: [part]}
`);
  const view = await world.until('all of it has ended', () => getJson<PipelineView>(world.store, summaryKey(7, 1)), 280_000);
  assert.equal(view.outcome, 'passed');
  assert.equal(view.workflows[0]!.jobs.filter(({ outcome }) => outcome === 'passed').length, many + 1);
  const checks = [...world.forge.checks.values()].filter((check) => check.sha === sha);
  assert.deepEqual([checks.length, checks.filter(({ conclusion }) => conclusion === 'success').length], [many + 1, many + 1]);
});
