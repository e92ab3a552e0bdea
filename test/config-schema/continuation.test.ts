import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { compileConfig } from '../../config-schema/compile.ts';
import { conflicting, continuedPlan, faultOfContinuation, mostContinuationBytes } from '../../config-schema/continuation.ts';
import { graphOf, type Plan } from '../../config-schema/plan.ts';

function planOf(text: string): Plan {
  const compiled = compileConfig(`version: 2.1\n${text}`, { path: '.circle.yml' });
  if ('errors' in compiled) assert.fail(compiled.errors.map(({ message }) => message).join('\n'));
  return compiled.plan;
}
const job = (command: string): string => `{docker: [{image: x}], steps: [run: ${command}]}`;
/** `WORKFLOW/JOB COMMAND` of each job of a graph. */
const runs = ({ workflows, jobs }: Pick<Plan, 'workflows' | 'jobs'>): string[] =>
  workflows.flatMap((workflow) => workflow.jobs.map(({ name, job: key }) => `${workflow.name}/${name} ${jobs[key]?.steps.map((step) => (step.kind === 'run' ? step.command : step.kind)).join() ?? '-'}`));

test('the plan of both configs keeps what the setup config has, and renames of the continuation what it has taken', () => {
  const setup = planOf(`setup: true\njobs: {choose: ${job('first')}, build: ${job('second')}}\nworkflows: {ci: {jobs: [choose, build]}}\n`);
  const continuation = planOf(`jobs: {choose: ${job('third')}, test: ${job('fourth')}, gate: {type: no-op}}\nworkflows: {ci: {jobs: [choose, test: {requires: [choose]}, gate]}, ci-2: {jobs: [choose]}}\n`);
  const { plan, added } = continuedPlan(setup, continuation);
  assert.deepEqual(runs(plan), ['ci/choose first', 'ci/build second', 'ci-3/choose third', 'ci-3/test fourth', 'ci-3/gate -', 'ci-2/choose third']);
  assert.equal(plan.setup, true);
  assert.deepEqual(added.workflows.map(({ name }) => name), ['ci-3', 'ci-2']);
  assert.deepEqual(added.workflows[0]!.jobs[1]!.requires, [{ job: 'choose', statuses: ['success'] }]);
  assert.deepEqual(graphOf(added).workflows.map(({ name, jobs }) => [name, jobs.length]), [['ci-3', 3], ['ci-2', 1]]);
});

test('a workflow of which filters leave nothing has its name all the same', () => {
  const jobs = `jobs: {a: ${job('x')}}\n`;
  const only = (branch: string): string => `[a: {filters: {branches: {only: ${branch}}}}]`;
  const setup = planOf(`setup: true\n${jobs}workflows: {off: {jobs: ${only('other')}}, ci: {jobs: [a]}}\n`);
  const continuation = planOf(`${jobs}workflows: {off: {jobs: ${only('main')}}, ci: {jobs: ${only('other')}}}\n`);
  const { plan, added } = continuedPlan(setup, continuation);
  assert.deepEqual(runs(plan), ['ci/a x', 'off-2/a x']);
  assert.deepEqual(plan.filtered!.map(({ workflow }) => workflow), ['off', 'ci-2']);
  assert.deepEqual(graphOf(added).workflows.map(({ name }) => name), ['off-2', 'ci-2']);
});

test('a parameter that the trigger has given conflicts, whatever its value', () => {
  assert.deepEqual(conflicting({ a: 1, b: true }, { b: true, c: 'x' }), ['b']);
  assert.deepEqual(conflicting({}, { constructor: 'x' }), []);
});

suite('what a sandbox hands in is judged before it is used', () => {
  const good = { path: 'a.yml', configuration: 'version: 2.1', parameters: { a: 1, b: 'x', c: false } };
  const rows: [what: string, value: unknown, fault: string | null][] = [
    ['a continuation', good, null],
    ['one that ends the pipeline', { ...good, configuration: null }, null],
    ['a text', 'version: 2.1', 'it is not a continuation'],
    ['nothing', null, 'it is not a continuation'],
    ['no path', { ...good, path: undefined }, 'it does not say where its config lies'],
    ['a config that is a map', { ...good, configuration: {} }, 'its config is not a text'],
    ['a config that is too large', { ...good, configuration: '#'.repeat(mostContinuationBytes) }, 'it is larger than 3 MB'],
    ['a list of parameters', { ...good, parameters: [] }, 'its parameters are not a JSON object, {"name": value}'],
    ['a parameter that is a map', { ...good, parameters: { a: {} } }, 'its parameter a is not a text, a number, true or false'],
    ['a parameter that is empty', { ...good, parameters: { a: null } }, 'its parameter a is not a text, a number, true or false'],
  ];
  for (const [what, value, fault] of rows) test(what, () => assert.equal(faultOfContinuation(value), fault));
});
