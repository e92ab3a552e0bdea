// What becomes of a push whose config uses orbs: through a real Temporal server and a real agent, with a registry on this machine.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orbRegistry } from '../../activities/adapters/orb-registry.ts';
import type { PipelineRecord } from '../../activities/control/activities.ts';
import { getJson } from '../../activities/object-store.ts';
import { planKey } from '../../config-schema/address.ts';
import type { Plan, RunStep } from '../../config-schema/plan.ts';
import { startOrbRegistry, type OrbRegistryServer } from '../fakes/orb-registry.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let registry: OrbRegistryServer;
let folder: string;
let last = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  registry = await startOrbRegistry(folder);
  world = await startWorld();
  world.registry.link = orbRegistry(registry.graphql);
  await world.startBuilder('b1');
  world.forge.files.set('.circle/orbs/acme/local/1.0.0.yml', command('the repository'));
  await publish('acme/tools', '1.0.0', command('the registry'));
});
after(async () => {
  await world.stop();
  await registry.close();
  await rm(folder, { recursive: true });
});

const command = (says: string): string => `version: 2.1\ncommands:\n  say: {steps: [{run: {name: Say, command: "test -n '${says}'"}}]}\n`;
async function publish(orb: string, version: string, text: string): Promise<void> {
  await mkdir(join(folder, orb), { recursive: true });
  await writeFile(join(folder, orb, `${version}.yml`), text);
}
const config = (tools: string): string => `version: 2.1
orbs: {local: acme/local@1, tools: ${tools}}
jobs:
  build: {docker: [{image: "debian:bookworm"}], working_directory: /tmp, steps: [local/say, tools/say]}
workflows: {ci: {jobs: [build]}}
`;
async function planOf(number: number): Promise<Plan> {
  const record = await getJson<PipelineRecord>(world.store, planKey(7, number));
  assert.ok(record);
  return record.plan;
}
const commandsOf = (plan: Plan): string[] => plan.jobs['build']!.steps.map((step) => (step as RunStep).command);
const used = (plan: Plan): string[] => plan.orbs.map(({ reference, version, origin }) => `${reference} ${version} ${origin}`);

test('a push runs what an orb of its repository and one of the registry say, and the plan names both with their hashes', async () => {
  await world.push(config('acme/tools@1'));
  assert.equal((await world.ended(++last)).outcome, 'passed');
  const plan = await planOf(last);
  assert.deepEqual(commandsOf(plan), ["test -n 'the repository'", "test -n 'the registry'"]);
  assert.deepEqual(used(plan), ['acme/local@1 1.0.0 .circle/orbs', `acme/tools@1 1.0.0 the registry ${registry.graphql}`]);
  for (const { sha256 } of plan.orbs) assert.match(sha256, /^[0-9a-f]{64}$/);
});

test('a rerun of the commit compiles the same orbs, although a newer one is out; a push does not', async () => {
  const pushed = await world.push(config('acme/tools@1'));
  await world.ended(++last);
  await publish('acme/tools', '1.1.0', command('a newer one'));
  await world.push(config('acme/tools@1'), { event: 'rerun', sha: pushed.sha });
  await world.ended(++last);
  assert.deepEqual(await planOf(last), await planOf(last - 1));
  await world.push(config('acme/tools@1'));
  await world.ended(++last);
  assert.equal(commandsOf(await planOf(last))[1], "test -n 'a newer one'");
});

test('an orb that is nowhere fails the config at its line, with where it was looked for', async () => {
  const { sha } = await world.push(config('acme/tools@99.99.99'));
  assert.equal((await world.ended(++last)).outcome, 'failed');
  const [check] = [...world.forge.checks.values()].filter((each) => each.sha === sha);
  const [annotation] = check!.output!.annotations!;
  assert.equal(annotation!.startLine, 2);
  assert.match(annotation!.message, /Cannot find acme\/tools@99\.99\.99 in the orb registry\. Check that the namespace, orb name and version are correct\. Looked in: \.circle\/orbs, the registry .*\.circle\/orbs\/acme\/tools\/VERSION\.yml/);
});

test('while the registry is away a new orb waits for it; one that is known does not, and the check says so', async () => {
  registry.behave('down');
  const { sha } = await world.push(config('acme/tools@1'));
  assert.equal((await world.ended(++last)).outcome, 'passed');
  const [check] = [...world.forge.checks.values()].filter((each) => each.sha === sha);
  assert.match(check!.output!.summary, /does not answer \(status 503\); its last answer was used, 1\.1\.0\./);
  await publish('acme/late', '1.0.0', command('late'));
  const before = registry.calls();
  await world.push(config('acme/late@1'));
  await world.until('it was asked', () => Promise.resolve(registry.calls() > before), 10_000);
  registry.behave('well');
  assert.equal((await world.ended(++last)).outcome, 'passed');
});
