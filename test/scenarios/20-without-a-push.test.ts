// Pipelines that no push starts: by the clock, and by the command line. No sandbox is needed: jobs do nothing.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import type { BuildLine } from '../../config-schema/view.ts';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance({ builders: [] });
});
after(() => instance.stop());

const config = `version: 2.1
parameters: {deep: {type: boolean, default: false}}
jobs: {build: {type: no-op}, scan: {type: no-op}}
workflows:
  ci: {jobs: [build]}
  deep: {when: << pipeline.parameters.deep >>, jobs: [scan]}
`;
const everyMinute = `  minutely:
    triggers: [{schedule: {cron: "* * * * *", filters: {branches: {only: main}}}}]
    jobs: [scan]
`;
const ended = async (what: string, is: (line: BuildLine) => boolean): Promise<BuildLine> =>
  instance.until(
    what,
    async () => {
      const { stdout } = await instance.roundhouse('builds', instance.repository, '--json');
      const lines = stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as BuildLine);
      return lines.find((line) => line.state === 'ended' && is(line));
    },
    120_000,
  );
const schedules = async (): Promise<string> => (await instance.roundhouse('schedules', 'list', instance.repository)).stdout;

test('a pipeline is asked for with parameters, and runs what the branch holds', async () => {
  const sha = await instance.push({ '.circle.yml': config + everyMinute });
  await ended('the push', ({ event }) => event === 'push');
  const asked = await instance.roundhouse('trigger', instance.repository, '--param', 'deep=true');
  const [, number] = /^acme\/shop#(\d+)\n$/.exec(asked.stdout) ?? assert.fail(JSON.stringify(asked));
  const line = await ended('the one that was asked for', (each) => each.number === Number(number));
  assert.deepEqual([line.event, line.outcome, line.sha, line.jobs], ['api', 'passed', sha, { total: 2, ended: 2, failed: 0 }]);
  assert.equal((await instance.check(sha, 'scan')).conclusion, 'success');
});

test('what cannot be started is refused with a sentence', async () => {
  for (const [args, sentence] of [
    [['trigger', 'acme/none'], /there is no acme\/none on which the GitHub App is installed/],
    [['trigger', 'acme/shop', '--tag', 'v1'], /acme\/shop has no tag v1/],
    [['schedules', 'add', 'acme/shop', '--name', 'x', '--cron', '@daily'], /"@daily" is no schedule: it has 1 fields instead of five/],
    [['schedules', 'remove', 'acme/shop', '--name', 'x'], /acme\/shop has no schedule x that somebody arranged here/],
  ] as const) {
    const { code, stderr } = await instance.roundhouse(...args);
    assert.equal(code, 2);
    assert.match(stderr, sentence);
  }
  assert.equal((await fetch(`${instance.url}/hooks/acme/shop?token=x`, { method: 'POST' })).status, 401);
});

test('a schedule that somebody arranges is there until it is removed, also over a restart', async () => {
  assert.match((await instance.roundhouse('schedules', 'add', 'acme/shop', '--name', 'weekly', '--cron', '0 4 * * mon', '--param', 'deep=true')).stderr, /weekly runs main of acme\/shop at 0 4 \* \* mon \(UTC\)\./);
  await instance.started.at(-1)!.kill('SIGTERM');
  await instance.startApp();
  assert.match(await schedules(), /^weekly +main +0 4 \* \* mon +next \d{4}-\d\d-\d\d 04:00 +deep=true$/m);
  assert.equal((await instance.roundhouse('schedules', 'remove', 'acme/shop', '--name', 'weekly')).code, 0);
  assert.doesNotMatch(await schedules(), /weekly/);
  const { stdout } = await instance.roundhouse('audit', 'show', '--json');
  assert.deepEqual(['pipeline.triggered', 'schedule.added', 'schedule.removed'].filter((action) => !stdout.includes(`"${action}"`)), []);
});

// Last: its time comes while the others are told.
test('a schedule of the config starts its workflow when its time has come, and ends with the config', async () => {
  assert.match(await schedules(), /^workflow minutely \(config\) +main +\* \* \* \* \* +next \d{4}-/);
  const line = await ended('the scheduled one', ({ event }) => event === 'schedule');
  assert.deepEqual([line.schedule, line.outcome, line.jobs], ['minutely', 'passed', { total: 1, ended: 1, failed: 0 }]);
  const sha = await instance.push({ '.circle.yml': config });
  await ended('the next push', (each) => each.sha === sha);
  assert.equal(await schedules(), '');
});
