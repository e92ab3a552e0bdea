// Which jobs get which secrets, contexts, variables, keys and repositories, and what do the others hear?

import { after, before, suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { noRestrictions, type Restrictions } from '../../../activities/control/contexts.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { describeSshKey } from '../../../activities/ssh-key.ts';
import { generateKey } from '../../../activities/key-file.ts';
import { ada, jobKey, keepingWorld, ownerId, recordOf, shop, type KeepingWorld } from './keeping-world.ts';

let world: KeepingWorld;
before(async () => {
  world = await keepingWorld();
});
after(() => world.close());

const config = ({ job = '', steps = '[run: {command: x, secrets: [TOKEN]}]', invocation = '{}' }: { job?: string; steps?: string; invocation?: string }): string => `version: 2.1
jobs:
  build:
    docker: [{image: debian}]
    ${job}
    steps: ${steps}
workflows: {ci: {jobs: [build: ${invocation}]}}
`;

const slice = { ...jobKey, slice: 0 };

suite('committed secrets', () => {
  test('the job that names one gets its value, and the audit log says so without it', async () => {
    const record = recordOf(config({ job: 'secrets: [OTHER]' }), { secretFiles: { TOKEN: await world.encrypt('TOKEN', 'value-of-token'), OTHER: await world.encrypt('OTHER', 'value-of-other') } });
    assert.equal(await world.values.refusal(record, jobKey), null);
    assert.deepEqual(await world.values.values(record, slice), { variables: {}, secrets: { TOKEN: 'value-of-token', OTHER: 'value-of-other' }, sshKeys: [] });
    const { action, details, repositoryId, personId } = world.audit.events.at(-1)!;
    assert.deepEqual([action, repositoryId, personId, details!['secrets']], ['key.used', shop.id, ada.id, ['OTHER', 'TOKEN']]);
    assert.doesNotMatch(JSON.stringify(world.audit.events), /value-of/);
  });

  test('one that cannot be used fails the job before it starts, with a sentence', async (t) => {
    const other = { ...shop, id: 99, name: 'other' };
    const file = (change: object) => world.encrypt('TOKEN', 'v', change);
    const cases: [string, Record<string, string>, object, RegExp][] = [
      ['missing', {}, {}, /secret TOKEN is missing: there is no \.circle\/secrets\/TOKEN\.asc at this commit\. .*roundhouse secrets set TOKEN/],
      ['of another repository', { TOKEN: await world.encrypt('TOKEN', 'v', {}, other) }, {}, /made for another repository/],
      ['for this key, of another repository', { TOKEN: await file({ repo_id: other.id }) }, {}, /made for another repository/],
      ['expired', { TOKEN: await file({ created: '2020-01-01', expires: '2020-02-01' }) }, {}, /expired: it was valid until 2020-02-01/],
      ['for another branch', { TOKEN: await file({ refs: ['release/*'] }) }, {}, /is for release\/\*; this is refs\/heads\/main/],
      ['for more trust', { TOKEN: await file({ min_trust: 'T2' }) }, { trust: 'T1', ref: 'refs/heads/topic' }, /is for T2/],
      ['renamed', { TOKEN: await world.encrypt('OTHER', 'v') }, {}, /it was renamed/],
      ['no message', { TOKEN: 'plain text' }, {}, /secret TOKEN/],
    ];
    for (const [title, secretFiles, change, sentence] of cases)
      await t.test(title, async () => {
        const refusal = await world.values.refusal(recordOf(config({}), { secretFiles, ...change }), jobKey);
        assert.equal(refusal?.outcome, 'failed');
        assert.match(refusal.reason, sentence);
        assert.deepEqual(await world.values.values(recordOf(config({}), { secretFiles, ...change }), slice), refusal, 'and it is not handed out either');
      });
  });

  // Seen to fail when refusalOfFork answers null: the vault is asked then.
  test('check 15: a fork’s job that names a secret, context, key or repository fails with a sentence, and the vault is not asked', async (t) => {
    const secretFiles = { TOKEN: await world.encrypt('TOKEN', 'v') };
    await world.contexts.set(ownerId, 'open', 'A', 'b', 'test');
    await world.project.setVariable(shop.id, 'PLAIN', 'value', 'test');
    const before = world.uses();
    const cases: [string, string, RegExp][] = [
      ['secret of a step', config({}), /secret TOKEN is not for pull requests of forks/],
      ['secret of a job', config({ job: 'secrets: [TOKEN]', steps: '[run: x]' }), /secret TOKEN is not for pull requests of forks/],
      ['context', config({ steps: '[run: x]', invocation: '{context: open}' }), /context open is not for pull requests of forks/],
      ['ssh keys', config({ steps: '[add_ssh_keys]' }), /add_ssh_keys is not for pull requests of forks/],
      ['repositories', config({ steps: '[checkout: {repositories: [acme/lib]}]' }), /repositories of a checkout are not for pull requests of forks/],
    ];
    for (const [title, text, sentence] of cases)
      await t.test(title, async () => {
        const record = recordOf(text, { trust: 'T0', ref: 'refs/pull/1/head', secretFiles });
        assert.match((await world.values.refusal(record, jobKey))!.reason, sentence);
        const values = await world.values.values(record, slice);
        assert.ok('outcome' in values, 'nothing is handed out');
      });
    await t.test('a job that names nothing gets nothing: no variables either', async () => {
      const record = recordOf(config({ steps: '[run: x]' }), { trust: 'T0', ref: 'refs/pull/1/head' });
      assert.equal(await world.values.refusal(record, jobKey), null);
      assert.deepEqual(await world.values.values(record, slice), { variables: {}, secrets: {}, sshKeys: [] });
    });
    assert.equal(world.uses(), before, 'the vault was asked');
    await world.project.unsetVariable(shop.id, 'PLAIN');
  });
});

suite('contexts', () => {
  const restrict = (restrictions: Partial<Restrictions>) => world.contexts.restrict(ownerId, 'deploy', { ...noRestrictions, ...restrictions }, 'test');
  const refusalOn = async (change: Parameters<typeof recordOf>[1] = {}) => world.values.refusal(recordOf(config({ steps: '[run: x]', invocation: '{context: deploy}' }), change), jobKey);

  test('the later of two that set one variable wins, and both win over the project', async () => {
    await world.project.setVariable(shop.id, 'WHERE', 'project', 'test');
    await world.project.setVariable(shop.id, 'ALONE', 'alone', 'test');
    await world.contexts.set(ownerId, 'one', 'WHERE', 'one', 'test');
    await world.contexts.set(ownerId, 'two', 'WHERE', 'two', 'test');
    await world.contexts.set(ownerId, 'one', 'ONE', '1', 'test');
    const record = recordOf(config({ steps: '[run: x]', invocation: '{context: [one, two]}' }));
    assert.deepEqual(await world.values.values(record, slice), { variables: { WHERE: 'two', ALONE: 'alone', ONE: '1' }, secrets: {}, sshKeys: [] });
  });

  test('a restriction that does not hold is told with the context and the rule', async (t) => {
    await world.contexts.set(ownerId, 'deploy', 'KEY', 'v', 'test');
    const main = {};
    const topic = { trust: 'T1', ref: 'refs/heads/topic' } as const;
    const cases: [string, Partial<Restrictions>, Parameters<typeof recordOf>[1], RegExp | null][] = [
      ['none', {}, topic, null],
      ['repository, of it', { repositories: [{ id: shop.id, fullName: 'acme/shop' }] }, main, null],
      ['repository, of another', { repositories: [{ id: 5, fullName: 'acme/infra' }] }, main, /^context deploy is for acme\/infra, and this is acme\/shop$/],
      ['trust, T2', { minTrust: 'T2' }, main, null],
      ['trust, T1', { minTrust: 'T2' }, topic, /^context deploy is for the default branch and protected refs \(T2\), and this is T1$/],
      ['expression that holds', { expression: 'pipeline.git.branch == "main"' }, main, null],
      ['expression that does not', { expression: 'pipeline.git.branch == "main"' }, topic, /^context deploy is for pipelines where pipeline\.git\.branch == "main", which does not hold here$/],
      ['expression that cannot be judged', { expression: 'pipeline.git.branch ==' }, main, /which does not hold here \(/],
      ['team, of it', { teams: ['ops'] }, main, null],
      ['team, of none', { teams: ['leads', 'board'] }, main, /^context deploy is for the teams leads and board of acme, and ada is in none of them$/],
      ['team that may not be looked up', { teams: ['hidden'] }, main, /^context deploy is for the team hidden of acme, and who is in it cannot be looked up: GitHub does not let the App read the teams of acme\.$/],
      ['all must hold', { teams: ['ops'], minTrust: 'T2' }, topic, /T2/],
    ];
    world.members.add('ops ada');
    for (const [title, restrictions, change, sentence] of cases)
      await t.test(title, async () => {
        await restrict(restrictions);
        const refusal = await refusalOn(change);
        if (sentence === null) return assert.equal(refusal, null);
        assert.equal(refusal?.outcome, 'unauthorized');
        assert.match(refusal.reason, sentence);
      });
  });

  test('while GitHub is away nobody is refused for it: it is asked again', async () => {
    await restrict({ teams: ['away'] });
    await assert.rejects(refusalOn(), ForgeUnavailable);
  });

  test('one that is not there is no permission', async () => {
    const refusal = await world.values.refusal(recordOf(config({ steps: '[run: x]', invocation: '{context: nowhere}' })), jobKey);
    assert.deepEqual([refusal?.outcome, /there is no context nowhere in acme/.test(refusal!.reason)], ['unauthorized', true]);
  });

  test('one that is removed is gone with its variables', async () => {
    await world.contexts.set(ownerId, 'gone', 'A', 'x', 'test');
    assert.equal(await world.contexts.remove(ownerId, 'gone'), true);
    assert.deepEqual([await world.contexts.variables(ownerId, 'gone'), await world.contexts.values(ownerId, 'gone'), await world.contexts.remove(ownerId, 'gone')], [[], {}, false]);
  });
});

suite('ssh keys and further repositories', () => {
  test('the keys that a step names, or all of them; one that is not there fails the job', async () => {
    const [one, two] = [generateKey(), generateKey()];
    const add = async (key: typeof one, host: string | null): Promise<string> => {
      const described = describeSshKey(key.privateKey);
      assert.ok('fingerprint' in described);
      await world.project.addSshKey(shop.id, { ...described, host, changedBy: 'test' }, key.privateKey);
      return described.fingerprint;
    };
    const [first] = [await add(one, 'deploy.example.org'), await add(two, null)];
    const keysOf = async (steps: string) => {
      const values = await world.values.values(recordOf(config({ steps })), slice);
      assert.ok('sshKeys' in values, JSON.stringify(values));
      return values.sshKeys.map(({ host, privateKey }) => [host, privateKey]).sort();
    };
    assert.deepEqual(await keysOf(`[add_ssh_keys: {fingerprints: ["${first}"]}]`), [['deploy.example.org', one.privateKey]]);
    assert.equal((await keysOf('[add_ssh_keys]')).length, 2);
    const refusal = await world.values.refusal(recordOf(config({ steps: '[add_ssh_keys: {fingerprints: ["SHA256:nowhere"]}]' })), jobKey);
    assert.match(refusal!.reason, /SHA256:nowhere is not among the ssh keys of this repository; add it: roundhouse ssh-keys add acme\/shop/);
  });

  test('a further repository is for those who may read it', async () => {
    const record = recordOf(config({ steps: '[checkout: {repositories: [acme/lib]}]' }));
    assert.match((await world.values.refusal(record, jobKey))!.reason, /acme\/lib/);
    world.readable.add('acme/lib');
    assert.equal(await world.values.refusal(record, jobKey), null);
  });
});
