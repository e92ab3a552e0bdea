// What do `circleci-agent continue` and `circleci-agent path-filter` do in a step?

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { mostContinuationBytes } from '../../config-schema/continuation.ts';
import { readContinuation } from '../../sandbox-agent/helper/read-continuation.ts';
import { agentFolder } from './agent.ts';

type Called = { code: number | null; out: string; err: string };

async function call(args: string[], cwd: string, env: Record<string, string> = {}): Promise<Called> {
  const { status, stdout, stderr } = spawnSync(join(await agentFolder(), 'bin', 'circleci-agent'), args, { cwd, env: { PATH: process.env['PATH'], HOME: '/nowhere', ...env }, encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

function folder(t: TestContext, files: Record<string, string> = {}): string {
  const made = mkdtempSync(join(tmpdir(), 'continue-'));
  t.after(() => rmSync(made, { recursive: true }));
  write(made, files);
  return made;
}

function write(at: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(at, dirname(path)), { recursive: true });
    writeFileSync(join(at, path), content);
  }
}

suite('continue', () => {
  const handedIn = async (t: TestContext, args: string[], files: Record<string, string> = {}) => {
    const cwd = folder(t, { 'ci/next.yml': 'version: 2.1\n', ...files });
    const called = await call(['continue', ...args], cwd, { ROUNDHOUSE_CONTINUATION_FILE: join(cwd, 'handed'), CIRCLE_WORKING_DIRECTORY: cwd });
    return { called, cwd, read: () => readContinuation({ path: join(cwd, 'handed') }) };
  };

  for (const [what, args, parameters] of [
    ['a config alone', ['ci/next.yml'], {}],
    ['parameters as JSON', ['ci/next.yml', '--parameters', ' {"a": true, "b": "x"}'], { a: true, b: 'x' }],
    ['parameters in a file', ['--parameters=p.json', '--', 'ci/next.yml'], { n: 5 }],
    ['empty parameters', ['ci/next.yml', '--parameters='], {}],
  ] as const)
    test(`hands in ${what}`, async (t) => {
      const { called, cwd, read } = await handedIn(t, [...args], { 'p.json': '{"n": 5}\n' });
      assert.deepEqual(called, { code: 0, out: 'When the setup workflow has ended, the pipeline goes on with ci/next.yml.\n', err: '' });
      assert.deepEqual(await read(), { path: 'ci/next.yml', configuration: 'version: 2.1\n', parameters });
      assert.deepEqual(readdirSync(cwd).sort(), ['ci', 'handed', 'p.json']);
    });

  test('says that the pipeline is over', async (t) => {
    const { called, read } = await handedIn(t, ['--finish']);
    assert.equal(called.code, 0);
    assert.deepEqual(await read(), { path: '', configuration: null, parameters: {} });
  });

  for (const [what, args, err] of [
    ['no config', [], /continue: name the config to go on with/],
    ['two configs', ['a', 'b'], /continue: one config is handed in; `b` is one too many\./],
    ['an unknown option', ['ci/next.yml', '--params=1'], /continue: Unknown option '--params'/],
    ['a config that is not there', ['none.yml'], /continue: none\.yml cannot be read: ENOENT/],
    ['a folder', ['ci'], /continue: ci cannot be read: EISDIR/],
    ['a config that is too large', ['large.yml'], /continue: large\.yml is too large: a config and its parameters have at most 3 MB\./],
    ['parameters that are no JSON', ['ci/next.yml', '--parameters={"a": x}'], /continue: --parameters is not JSON: /],
    ['parameters in a file that is not there', ['ci/next.yml', '--parameters=none.json'], /continue: none\.json cannot be read/],
    ['a parameter that is a list', ['ci/next.yml', '--parameters={"a": [1]}'], /continue: --parameters cannot be used: its parameter a is not a text, a number, true or false\./],
  ] as const)
    test(`refuses ${what}, with a sentence`, async (t) => {
      const { called, cwd } = await handedIn(t, [...args], { 'large.yml': '#'.repeat(mostContinuationBytes + 1) });
      assert.notEqual(called.code, 0);
      assert.match(called.err, err);
      assert.doesNotMatch(called.err, /\n\s+at /);
      assert.equal(readdirSync(cwd).includes('handed'), false);
    });

  test('refuses a second one and leaves the first', async (t) => {
    const { cwd, read } = await handedIn(t, ['ci/next.yml']);
    const { code, err } = await call(['continue', 'ci/next.yml', '--parameters={"a": 1}'], cwd, { ROUNDHOUSE_CONTINUATION_FILE: join(cwd, 'handed') });
    assert.deepEqual([code, err], [1, 'circleci-agent: continue: this job has handed in a config already. A pipeline goes on once.\n']);
    assert.deepEqual(((await read()) as { parameters: object }).parameters, {});
  });

  test('is refused where there is no setup config', async (t) => {
    const { code, err } = await call(['continue', 'x.yml'], folder(t, { 'x.yml': '' }));
    assert.equal(code, 1);
    assert.match(err, /continue: this is not a job of a setup config\./);
  });

  test('what lies in its place instead is not read', async (t) => {
    const cwd = folder(t, { secret: '{"path": "a", "configuration": "b", "parameters": {}}', text: 'no JSON', large: 'x'.repeat(2 * mostContinuationBytes + 1) });
    symlinkSync('secret', join(cwd, 'link'));
    for (const [file, problem] of [['link', /cannot be read: ELOOP/], ['text', /cannot be read: .*JSON/], ['large', /larger than 3 MB/], ['none', /cannot be read: ENOENT/]] as const) assert.match(((await readContinuation({ path: join(cwd, file) })) as { problem: string }).problem, problem);
  });
});

suite('path-filter', () => {
  const identity = { GIT_AUTHOR_NAME: 'ada', GIT_AUTHOR_EMAIL: 'ada@example.org', GIT_COMMITTER_NAME: 'ada', GIT_COMMITTER_EMAIL: 'ada@example.org' };
  const git = (cwd: string, ...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: '/nowhere', ...identity } });
  function commit(cwd: string, files: Record<string, string>): void {
    write(cwd, files);
    git(cwd, 'add', '.');
    git(cwd, 'commit', '-qm', 'a commit');
  }
  /** A main of two commits, and a branch that left it after the first. */
  function repository(t: TestContext): string {
    const cwd = folder(t);
    git(cwd, 'init', '-qb', 'main');
    commit(cwd, { 'app/a': '1', 'lib/b': '1', 'ü b': '1' });
    git(cwd, 'checkout', '-qb', 'feature');
    commit(cwd, { 'app/a': '2', 'ü b': '2' });
    git(cwd, 'checkout', '-q', 'main');
    commit(cwd, { 'lib/b': '2' });
    return cwd;
  }
  const mapping = 'app/.* app true\nlib/.* lib true\nü.b odd 1';
  const filter = async (cwd: string, ...more: string[]) => {
    // Where nothing of the checkout changes.
    const out = join(cwd, '.git');
    const called = await call(['path-filter', `--mapping=${mapping}`, `--output=${out}/p.json`, `--config-list=${out}/list`, ...more], cwd);
    return { called, parameters: called.code === 0 ? (JSON.parse(readFileSync(`${out}/p.json`, 'utf8')) as object) : null, list: called.code === 0 ? readFileSync(`${out}/list`, 'utf8') : null };
  };

  test('what a branch has changed since it left the base', async (t) => {
    const cwd = repository(t);
    git(cwd, 'checkout', '-q', 'feature');
    const { called, parameters, list } = await filter(cwd, '--config-path=next.yml');
    assert.deepEqual([parameters, list], [{ app: true, odd: 1 }, 'next.yml\n']);
    assert.equal(called.out, '2 changed paths since main:\n  app/a\n  ü b\npipeline parameters: {"app":true,"odd":1}\n');
  });

  test('on the base itself, what the last commit has changed', async (t) => assert.deepEqual((await filter(repository(t))).parameters, { lib: true }));

  test('of the first commit, everything', async (t) => {
    const cwd = repository(t);
    git(cwd, 'checkout', '-q', 'main~1');
    assert.deepEqual((await filter(cwd, '--base-revision=HEAD')).parameters, { app: true, lib: true, odd: 1 });
  });

  test('a path that is excluded counts as unchanged', async (t) => {
    const cwd = repository(t);
    git(cwd, 'checkout', '-q', 'feature');
    assert.deepEqual((await filter(cwd, '--exclude=app/.\nother')).parameters, { odd: 1 });
    write(cwd, { '.git/exclude': 'ü.*\n' });
    assert.deepEqual((await filter(cwd, '--exclude=.git/exclude')).parameters, { app: true });
  });

  test('on the base itself nothing, where that is asked for', async (t) => assert.deepEqual((await filter(repository(t), '--same-base=false')).parameters, {}));

  test('the paths themselves, in a parameter', async (t) => assert.deepEqual((await filter(repository(t), '--files-parameter=files')).parameters, { lib: true, files: 'lib/b' }));

  test('HEAD is this commit, not that of the origin; and variables are filled in', async (t) => {
    const [origin, cwd] = [repository(t), folder(t)];
    git(cwd, 'clone', '-q', origin, '.');
    git(cwd, 'checkout', '-q', 'feature');
    commit(cwd, { 'lib/c': '1' });
    assert.deepEqual((await filter(cwd, '--base-revision=HEAD')).parameters, { lib: true });
    assert.deepEqual((await filter(cwd, '--base-revision=${NONE:-main}')).parameters, { app: true, lib: true, odd: 1 });
  });

  test('a base that only the origin has is fetched', async (t) => {
    const [origin, cwd] = [repository(t), folder(t)];
    git(origin, 'checkout', '-q', 'feature');
    git(cwd, 'clone', '-q', '--single-branch', origin, '.');
    assert.deepEqual((await filter(cwd)).parameters, { app: true, odd: 1 });
  });

  test('configs of the mapping, in place of the one that is named', async (t) => {
    const cwd = repository(t);
    const list = async (text: string) => (await filter(cwd, `--mapping=${text}`, '--config-path=x')).list;
    assert.equal(await list('lib/.* a true lib.yml\napp/.* b true app.yml\n.* c true all.yml'), 'lib.yml\nall.yml\n');
    assert.equal(await list('app/.* b true app.yml'), 'x\n');
  });

  for (const [what, args, err] of [
    ['a mapping that cannot be read', ['--mapping=a b'], /path-filter: line 1 of the mapping, `a b`, is not REGEX PARAMETER VALUE/],
    ['an exclusion that is no pattern', ['--exclude=('], /path-filter: line 1 of the exclusions, `\(`, has no regular expression/],
    ['a base that is not there', ['--base-revision=none'], /path-filter: there is no revision "none"\. Correct base-revision/],
    ['a base that would be an option', ['--base-revision=--all'], /path-filter: there is no revision "--all"\./],
    ['an output that cannot be written', ['--output=/none/x'], /path-filter: \/none\/x cannot be written: ENOENT/],
  ] as const)
    test(`refuses ${what}`, async (t) => {
      const { called } = await filter(repository(t), ...args);
      assert.equal(called.code, 2);
      assert.match(called.err, err);
    });

  test('refuses a folder that is no checkout', async (t) => {
    const { code, err } = await call(['path-filter', '--mapping=', '--output=p'], folder(t));
    assert.equal(code, 2);
    assert.match(err, /is not a checkout of a repository\. Put `checkout` before this step\./);
  });
});

