// What runs when a config asks which paths have changed?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { rerunAsked, type RerunPorts } from '../../app/rerun.ts';
import { why } from '../../app/why.ts';
import { noCommit, type Trigger } from '../../config-schema/trigger.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import { deliverTrigger } from '../../workflows/client.ts';
import { startWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await startWorld();
  await world.startBuilder('b1');
});
after(() => world.stop());

let last = 0;
const config = `version: 2.1
jobs:
  test-api: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
  build-docs: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [{run: 'true'}]}
workflows:
  api: {when: {changed: [services/api/**, go.mod]}, jobs: [test-api]}
  docs: {when: {changed: docs/**}, jobs: [build-docs]}
`;
const outcomes = ({ workflows }: PipelineView): string[] => workflows.flatMap(({ name, jobs }) => jobs.map((job) => `${name}/${job.name} ${job.outcome}`)).sort();
const checksOf = (sha: string): string[] => [...world.forge.checks.values()].filter((check) => check.sha === sha).map(({ name, conclusion, output }) => `${name} ${conclusion}: ${output!.title}`).sort();

/** A push of this commit, which has changed these paths since `base`. */
async function pushed(base: string, sha: string, paths: string[], change: Partial<Trigger> = {}, text = config): Promise<PipelineView> {
  world.forge.changed.set(`${base}...${sha}`, paths);
  await world.push(text, { sha, ...change });
  return world.ended(++last);
}

const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];

test('a push runs the workflows whose paths it has changed, and the checks of the others say why not', async () => {
  const docs = await pushed(first, second, ['docs/a.md', 'docs/b.md'], { before: first });
  assert.deepEqual(outcomes(docs), ['api/test-api skipped', 'docs/build-docs passed']);
  const sentence = 'its condition {changed: [services/api/**, go.mod]} (.circle.yml:6) is false: none of the 2 changed paths matches';
  assert.deepEqual(checksOf(second).map((check) => check.replace(/^(build-docs success): .*/, '$1')), ['build-docs success', `test-api skipped: Skipped: ${sentence}`]);
  assert.deepEqual(why(docs, { workflow: 'api', job: 'test-api' }), [{ subject: 'api/test-api', answer: `was filtered out; ${sentence}` }]);
  const api = await pushed(second, third, ['services/api/main.go'], { before: second });
  assert.deepEqual(outcomes(api), ['api/test-api passed', 'docs/build-docs skipped']);
});

test('where nothing has changed that matters nothing runs, and every check says so', async () => {
  const sha = '4'.repeat(40);
  const view = await pushed(third, sha, ['README.md'], { before: third });
  assert.equal(view.outcome, 'skipped');
  assert.deepEqual(checksOf(sha).map((check) => check.replace(/ is false: .*/, '')), ['build-docs skipped: Skipped: its condition {changed: docs/**} (.circle.yml:7)', 'test-api skipped: Skipped: its condition {changed: [services/api/**, go.mod]} (.circle.yml:6)']);
});

test('a new branch is compared with the default branch, and its rerun runs the same when that has gone on', async () => {
  const sha = '5'.repeat(40);
  const view = await pushed('main', sha, ['go.mod'], { ref: 'refs/heads/topic', before: noCommit });
  assert.deepEqual(outcomes(view), ['api/test-api passed', 'docs/build-docs skipped']);
  // As after it was merged.
  world.forge.changed.set(`main...${sha}`, []);
  const ports: RerunPorts = { client: world.client, store: world.store, deliver: (trigger) => deliverTrigger(world.client, trigger), audit: { append: () => Promise.resolve() }, isBuilt: () => Promise.resolve(true), findRepository: () => Promise.resolve(view.repository) };
  assert.equal(await rerunAsked(ports, view, { kind: 'all' }, null, { who: 'github:9 bob', from: 'page' }), ++last);
  assert.deepEqual(outcomes(await world.ended(last)), ['api/test-api passed', 'docs/build-docs skipped']);
});

test('where nobody can tell what has changed everything runs, and the checks say so', async () => {
  const { sha } = await world.push(config, { ref: 'refs/tags/v1' });
  const tag = config.replaceAll('jobs: [test-api]', 'jobs: [{test-api: {filters: {tags: {only: /.*/}}}}]');
  assert.equal((await world.ended(++last)).outcome, 'skipped', 'no job is for tags');
  const view = await pushed(first, '6'.repeat(40), [], { ref: 'refs/tags/v2' }, tag);
  assert.deepEqual(outcomes(view), ['api/test-api passed']);
  assert.deepEqual(checksOf(sha), []);
  const summary = [...world.forge.checks.values()].find((check) => check.sha === '6'.repeat(40))!.output!.summary;
  assert.equal(summary.match(/which paths have changed is not known: a tag is compared with nothing/g)?.length, 1, summary);
});
