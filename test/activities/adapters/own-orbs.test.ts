import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ownOrbs } from '../../../activities/adapters/own-orbs.ts';
import { loadOrbs, orbSource, resolveFrom, type OrbLink } from '../../../activities/control/orbs.ts';
import { compileConfig, orbReferences } from '../../../config-schema/compile.ts';
import type { Plan } from '../../../config-schema/plan.ts';

const vendored = (reference: string, text: string): OrbLink => ({ name: '.circle/orbs', find: (asked) => Promise.resolve(asked.text === reference ? orbSource('1.0.0', text, '.circle/orbs') : null) });

async function compile(orb: string, jobs: string, links: OrbLink[] = [ownOrbs]): Promise<Plan | string> {
  const text = `version: 2.1\nsetup: true\norbs: {o: ${orb}}\n${jobs}`;
  const orbs = await loadOrbs(text, { path: 'x' }, orbReferences, resolveFrom(links));
  const compiled = compileConfig(text, { path: 'x', orbs });
  return 'errors' in compiled ? compiled.errors.map(({ message }) => message).join('\n') : compiled.plan;
}
const planOf = async (...args: Parameters<typeof compile>): Promise<Plan> => {
  const plan = await compile(...args);
  if (typeof plan === 'string') assert.fail(plan);
  return plan;
};
const filter = 'workflows: {ci: {jobs: [o/filter: {base-revision: main, mapping: "a/.* b true", config-path: next.yml, tag: "3.12", resource_class: medium, workspace_path: /tmp/w}]}}\n';
const continues = 'jobs: {go: {docker: [{image: x}], steps: [checkout, o/continue: {configuration_path: next.yml, parameters: p.json, when: always}, o/finish]}}\nworkflows: {ci: {jobs: [go, o/continue: {configuration_path: next.yml, parameters: "{}", executor: {name: o/default, tag: stable}, checkout: false, circleci_ip_ranges: true}]}}\n';

suite('our own orbs stand in for those of the registry', () => {
  for (const [orb, jobs] of [
    ...['0.0.2', '0.1', '1.3.0', '2', '3.0.0', 'volatile'].map((version) => [`circleci/path-filtering@${version}`, filter]),
    ...['0.2.0', '1', '2.0.1', 'volatile'].map((version) => [`circleci/continuation@${version}`, continues]),
  ] as [string, string][])
    test(orb, async () => {
      const plan = await planOf(orb, jobs);
      assert.deepEqual(plan.orbs.map(({ reference, version, origin }) => [reference, version, origin]), [[orb, orb.split('@')[1], 'Roundhouse, in place of the one in the registry']]);
      assert.deepEqual(plan.warnings, []);
    });

  for (const orb of ['circleci/path-filtering@4.0.0', 'circleci/continuation@3', 'circleci/path-filtering@dev:alpha', 'circleci/node@5'])
    test(`${orb} is another's`, async () => assert.match(String(await compile(orb, filter)), /Cannot find circleci\/.* in the orb registry\./));
});

test('the arguments reach the commands as variables, never as text of them', async () => {
  const { jobs } = await planOf('circleci/path-filtering@2', `executors: {mine: {docker: [{image: "y:1"}]}}\n${filter.replace('tag: "3.12"', 'executor: mine, checkout: true, checkout_method: blobless, same-base-run: false, circleci_ip_ranges: true, exclude: x, parameter_for_files_changed: f')}`);
  const job = jobs['o/filter']!;
  assert.deepEqual([job.executor.kind === 'docker' && job.executor.image, job.resourceClass, job.steps.map(({ kind }) => kind)], ['y:1', 'medium', ['checkout', 'attach_workspace', 'run', 'run', 'run']]);
  const commands = job.steps.flatMap((step) => (step.kind === 'run' ? [step] : []));
  assert.deepEqual([commands[0]!.environment['RH_MAPPING'], commands[0]!.environment['RH_CONFIG'], commands[0]!.environment['RH_SAME_BASE']], ['a/.* b true', 'next.yml', 'false']);
  for (const { command } of commands) assert.doesNotMatch(command, /next\.yml|a\/\.\*/);
});

test('to see what it would go on with, the pipeline does not go on', async () => {
  const { jobs } = await planOf('circleci/path-filtering@2', filter.replace('tag: "3.12"', 'debug: true, checkout: false'));
  assert.deepEqual(jobs['o/filter']!.steps.map(({ kind, name }) => [kind, name]), [['attach_workspace', 'Attaching workspace'], ['run', 'Set parameters'], ['run', 'Generate the config']]);
});

test('a vendored file says otherwise', async () => {
  const text = 'version: 2.1\njobs: {filter: {docker: [{image: y}], parameters: {base-revision: {type: string}}, steps: [run: vendored]}}\n';
  const plan = await planOf('circleci/path-filtering@1', 'workflows: {ci: {jobs: [o/filter: {base-revision: main}]}}\n', [vendored('circleci/path-filtering@1', text), ownOrbs]);
  assert.equal(plan.orbs[0]!.origin, '.circle/orbs');
});
