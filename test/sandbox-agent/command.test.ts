import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { suite, test } from 'node:test';
import { timingsOf } from '../../config-schema/test-timings.ts';
import { agentFolder, run, spec, startAgent } from './agent.ts';
import { inRootfs } from './in-rootfs.ts';

type Called = { code: number | null; out: string; err: string };
type Circumstances = { cwd?: string; env?: Record<string, string>; input?: string; name?: string };

/** The command as a step calls it: by its wrapper in the folder that sandboxes get. */
async function call(args: string[], { cwd = tmpdir(), env = {}, input = '', name = 'circleci' }: Circumstances = {}): Promise<Called> {
  const child = spawn(join(await agentFolder(), 'bin', name), args, { cwd, env: { PATH: process.env['PATH'], ...env }, timeout: 60_000 });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out, err };
}

function project(t: TestContext, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const empty = (...paths: string[]): Record<string, string> => Object.fromEntries(paths.map((path) => [path, '']));

suite('tests glob', () => {
  const files = empty('a.test.js', 'b.js', 'src/a.test.js', 'src/deep/er/b.test.ts', 'src/(group)/c.test.js', 'src/[id]/d.test.js', 'src/+e.test.js', '.hidden/f.test.js', 'src/.g.test.js', 'out/h.test.js');
  for (const [patterns, expected] of [
    [['*.js'], ['a.test.js', 'b.js']],
    [['src/*.test.js'], ['src/+e.test.js', 'src/a.test.js']],
    [['**/*.test.{js,ts}'], ['a.test.js', 'out/h.test.js', 'src/(group)/c.test.js', 'src/+e.test.js', 'src/[id]/d.test.js', 'src/a.test.js', 'src/deep/er/b.test.ts']],
    [['src/**'], ['src/(group)/c.test.js', 'src/+e.test.js', 'src/[id]/d.test.js', 'src/a.test.js', 'src/deep/er/b.test.ts']],
    [['{src,out}/?.test.js'], ['out/h.test.js', 'src/a.test.js']],
    [['[ab].*js', '[!a].js'], ['a.test.js', 'b.js']],
    [['./src/*.test.js'], ['./src/+e.test.js', './src/a.test.js']],
    [['src/(group)/*.js'], ['src/(group)/c.test.js']],
    [['s*/(group)/*.js'], ['src/(group)/c.test.js']],
    [['src/+*.js'], ['src/+e.test.js']],
    [['src/[id]/d.test.js'], ['src/[id]/d.test.js']],
    [['.hidden/*.js', '**/.*.js'], ['.hidden/f.test.js', 'src/.g.test.js']],
    [['b.js', 'b.js', '*.js'], ['a.test.js', 'b.js']],
    [['out/../b*.js'], ['out/../b.js']],
    [['src', '*', 'none/**'], ['a.test.js', 'b.js']],
    [['*.py'], []],
  ] as const) {
    test(patterns.join(' '), async (t) => {
      const { code, out, err } = await call(['tests', 'glob', ...patterns], { cwd: project(t, files) });
      assert.deepEqual([code, out.split('\n').filter(Boolean), err], [0, expected, '']);
    });
  }

  test('keeps an absolute pattern absolute', async (t) => {
    const cwd = project(t, files);
    assert.equal((await call(['tests', 'glob', `${cwd}/**/er/*.ts`])).out, `${cwd}/src/deep/er/b.test.ts\n`);
  });

  test('is not led in circles by links, and sees what links lead to', async (t) => {
    const cwd = project(t, empty('real/a.js', 'real/sub/b.js'));
    symlinkSync('..', join(cwd, 'real/up'));
    symlinkSync('real', join(cwd, 'linked'));
    symlinkSync('real/a.js', join(cwd, 'c.js'));
    symlinkSync('nothing', join(cwd, 'dangling.js'));
    const glob = async (pattern: string): Promise<string[]> => (await call(['tests', 'glob', pattern], { cwd })).out.trim().split('\n');
    assert.deepEqual(await glob('**/*.js'), ['c.js', 'real/a.js', 'real/sub/b.js']);
    assert.deepEqual(await glob('linked/*.js'), ['linked/a.js']);
    assert.deepEqual(await glob('linked/**/*.js'), ['linked/a.js', 'linked/sub/b.js']);
    assert.deepEqual(await glob('l*/*.js'), ['linked/a.js']);
  });

  test('without a pattern says what to name', async () => {
    const { code, err } = await call(['tests', 'glob']);
    assert.equal(code, 2);
    assert.match(err, /^circleci: tests glob: name a pattern/);
  });
});

suite('tests split', () => {
  const shares = async (args: string[], circumstances: Circumstances, total = 2): Promise<string[][]> => {
    const called = await Promise.all(Array.from({ length: total }, (_, index) => call(['tests', 'split', ...args], { ...circumstances, env: { CIRCLE_NODE_INDEX: String(index), CIRCLE_NODE_TOTAL: String(total), ...circumstances.env } })));
    for (const { code, err } of called) assert.equal(code, 0, err);
    return called.map(({ out }) => out.split('\n').filter(Boolean));
  };

  test('by name, from stdin, with index and total of the slice', async () => {
    assert.deepEqual(await shares([], { input: 'c b  a\nd\te\n\n' }), [['a', 'c', 'e'], ['b', 'd']]);
  });

  test('by name, from files, with index and total as options in both forms', async (t) => {
    const cwd = project(t, { list: 'a\nb', more: 'c\n' });
    assert.equal((await call(['tests', 'split', '--index=1', '--total', '2', 'list', 'more'], { cwd })).out, 'b\n');
    assert.equal((await call(['tests', 'split', 'list', 'more'], { cwd })).out, 'a\nb\nc\n');
  });

  test('by size of file', async (t) => {
    const cwd = project(t, { a: 'x', b: 'x'.repeat(10), c: 'x'.repeat(8), d: 'x'.repeat(3) });
    assert.deepEqual(await shares(['--split-by=filesize'], { cwd, input: 'a b c d missing' }), [['a', 'b', 'missing'], ['c', 'd']]);
  });

  const results = [
    ['a.js', 'A', 1],
    ['./b.js', 'B', 9],
    ['/else/c.js', 'C', 5],
  ] as const;
  const timings = (cwd: string): string => {
    const path = join(cwd, 'timings.json');
    const cases = results.map(([file, classname, seconds]) => ({ name: `t${classname}`, classname, file: file.replace('/else', cwd), line: null, seconds, outcome: 'passed', message: null, detail: null, suite: null }) as const);
    writeFileSync(path, JSON.stringify(timingsOf(cases, 'acme/shop#41/build/test')));
    return path;
  };

  for (const [what, args, input, expected] of [
    ['files, which are told from the project', [], './a.js b.js c.js', [['b.js'], ['./a.js', 'c.js']]],
    ['classes, found by themselves', [], 'A B C', [['B'], ['A', 'C']]],
    ['names', ['--timings-type=testname'], 'tA tB tC', [['tB'], ['tA', 'tC']]],
    ['a new test, which takes the average', [], 'A B C new', [['A', 'B'], ['C', 'new']]],
    ['a new test with a time of its own', ['--time-default=1m'], 'A B C new', [['new'], ['A', 'B', 'C']]],
  ] as const) {
    test(`by timings: ${what}`, async (t) => {
      const cwd = project(t);
      assert.deepEqual(await shares(['--split-by', 'timings', ...args], { cwd, input, env: { ROUNDHOUSE_TIMINGS: timings(cwd) } }), expected);
    });
  }

  test('says with --show-counts how it split, on stderr', async (t) => {
    const cwd = project(t);
    const { out, err } = await call(['tests', 'split', '--split-by=timings', '--show-counts', '--total=2', '--index=0'], { cwd, input: 'A B C D', env: { ROUNDHOUSE_TIMINGS: timings(cwd) } });
    assert.equal(out, 'A\nB\n');
    assert.equal(err, 'circleci: tests split: 2 of 4 tests, by the times of acme/shop#41/build/test (classname; it knows 3); share 1 of 2\n');
  });

  for (const [what, content] of [['are not there', undefined], ['are no JSON', '{'], ['are empty', ''], ['know none of the tests', JSON.stringify(timingsOf([], 'nobody'))]] as const) {
    test(`whose timings ${what} goes by name and says so`, async (t) => {
      const cwd = project(t, content === undefined ? {} : { timings: content });
      const { code, out, err } = await call(['tests', 'split', '--split-by=timings', '--index=1', '--total=2'], { cwd, input: 'a b c', env: { ROUNDHOUSE_TIMINGS: join(cwd, 'timings') } });
      assert.deepEqual([code, out, err], [0, 'b\n', 'circleci: Error auto-detecting timing type, falling back to weighting by name.\n']);
    });
  }

  for (const [args, sentence] of [
    [['--split-by=weight'], '--split-by is name, filesize or timings, not weight.'],
    [['--timings-type=x'], '--timings-type is autodetect, filename, classname or testname, not x.'],
    [['--index=2', '--total=2'], '--index is a whole number from 0 to 1, not 2.'],
    [['--total=0'], '--total is a whole number from 1 to 100000, not 0.'],
    [['--time-default=soon'], '--time-default is a time like 10s or 1m30s, not soon.'],
    [['--unknown'], "Unknown option '--unknown'."],
    [['missing-file'], 'the list of tests missing-file cannot be read: '],
  ] as const) {
    test(`refuses ${args.join(' ')}`, async () => {
      const { code, out, err } = await call(['tests', 'split', ...args], { input: 'a b' });
      assert.deepEqual([code, out], [2, '']);
      assert.ok(err.startsWith(`circleci: tests split: ${sentence}`), err);
    });
  }
});

suite('tests run', () => {
  const tests = (args: string[], circumstances: Circumstances = {}): Promise<Called> => call(['tests', 'run', ...args], { input: 'a b c', ...circumstances });

  test('gives its share to the command on stdin, and tells with --verbose what it is', async () => {
    const { code, out, err } = await tests(['--command=xargs echo ran:', '--index=0', '--total', '2', '--verbose']);
    assert.deepEqual([code, out], [0, 'ran: a c\n']);
    assert.equal(err, 'circleci: tests run: 2 of 3 tests, by name; share 1 of 2\ncircleci: tests run: a\ncircleci: tests run: c\n');
  });

  for (const [what, command, code] of [
    ['its exit code', 'exit 7', 7],
    ['128 and the number of its signal', 'kill -KILL $$', 137],
    ['the code of a pipe that fails in the middle', 'false | true', 1],
    ['success of one that reads nothing', 'true', 0],
    ['success of one that opens its stdin', 'test "$(wc -l < /dev/stdin)" = 2', 0],
  ] as const) {
    test(`ends with ${what}`, async () => assert.equal((await tests(['--command', command], { input: 'x y' })).code, code));
  }

  test('runs nothing for a share without tests, and passes', async () => {
    const { code, out, err } = await tests(['--command=echo ran; false', '--index=3', '--total=4']);
    assert.deepEqual([code, out, err], [0, '', 'circleci: tests run: no tests for this slice.\n']);
  });

  test('of those that failed before runs these alone', async (t) => {
    const cwd = project(t, { failed: './b.js\nC\n' });
    const again = (input: string, index: number): Promise<Called> => tests(['--command=xargs echo ran:', `--index=${index}`, '--total=2'], { cwd, input, env: { ROUNDHOUSE_FAILED_TESTS: join(cwd, 'failed') } });
    assert.equal((await again('a.js b.js c.js', 0)).out, 'ran: b.js\n');
    assert.deepEqual(await again('a.js b.js c.js', 1), { code: 0, out: '', err: 'circleci: tests run: no tests for this slice.\n' });
    assert.equal((await again('A B C', 0)).out, 'ran: C\n');
  });

  test('runs all when none of those that failed before is there: the job must not pass by running nothing', async (t) => {
    const cwd = project(t, { failed: 'gone.js\n' });
    const { out, err } = await tests(['--command=xargs echo ran:'], { env: { ROUNDHOUSE_FAILED_TESTS: join(cwd, 'failed') } });
    assert.equal(out, 'ran: a b c\n');
    assert.match(err, /none of the tests is among those that failed before; all are run/);
  });

  test('is not changed by what the step sets for its own Node, and hands it on', async () => {
    const env = { NODE_OPTIONS: '--require=/nowhere.js', LD_PRELOAD: '' };
    assert.equal((await tests(['--command=echo "$NODE_OPTIONS" ${LD_PRELOAD-unset} $ROUNDHOUSE_KEPT_NODE_OPTIONS'], { env })).out, '--require=/nowhere.js\n');
    assert.equal((await tests(['--command=echo ${NODE_OPTIONS-unset}'])).out, 'unset\n');
  });

  test('hands a signal on to the command', async (t) => {
    const cwd = project(t);
    const child = spawn(join(await agentFolder(), 'bin/circleci'), ['tests', 'run', '--command=trap "exit 9" TERM; echo ready; for i in {1..400}; do sleep 0.05; done'], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end('a');
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    await once(child, 'close');
    assert.equal(child.exitCode, 9);
  });

  for (const [args, sentence] of [
    [[], /tests run: name the command/],
    [['--command=x', 'y'], /`y` is not understood. Is the command in quotes\?/],
  ] as const) {
    test(`refuses ${args.join(' ') || 'to run nothing'}`, async () => {
      const { code, err } = await tests([...args]);
      assert.equal(code, 2);
      assert.match(err, sentence);
    });
  }
});

suite('step halt', () => {
  test('leaves the file that the builder looks for, once and again', async (t) => {
    const file = join(project(t), 'halt');
    for (const name of ['circleci', 'circleci-agent']) assert.deepEqual(await call(['step', 'halt'], { name, env: { ROUNDHOUSE_HALT_FILE: file } }), { code: 0, out: '', err: '' });
    assert.equal(statSync(file).size, 0);
  });

  test('follows no link and does not empty a file', async (t) => {
    const cwd = project(t, { kept: 'kept' });
    symlinkSync('kept', join(cwd, 'link'));
    symlinkSync('made', join(cwd, 'dangling'));
    for (const name of ['link', 'dangling']) assert.equal((await call(['step', 'halt'], { env: { ROUNDHOUSE_HALT_FILE: join(cwd, name) } })).code, 1);
    await call(['step', 'halt'], { env: { ROUNDHOUSE_HALT_FILE: join(cwd, 'kept') } });
    assert.equal(readFileSync(join(cwd, 'kept'), 'utf8'), 'kept');
    assert.deepEqual(readdirSync(cwd).sort(), ['dangling', 'kept', 'link']);
  });

  test('outside of a build says so', async () => {
    const { code, err } = await call(['step', 'halt']);
    assert.equal(code, 1);
    assert.match(err, /this is not a step of a build/);
  });
});

suite('env subst', () => {
  const env = { A: 'a', EMPTY: '', LONG_NAME1: 'n', DOLLAR: '$A' };
  for (const [from, to] of [
    ['$A ${A}', 'a a'],
    ['$UNSET|${UNSET}|$EMPTY|', '|||'],
    ['$LONG_NAME1.$A-$A', 'n.a-a'],
    ['$$A $${A} 5$$', '$A ${A} 5$'],
    ['$ $. "$" $_ \\$A', '$ $. "$" $_ \\a'],
    ['${UNSET:-x} ${EMPTY:-x} ${EMPTY-x} ${A:-x} ${UNSET-x}', 'x x  a x'],
    ['${A:+x}${A+x}${UNSET:+x}${EMPTY:+x}${EMPTY+x}', 'xxx'],
    ['${UNSET:=x}${UNSET=y}', 'xy'],
    ['${UNSET:-a $A ${UNSET:-in}}', 'a a in'],
    ['$DOLLAR', '$A'],
    ['{"a": "$A"}\n', '{"a": "a"}\n'],
    ['', ''],
  ] as const) {
    test(JSON.stringify(from), async () => {
      assert.deepEqual(await call(['env', 'subst', from], { env }), { code: 0, out: to, err: '' });
    });
  }

  test('takes stdin, or what follows --', async () => {
    assert.equal((await call(['env', 'subst'], { env, input: 'stdin $A\n' })).out, 'stdin a\n');
    assert.equal((await call(['env', 'subst', '--', '--$A'], { env })).out, '--a');
  });

  for (const text of ['${A', '${A/x/y}', '${}']) {
    test(`refuses ${text}`, async () => assert.equal((await call(['env', 'subst', text], { env })).code, 2));
  }
});

suite('other commands', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const [args, code, out, err] of [
    [['version'], 0, `roundhouse ${version}\n`, /^$/],
    [['--version'], 0, `roundhouse ${version}\n`, /^$/],
    [['--skip-update-check', 'version'], 0, `roundhouse ${version}\n`, /^$/],
    [['run', 'release', 'update', 'x', '--status=SUCCESS'], 0, '', /^circleci: run release update: releases are not recorded here; nothing was done\.\n$/],
    [['run', 'oidc', 'get'], 1, '', /run oidc is not supported yet/],
    [['config', 'validate'], 1, '', /roundhouse config/],
    [['tests', 'fly'], 2, '', /there is no command `tests fly` in a build. `circleci help` lists what there is/],
    [['toString'], 2, '', /there is no command `toString`/],
  ] as const) {
    test(args.join(' '), async () => {
      const called = await call([...args]);
      assert.deepEqual([called.code, called.out], [code, out]);
      assert.match(called.err, err);
    });
  }

  test('help, under the name that it was called by', async () => {
    for (const args of [[], ['help'], ['--help'], ['tests', '--help'], ['tests', 'split', '--help']]) assert.match((await call(args, { name: 'roundhouse' })).out, /^Commands for the steps of a build[^]*\nroundhouse tests glob/);
  });

  test('a reader that goes away early is no fault', async (t) => {
    const cwd = project(t, empty(...Array.from({ length: 3000 }, (_, i) => `${'long'.repeat(20)}${i}.js`)));
    const child = spawn('/bin/bash', ['-o', 'pipefail', '-c', `${await agentFolder()}/bin/circleci tests glob '*' | head -1`], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    assert.deepEqual([out.split('\n').length, err, child.exitCode], [2, '', 0]);
  });
});

test('in an image with busybox alone, and through a link', async (t) => {
  const { client } = await startAgent(t, inRootfs('mkdir bin; cp /bin/busybox bin/; for name in sh xargs echo cat ln mkdir; do ln -s busybox bin/$name; done'));
  const script = `mkdir -p /usr/bin test && ln -s /opt/roundhouse/bin/circleci /usr/bin/circleci && echo > test/a.js && echo > test/b.js
    circleci tests glob 'test/*.js' | /opt/roundhouse/bin/circleci-agent tests run --command='xargs echo ran' --index=1 --total=2`;
  const { output, ended } = await run(client, spec(0, '', { argv: ['/bin/sh', '-c', script], cwd: '/job', env: { PATH: '/usr/bin:/bin' } }));
  assert.equal(output, 'ran test/b.js\n');
  assert.equal(ended.exitCode, 0);
});