suite('merge-configs', () => {
  const merge = async (t: TestContext, files: Record<string, string>) => {
    const cwd = folder(t, { list: `${Object.keys(files).join('\n')}\n`, ...files });
    const called = await call(['merge-configs', 'list', 'made.yml'], cwd);
    return { called, made: called.code === 0 ? readFileSync(join(cwd, 'made.yml'), 'utf8') : null };
  };

  test('each is laid over those before it, and their anchors are their own', async (t) => {
    const { made } = await merge(t, {
      'a.yml': 'version: 2.1\njobs: &all\n  x: {steps: [a, b]}\n  w: {go: "1.10", times: 1}\n',
      'b.yml': 'version: 2.1\njobs: &all\n  x: {steps: [c]}\n  z: &z {shell: sh}\n  v: *z\n',
    });
    assert.equal(made, "version: 2.1\njobs:\n  x:\n    steps:\n    - c\n  w:\n    go: '1.10'\n    times: 1\n  z:\n    shell: sh\n  v:\n    shell: sh\n");
  });

  test('a single one stays as it is written', async (t) => assert.equal((await merge(t, { 'a.yml': 'a:   1 # one\n' })).made, 'a:   1 # one\n'));

  test('refuses what is no YAML, and what is not there', async (t) => {
    assert.match((await merge(t, { 'a.yml': 'a: 1\n', 'b.yml': 'a: 1\nb: [\n' })).called.err, /merge-configs: b\.yml: Unable to parse YAML: .* \(line \d\)/);
    assert.match((await call(['merge-configs', 'list', 'made.yml'], folder(t, { list: 'none.yml\n' }))).err, /merge-configs: ENOENT: .*none\.yml/);
    assert.equal((await call(['merge-configs', 'list'], folder(t))).code, 2);
  });
});
