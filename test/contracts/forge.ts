// What must every Forge do? Run against GitHub's adapter on the local GitHub, and against the folder of `roundhouse run`.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { CheckRun, Forge, Reported } from '../../activities/control/forge.ts';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';

const run = promisify(execFile);

export type ForgeSubject = {
  repository: Repository;
  /** Commits the files on the default branch and makes it known to the forge; null removes a file. */
  commit(files: Record<string, string | Buffer | null>, message?: string): Promise<Trigger>;
  /** The forge as it is asked about this commit. */
  forge(sha: string): Forge;
  /** What stands on the commit, each run once. */
  checks(sha: string): { id: number | string; externalId: string; name: string; status: string; conclusion: string | null; title: string | null; summary: string | null; annotations: number }[];
  close(): Promise<void>;
};

export function forgeContract(name: string, open: () => Promise<ForgeSubject>): void {
  test(`${name} keeps the contract of Forge`, async (t) => {
    const subject = await open();
    const scratch = await mkdtemp(join(tmpdir(), 'forge-contract-'));
    t.after(async () => {
      await subject.close();
      await rm(scratch, { recursive: true });
    });
    const { repository } = subject;
    const paths = ['.circle.yml', '.circleci/config.yml'];
    const load = (trigger: Trigger, wanted: readonly string[] = paths) => subject.forge(trigger.sha).load(trigger, wanted);

    const old = await subject.commit({ '.circleci/config.yml': 'old: ü\n', 'README.md': 'x' }, 'First things\n\nand more');
    const both = await subject.commit({ '.circle.yml': 'new: 1\n' }, 'Both');
    const none = await subject.commit({ '.circle.yml': null, '.circleci/config.yml': null }, 'None');

    await t.test('the config is the first that exists, at the exact commit and not at what the branch is now', async () => {
      assert.deepEqual((await load(old)).config, { path: '.circleci/config.yml', text: 'old: ü\n' });
      assert.deepEqual((await load(both)).config, { path: '.circle.yml', text: 'new: 1\n' });
      assert.deepEqual((await load(both, ['.circleci/config.yml', '.circle.yml'])).config, { path: '.circleci/config.yml', text: 'old: ü\n' });
    });

    await t.test('no config is null, and a folder of its name is none', async () => {
      assert.equal((await load(none)).config, null);
      assert.equal((await load(old, ['.circleci', 'nowhere.yml'])).config, null);
    });

    await t.test('an empty config is there', async () => {
      const empty = await subject.commit({ '.circle.yml': '' }, 'Empty');
      assert.deepEqual((await load(empty)).config, { path: '.circle.yml', text: '' });
    });

    await t.test('a large config comes whole, and one that is not text comes as it can be read', async () => {
      const long = `a: "${'ü'.repeat(600_000)}"\n`;
      const odd = await subject.commit({ '.circle.yml': long, 'zero.yml': Buffer.from([97, 58, 0, 10]) }, 'Odd');
      assert.equal((await load(odd)).config?.text, long);
      assert.equal((await load(odd, ['zero.yml'])).config?.text, 'a:\0\n');
    });

    await t.test('files are listed from their folder and read at the exact commit, however deep they lie', async () => {
      const orbs = await subject.commit({ 'orbs/a/b/1.0.0.yml': 'ü: 1\n', 'orbs/a/b/2.0.0.yml': 'x', 'orbs/top.txt': 'y', 'orbs/a/b/c/deep.yml': 'z', 'orbsy/not.yml': 'n' }, 'Orbs');
      const later = await subject.commit({ 'orbs/a/b/1.0.0.yml': 'other', 'orbs/a/b/2.0.0.yml': null }, 'Later');
      const list = async ({ sha }: Trigger, folder: string) => (await subject.forge(sha).listFiles(repository, sha, folder)).sort();
      const read = ({ sha }: Trigger, path: string) => subject.forge(sha).readFile(repository, sha, path);
      assert.deepEqual(await list(orbs, 'orbs'), ['a/b/1.0.0.yml', 'a/b/2.0.0.yml', 'top.txt']);
      assert.deepEqual(await list(orbs, 'orbs/a'), ['b/1.0.0.yml', 'b/2.0.0.yml', 'b/c/deep.yml']);
      assert.deepEqual(await list(later, 'orbs'), ['a/b/1.0.0.yml', 'top.txt']);
      assert.deepEqual([await list(orbs, 'nowhere'), await list(orbs, 'orbs/top.txt')], [[], []]);
      assert.equal(await read(orbs, 'orbs/a/b/1.0.0.yml'), 'ü: 1\n');
      assert.equal(await read(later, 'orbs/a/b/1.0.0.yml'), 'other');
      assert.deepEqual([await read(later, 'orbs/a/b/2.0.0.yml'), await read(orbs, 'orbs/a'), await read(orbs, 'nowhere/at/all')], [null, null, null]);
    });

    await t.test('the files of a folder come with their texts, and those of the secrets’ folder with the config', async () => {
      const secrets = await subject.commit({ '.circle/secrets/A.asc': 'ü', '.circle/secrets/B.asc': 'b', '.circle/secrets/deep/C.asc': 'c', '.circle/other': 'x' }, 'Secrets');
      const later = await subject.commit({ '.circle/secrets/A.asc': 'changed', '.circle/secrets/B.asc': null }, 'Later');
      const folder = ({ sha }: Trigger, path: string) => subject.forge(sha).readFolder(repository, sha, path);
      assert.deepEqual(await folder(secrets, '.circle/secrets'), { 'A.asc': 'ü', 'B.asc': 'b' });
      assert.deepEqual(await folder(later, '.circle/secrets'), { 'A.asc': 'changed' });
      assert.deepEqual([await folder(secrets, 'nowhere'), await folder(secrets, '.circle/other')], [{}, {}]);
      assert.deepEqual((await load(secrets)).secretFiles, { 'A.asc': 'ü', 'B.asc': 'b' });
      assert.deepEqual((await load(none)).secretFiles, {});
    });

    await t.test('what a commit has changed since it parted from another, or from a branch: both names of a renamed file, however odd', async () => {
      const base = await subject.commit({ 'kept.txt': 'k', 'gone.txt': 'g', 'old name.txt': 'many words that stay the same\n'.repeat(9), 'deep/er/x': '1' }, 'Base');
      const middle = await subject.commit({ 'gone.txt': null, 'deep/er/x': '2' }, 'Middle');
      const tip = await subject.commit({ 'old name.txt': null, 'ü/new\nname.txt': 'many words that stay the same\n'.repeat(9), '.dot': '' }, 'Tip');
      const changed = async (from: string, { sha }: Trigger): Promise<unknown> => {
        const found = await subject.forge(sha).changedPaths(repository, from, sha);
        return 'paths' in found ? [...found.paths].sort() : 'unknown';
      };
      assert.deepEqual(await changed(middle.sha, tip), ['.dot', 'old name.txt', 'ü/new\nname.txt']);
      assert.deepEqual(await changed(base.sha, tip), ['.dot', 'deep/er/x', 'gone.txt', 'old name.txt', 'ü/new\nname.txt']);
      assert.deepEqual([await changed(tip.sha, tip), await changed('main', tip)], [[], []]);
      assert.deepEqual(await changed(tip.sha, base), [], 'what the other has since is not of this commit');
      assert.deepEqual([await changed('f'.repeat(40), tip), await changed('no/such-branch', tip), await changed('--all', tip)], ['unknown', 'unknown', 'unknown']);
    });

    await t.test('the commit’s subject is its first line, its body the rest', async () => {
      const { commit, commitBody } = await load(old);
      assert.deepEqual([commit.subject, commitBody], ['First things', 'and more']);
      assert.equal((await load(both)).commitBody, '');
    });

    await t.test('the repository has a page', async () => assert.match((await load(old)).repositoryUrl, new RegExp(`^https?://.+/${repository.owner}/${repository.name}$`)));

    await t.test('the credential fetches the commit', async () => {
      const { url, authorization } = await subject.forge(both.sha).credential(repository);
      const extra = authorization === null ? [] : ['-c', `http.extraHeader=Authorization: ${authorization}`];
      await run('git', ['init', '-q', '--bare', scratch]);
      await run('git', ['-C', scratch, ...extra, 'fetch', '-q', url, both.sha], { env: { PATH: process.env['PATH'] ?? '', GIT_CONFIG_NOSYSTEM: '1', HOME: scratch, GIT_TERMINAL_PROMPT: '0' } });
      assert.equal((await run('git', ['-C', scratch, 'cat-file', '-t', both.sha])).stdout, 'commit\n');
    });

    const check = (sha: string, externalId: string, rest: Partial<CheckRun> = {}): CheckRun => ({ externalId, sha, name: 'test', detailsUrl: 'https://ci.example/1', status: 'queued', ...rest });
    const done = { status: 'completed', completedAt: '2026-01-01T00:01:00Z', conclusion: 'failure', output: { title: 'Failed', summary: '**Failed**' } } as const;

    const ids = (told: Reported[]): (number | string)[] => told.map((each) => ('id' in each && each.id !== null ? each.id : assert.fail(JSON.stringify(each))));

    await t.test('a check is made once, however often it is reported, and becomes what it was told last', async () => {
      const forge = subject.forge(old.sha);
      const report = async (of: CheckRun, mayExist: boolean) => ids(await forge.report(repository, [of], mayExist))[0]!;
      const id = await report(check(old.sha, 'a'), false);
      const again = await report(check(old.sha, 'a', { status: 'in_progress', startedAt: '2026-01-01T00:00:00Z' }), true);
      const byId = await report(check(old.sha, 'a', { ...done, id }), false);
      const repeated = await report(check(old.sha, 'a', done), true);
      assert.deepEqual([again, byId, repeated], [id, id, id]);
      assert.deepEqual(subject.checks(old.sha), [{ id, externalId: 'a', name: 'test', status: 'completed', conclusion: 'failure', title: 'Failed', summary: '**Failed**', annotations: 0 }]);
    });

    await t.test('many are told at once, and each external id is a check of its own, also under the same name', async () => {
      const forge = subject.forge(both.sha);
      const made = ids(await forge.report(repository, ['x', 'y'].map((externalId) => check(both.sha, externalId)), false));
      assert.notEqual(made[0], made[1]);
      const more = ids(await forge.report(repository, [check(both.sha, 'z'), check(both.sha, 'x', { id: made[0]!, status: 'in_progress' })], false));
      assert.equal(more[1], made[0]);
      assert.deepEqual(subject.checks(both.sha).map(({ externalId, status }) => `${externalId} ${status}`).sort(), ['x in_progress', 'y queued', 'z queued']);
    });

    await t.test('one that gives way to others of its name is not made beside them, and is as any other where there are none', async () => {
      const named = await subject.commit({ 'names.txt': 'x' }, 'Names');
      const forge = subject.forge(named.sha);
      await forge.report(repository, [check(named.sha, 'ran')], false);
      const skipped = { status: 'completed' as const, conclusion: 'skipped' as const, completedAt: '2026-01-01T00:00:00Z', unlessThere: true as const };
      const told = await forge.report(repository, [check(named.sha, 'filtered', skipped), check(named.sha, 'other', { ...skipped, name: 'other' })], false);
      assert.deepEqual(told[0], { id: null });
      const again = await forge.report(repository, [check(named.sha, 'other', { ...skipped, name: 'other' })], true);
      assert.deepEqual(ids(again), ids(told.slice(1)));
      assert.deepEqual(subject.checks(named.sha).map(({ externalId }) => externalId).sort(), ['other', 'ran']);
    });

    await t.test('repeated reports that come at once make one check', async () => {
      const forge = subject.forge(none.sha);
      const told = await Promise.all(Array.from({ length: 5 }, () => forge.report(repository, [check(none.sha, 'z')], true)));
      assert.equal(new Set(told.flatMap(ids)).size, 1);
      assert.equal(subject.checks(none.sha).length, 1);
    });
  });
}
