// What does an operator hear who starts a pipeline, or arranges one by the clock?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { Refused, type Operation } from '../../../app/control/operation.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { scheduleOperations } from '../../../app/control/schedule-operations.ts';
import { triggerOperations } from '../../../app/control/trigger-operations.ts';
import { headAsked } from '../../../app/trigger.ts';
import { mostSchedules } from '../../../config-schema/schedule.ts';
import type { Repository } from '../../../config-schema/trigger.ts';
import { memoryAudit } from '../../fakes/audit.ts';
import { memorySchedules } from '../../fakes/schedules.ts';

const asker = { who: 'operator root', from: 'command line at ci' };
const shop: Repository = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'trunk', installationId: 1 };
const unfollowed: Repository = { ...shop, id: 8, name: 'old' };
const lookups = {
  findRepository: (owner: string, name: string) => Promise.resolve([shop, unfollowed].find((one) => one.owner === owner && one.name === name) ?? null),
  isBuilt: (id: number) => Promise.resolve(id === shop.id),
  headOf: (_repository: Repository, ref: string) => Promise.resolve(['refs/heads/trunk', 'refs/tags/v1'].includes(ref) ? 'a'.repeat(40) : null),
};
const refused = (sentence: RegExp) => (error: unknown) => error instanceof Refused && (sentence.test(error.message) || assert.fail(error.message));
const run = (known: Record<string, Operation>, name: string, input: object): Promise<unknown> => runOperation(known[name]!, input, asker);

suite('a pipeline that is asked for', () => {
  test('is that of the default branch, unless a branch or tag is named', async () => {
    assert.deepEqual(await headAsked(lookups, { repository: 'acme/shop' }), { repository: shop, ref: 'refs/heads/trunk', sha: 'a'.repeat(40) });
    assert.equal((await headAsked(lookups, { repository: 'acme/shop', tag: 'v1' })).ref, 'refs/tags/v1');
  });
  for (const [what, asked, sentence] of [
    ['a repository without the App', { repository: 'acme/none' }, /^there is no acme\/none on which the GitHub App is installed\. Correct the name, or install the App there\.$/],
    ['one that nobody follows', { repository: 'acme/old' }, /acme\/old is not followed.*roundhouse follow acme\/old/],
    ['no such branch', { repository: 'acme/shop', branch: 'main' }, /^acme\/shop has no branch main\. Correct the name, or push it first\.$/],
    ['no such tag', { repository: 'acme/shop', tag: 'trunk' }, /^acme\/shop has no tag trunk\./],
    ['both', { repository: 'acme/shop', branch: 'trunk', tag: 'v1' }, /Name one\.$/],
  ] as const)
    test(`is refused: ${what}`, () => assert.rejects(headAsked(lookups, asked), refused(sentence)));

  const asked: unknown[] = [];
  const known = triggerOperations({ trigger: (...given) => Promise.resolve((asked.push(given), 12)) });
  test('has the parameters that were given, and a sender that is nobody on GitHub', async () => {
    assert.deepEqual(await run(known, 'pipelines.trigger', { repository: 'acme/shop', branch: 'trunk', parameters: { deep: true, level: 3, word: 'x' } }), { number: 12 });
    assert.deepEqual(asked, [[{ repository: 'acme/shop', branch: 'trunk', parameters: { deep: true, level: 3, word: 'x' } }, { event: 'api', by: { id: 0, login: 'roundhouse[operator]' } }, asker]]);
  });
  for (const [what, parameters, sentence] of [
    ['a list', { deep: [1] }, /^parameters\.deep: is a text of at most 512 characters, a whole number, true or false$/],
    ['a fraction', { deep: 1.5 }, /^parameters\.deep: is a text/],
    ['a long text', { deep: 'x'.repeat(513) }, /^parameters\.deep: is a text of at most 512/],
    ['too many', Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`p${n}`, true])), /^parameters: at most 100 can be given/],
  ] as const)
    test(`cannot have as a parameter: ${what}`, () => assert.rejects(run(known, 'pipelines.trigger', { repository: 'acme/shop', parameters }), refused(sentence)));
});

suite('a schedule that somebody arranges', () => {
  const arranged = () => {
    const [schedules, audit] = [memorySchedules(), memoryAudit()];
    const known = scheduleOperations({ ...lookups, schedules, audit });
    const add = (change: object = {}): Promise<unknown> => run(known, 'schedules.add', { repository: 'acme/shop', name: 'weekly', cron: '0 4 * * 1', parameters: { deep: true }, ...change });
    return { schedules, audit, known, add };
  };

  test('is listed beside those of the config, and ends when it is removed', async () => {
    const { schedules, audit, known, add } = arranged();
    await schedules.put({ kind: 'config', repositoryId: 7, branch: 'trunk', number: 3, workflows: [{ workflow: 'nightly', cron: '0 0 * * *' }] });
    assert.deepEqual(await add(), { branch: 'trunk' });
    const next = '2036-01-01T00:00:00.000Z';
    assert.deepEqual(await run(known, 'schedules.list', { repository: 'acme/shop' }), {
      schedules: [
        { name: 'weekly', workflow: null, branch: 'trunk', cron: '0 4 * * 1', parameters: { deep: true }, by: 'operator root', next },
        { name: null, workflow: 'nightly', branch: 'trunk', cron: '0 0 * * *', parameters: {}, by: null, next },
      ],
    });
    await run(known, 'schedules.remove', { repository: 'acme/shop', name: 'weekly' });
    assert.equal(await schedules.count(7), 1);
    assert.deepEqual(audit.events.map(({ action, subject, details }) => [action, subject, details]), [
      ['schedule.added', 'repository acme/shop', { name: 'weekly', cron: '0 4 * * 1', branch: 'trunk', parameters: ['deep'] }],
      ['schedule.removed', 'repository acme/shop', { name: 'weekly' }],
    ]);
  });

  for (const [what, change, sentence] of [
    ['no cron', { cron: 'daily' }, /^"daily" is no schedule: it has 1 fields instead of five/],
    ['no such branch', { branch: 'main' }, /has no branch main/],
    ['an empty name', { name: '' }, /^name: a schedule has a name of 1 to 100 letters$/],
    ['a name that moves the cursor', { name: 'a\u001b[1m' }, /^name: a schedule has a name/],
  ] as const)
    test(`is refused: ${what}`, () => assert.rejects(arranged().add(change), refused(sentence)));

  test('is refused when its name is taken, or there are too many', async () => {
    const { schedules, add } = arranged();
    await add();
    await assert.rejects(add({ cron: '0 5 * * *' }), refused(/has a schedule weekly already\. Remove it first/));
    for (let n = 1; n < mostSchedules; n++) await schedules.put({ kind: 'named', repositoryId: 7, name: `n${n}`, branch: 'trunk', cron: '0 0 * * *', parameters: {}, by: 'x' });
    await assert.rejects(add({ name: 'more' }), refused(/has 50 schedules, which is the most/));
  });

  test('cannot be removed when nobody arranged it', () => assert.rejects(run(arranged().known, 'schedules.remove', { repository: 'acme/shop', name: 'nightly' }), refused(/has no schedule nightly that somebody arranged here/)));
});
