import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localForge } from '../../activities/adapters/local-forge.ts';
import type { CheckRun } from '../../activities/control/forge.ts';
import { noCommit, type Repository, type Trigger } from '../../config-schema/trigger.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-forge-'));
after(() => rmSync(folder, { recursive: true }));

const git = (...args: string[]): string => execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { encoding: 'utf8' }).trim();
function commit(files: Record<string, string>, message: string): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git('add', '-A');
  git('commit', '-q', '-m', message);
  return git('rev-parse', 'HEAD');
}
git('init', '-q', '-b', 'main');
const first = commit({ '.circleci/config.yml': 'old: 1\n', 'README.md': 'x' }, 'First things\n\nand more');
const second = commit({ '.circle.yml': 'new: ü\n', 'odd/[a]*.yml': 'odd: 1\n', ':(top)x.yml': 'top: 1\n' }, 'Second');
symlinkSync('../..', join(folder, 'up'));
const third = commit({}, 'A link');

const repository: Repository = { id: 1, owner: 'o', name: 'r', private: true, defaultBranch: 'main', installationId: null };
const trigger = (sha: string): Trigger => ({ event: 'local', deliveryId: 'x', receivedAt: '2026-01-01T00:00:00Z', repository, ref: 'refs/heads/main', before: noCommit, sha, sender: { id: 0, login: 'me' }, commit: { subject: '', authorLogin: null }, pullRequest: null });
const paths = ['.circle.yml', '.circleci/config.yml'];
const load = (sha: string, configPath: string | null = null, from = folder) => localForge({ repositoryFolder: from, sha, configPath, onReport: () => {} }).load(trigger(sha), paths);

test('the config is the first that exists at the exact commit', async (t) => {
  const cases: [string, string, string | null, { path: string; text: string } | null][] = [
    ['the second path', first, null, { path: '.circleci/config.yml', text: 'old: 1\n' }],
    ['the first path', second, null, { path: '.circle.yml', text: 'new: ü\n' }],
    ['a path that was asked for', second, '.circleci/config.yml', { path: '.circleci/config.yml', text: 'old: 1\n' }],
    ['a path with characters that git could read as a pattern', second, 'odd/[a]*.yml', { path: 'odd/[a]*.yml', text: 'odd: 1\n' }],
    ['a path that git could read as an instruction', second, ':(top)x.yml', { path: ':(top)x.yml', text: 'top: 1\n' }],
    ['no such file', first, 'nowhere.yml', null],
    ['a folder of that name', second, 'odd', null],
    ['a link that leads out', third, 'up/etc/passwd', null],
  ];
  for (const [name, sha, path, expected] of cases) await t.test(name, async () => assert.deepEqual((await load(sha, path)).config, expected));
});

test('the subject is the first line of the message', async () => assert.deepEqual((await load(first)).commit, { subject: 'First things', authorLogin: null }));

test('a bare repository will do, and the environment of a git hook does not mislead', async () => {
  const bare = join(folder, '..', `${folder.split('/').at(-1)}-bare.git`);
  after(() => rmSync(bare, { recursive: true }));
  git('clone', '-q', '--bare', '.', bare);
  process.env['GIT_DIR'] = '/nowhere';
  after(() => delete process.env['GIT_DIR']);
  assert.equal((await load(second, null, bare)).config?.path, '.circle.yml');
  delete process.env['GIT_DIR'];
});

test('what is no commit id is never given to git', () => {
  for (const sha of ['HEAD', '--all', `${first}^`]) assert.throws(() => localForge({ repositoryFolder: folder, sha, configPath: null, onReport: () => {} }), /not a commit id/);
});

test('an unknown commit is an error that says what git said', async () => {
  await assert.rejects(load('f'.repeat(40)), /git cat-file failed in .*: fatal/);
});

test('no program that the repository’s own config names is run', async () => {
  const trap = join(folder, 'trap');
  writeFileSync(trap, `#!/bin/sh\ntouch ${folder}/sprung\n`);
  chmodSync(trap, 0o755);
  for (const [name, value] of [['log.showSignature', 'true'], ['gpg.program', trap], ['core.fsmonitor', trap], ['core.pager', trap], ['diff.external', trap]] as const) git('config', name, value);
  const signed = git('cat-file', 'commit', second).replace(/\n\n/, '\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n');
  const sha = execFileSync('git', ['-C', folder, 'hash-object', '-t', 'commit', '-w', '--stdin'], { encoding: 'utf8', input: `${signed}\n` }).trim();
  assert.deepEqual((await load(sha)).commit.subject, 'Second');
  assert.equal(existsSync(join(folder, 'sprung')), false);
  // The trap works: this is what springs it.
  git('log', '-1', sha);
  assert.equal(existsSync(join(folder, 'sprung')), true);
});

test('reports are heard, and one external id keeps its id', async () => {
  const heard: (CheckRun & { id: number })[] = [];
  const forge = localForge({ repositoryFolder: folder, sha: first, configPath: null, onReport: (check) => heard.push(check) });
  const check = (externalId: string, status: CheckRun['status']): CheckRun => ({ externalId, sha: first, name: externalId, detailsUrl: '', status });
  assert.deepEqual(await forge.report(repository, [check('a', 'queued'), check('b', 'queued')], false), [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(await forge.report(repository, [check('a', 'in_progress')], false), [{ id: 1 }]);
  assert.deepEqual(heard.map(({ id, status }) => [id, status]), [[1, 'queued'], [2, 'queued'], [1, 'in_progress']]);
});

test('code is fetched from the folder, with no credential', async () => {
  assert.deepEqual(await localForge({ repositoryFolder: folder, sha: first, configPath: null, onReport: () => {} }).credential(repository), { url: folder, authorization: null });
});
