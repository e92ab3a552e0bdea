import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { AgentRefused } from '../../sandbox-agent/client.ts';
import { follow, isAlive, run, spec, startAgent, until } from './agent.ts';

suite('a step', { concurrency: true }, () => {
  test('gets exactly its environment, HOME, USER, PATH and PWD where it lacks them, and the mark', async (t) => {
    const { client, root } = await startAgent(t);
    const environment = async (index: number, env: Record<string, string>): Promise<Record<string, string>> => {
      const { output } = await run(client, spec(index, '', { argv: ['/bin/cat', '/proc/self/environ'], env }));
      return Object.fromEntries(output.split('\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    };

    const { ROUNDHOUSE_STEP: mark, ...bare } = await environment(0, { GREETING: 'two\nlines = ü' });
    assert.match(mark ?? '', /^0[.]/);
    assert.deepEqual(bare, {
      GREETING: Buffer.from('two\nlines = ü').toString('latin1'),
      HOME: join(root, 'home'),
      USER: 'root',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      PWD: '/tmp',
    });

    const own = { HOME: '/h', USER: 'u', PATH: '/p', PWD: '/w' };
    const { ROUNDHOUSE_STEP: _, ...given } = await environment(1, own);
    assert.deepEqual(given, own);
  });

  test('leads a session of its own, reads nothing, holds no file of the agent, and has its signals back', async (t) => {
    const { client } = await startAgent(t);
    const script = 'cut -d" " -f1,6 /proc/$$/stat; wc -c; yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}; ls -l /proc/$$/fd; true';
    const [stat = '', read, pipeStatus, , ...files] = (await run(client, spec(0, script))).output.trim().split('\n');
    const [pid, session] = stat.split(' ');
    assert.equal(session, pid);
    assert.equal(read, '0');
    // SIGPIPE, which Node ignores.
    assert.equal(pipeStatus, '141');
    // Whoever started this test may have left files open to it, and so to the agent.
    const ours = readdirSync('/proc/self/fd').map((fd) => linkTarget(`/proc/self/fd/${fd}`));
    const [input, output, errors, ...others] = files.map((line) => line.split(' -> ')[1] ?? '').filter((target) => !ours.includes(target) || target === '/dev/null');
    assert.equal(input, '/dev/null');
    assert.match(output ?? '', /^pipe:/);
    assert.equal(errors, output);
    assert.deepEqual(others, []);
  });

  test('is taken by the OOM killer before the agent', async (t) => {
    const agent = await startAgent(t);
    const { output } = await run(agent.client, spec(0, 'cat /proc/self/oom_score_adj'));
    assert.equal(output, '500\n');
    assert.equal(readFileSync(`/proc/${agent.process.pid}/oom_score_adj`, 'utf8'), readFileSync('/proc/self/oom_score_adj', 'utf8'));
  });

  test('works in its folder, which is made when it is missing', async (t) => {
    const { client, root } = await startAgent(t);
    const { output } = await run(client, spec(0, 'pwd; echo $PWD', { cwd: '~/project/sub' }));
    assert.equal(output, `${root}/home/project/sub\n`.repeat(2));
    const absolute = await run(client, spec(1, 'pwd', { cwd: `${root}/else where` }));
    assert.equal(absolute.output, `${root}/else where\n`);
  });

  test('ends with its exit code or its signal', async (t) => {
    const { client } = await startAgent(t);
    for (const [index, [script, exitCode, signal]] of ([['true', 0, null], ['exit 3', 3, null], ['kill -9 $$', null, 'SIGKILL'], ['sh -c "kill -9 \\$\\$"; exit $?', 137, null]] as const).entries()) {
      const { ended } = await run(client, spec(index, script));
      assert.deepEqual({ how: ended.how, exitCode: ended.exitCode, signal: ended.signal }, { how: 'exited', exitCode, signal }, script);
    }
  });

  test('writes to one pipe by every name it has, as any user', async (t) => {
    const { client } = await startAgent(t);
    const script = 'echo 1; echo 2 >&2; echo 3 > /dev/stderr; echo 4 > /dev/stdout; echo 5 | tee /dev/stderr; setpriv --reuid 65534 --clear-groups sh -c "echo 6 > /dev/stderr"; echo 7 >> /proc/self/fd/2';
    const { output, ended } = await run(client, spec(0, script));
    assert.equal(output, '1\n2\n3\n4\n5\n5\n6\n7\n');
    assert.equal(ended.exitCode, 0);
    assert.equal(ended.outputBytes, output.length);
  });

  test('that cannot start says so in a sentence', async (t) => {
    const { client, root } = await startAgent(t);
    writeFileSync(`${root}/plain`, 'text');
    writeFileSync(`${root}/script`, '#!/no/such/interpreter\n', { mode: 0o755 });
    mkdirSync(`${root}/folder`);
    const table: [string, Partial<Parameters<typeof client.start>[0]>, RegExp][] = [
      ['no program', { argv: ['no-such-program'], env: { PATH: '/p' } }, /no program "no-such-program" in this image \(PATH is \/p\)/],
      ['no file', { argv: ['/no/file'] }, /no program "\/no\/file"/],
      ['not executable', { argv: [`${root}/plain`] }, /may not be executed/],
      ['a folder', { argv: [`${root}/folder`] }, /may not be executed/],
      ['no interpreter', { argv: [`${root}/script`] }, /names an interpreter/],
      ['a file for a folder', { cwd: `${root}/plain/x` }, /working directory .*plain\/x could not be made/],
      ['too long', { env: { LONG: 'x'.repeat(200_000) } }, /too long/],
    ];
    for (const [index, [name, more, sentence]] of table.entries()) {
      const state = await client.start(spec(index, 'true', more));
      assert.ok(state.state === 'ended' && state.how === 'not-started', name);
      assert.match(state.reason ?? '', sentence);
      assert.equal(state.exitCode, null);
      assert.deepEqual((await follow(client, index)).ended, state);
    }
  });

  test('started twice, or ten times at once, runs once', async (t) => {
    const agent = await startAgent(t);
    const other = await agent.connect();
    const script = `echo run >> ${agent.root}/runs; sleep 0.2; echo done`;
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? other : agent.client).start(spec(0, script))));
    const { output, ended } = await follow(other, 0);
    assert.equal(output, 'done\n');
    assert.deepEqual(await agent.client.start(spec(0, `echo other >> ${agent.root}/runs`)), ended);
    assert.equal(readFileSync(`${agent.root}/runs`, 'utf8'), 'run\n');
  });

  test('in the background runs beside others until it ends or is killed', async (t) => {
    const { client } = await startAgent(t);
    assert.deepEqual(await client.start(spec(0, 'echo up; sleep 1000', { background: true })), { index: 0, state: 'running' });
    const { output } = await run(client, spec(1, 'echo beside'));
    assert.equal(output, 'beside\n');
    const states = (await client.status()).steps;
    assert.deepEqual(states.map(({ index, state }) => ({ index, state })), [{ index: 0, state: 'running' }, { index: 1, state: 'ended' }]);
    const following = follow(client, 0);
    assert.equal((await client.kill(0, 1000)).how, 'killed');
    assert.equal((await following).output, 'up\n');
  });

  test('ends with its process, whoever else holds its pipe; and the daemon lives on', async (t) => {
    const { client, root } = await startAgent(t);
    // Its output has to go somewhere: a closed pipe would kill it, a full one of 1 MiB stop it.
    const daemon = `setsid sh -c 'echo $$ > ${root}/daemon; echo noise; sleep 0.5; head -c 3000000 /dev/zero; touch ${root}/wrote; sleep 1000' &`;
    const { output, ended } = await run(client, spec(0, `${daemon} echo last words`));
    assert.match(output, /last words/);
    assert.ok(ended.durationMs < 60_000, `${ended.durationMs} ms`);
    await until('the daemon has written', () => existsSync(`${root}/wrote`));
    const pid = Number(readFileSync(`${root}/daemon`, 'utf8'));
    assert.ok(isAlive(pid));
    assert.deepEqual((await client.status()).steps, [ended]);
    await client.kill(0, 0);
    assert.ok(!isAlive(pid));
  });

  test('keeps what a process of its own writes a moment after its end', async (t) => {
    const { client } = await startAgent(t);
    const { output } = await run(client, spec(0, 'exec > >(sleep 0.02; cat | tr a-z A-Z); echo late'));
    assert.equal(output, 'LATE\n');
  });

  test('has all of its output taken when it exits, even with nobody there', async (t) => {
    const { client } = await startAgent(t);
    // More than the spool holds: what is beyond waits in the pipe when the process has gone.
    await client.start(spec(0, 'head -c 17000000 /dev/zero'));
    await until('the end', async () => (await client.status()).steps[0]?.state === 'ended');
    assert.equal((await follow(client, 0)).output.length, 17_000_000);
  });

  test('leaves no zombie and no open file behind', async (t) => {
    const agent = await startAgent(t);
    const files = (): number => readdirSync(`/proc/${agent.process.pid}/fd`).length;
    await run(agent.client, spec(0, 'true'));
    const before = files();
    for (let index = 1; index < 30; index++) await run(agent.client, spec(index, index % 2 ? 'echo x' : 'true', index % 3 ? {} : { argv: ['/no/such'] }));
    await until('all pipes are closed', () => files() <= before);
    const children = readFileSync(`/proc/${agent.process.pid}/task/${agent.process.pid}/children`, 'utf8');
    assert.equal(children, '');
  });
});

function linkTarget(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

suite('the agent refuses, with a sentence', () => {
  test('what makes no sense', async (t) => {
    const { client } = await startAgent(t);
    await run(client, spec(0, 'echo 12345'));
    const table: [string, () => Promise<unknown>, RegExp][] = [
      ['an unknown step', () => client.kill(9, 0), /no step 9/],
      ['an unknown step', () => follow(client, 9), /no step 9/],
      ['bytes to come after the end', () => follow(client, 0, 7), /has written 6 bytes/],
      ['bytes that were acknowledged', () => follow(client, 0, 2), /below byte 6 was acknowledged/],
      ['half a number', () => client.kill(0, 0.5), /Usage: kill INDEX GRACE/],
      ['no program', () => client.start(spec(1, '', { argv: [] })), /argv must be/],
      ['a relative folder', () => client.start(spec(1, '', { cwd: 'tmp' })), /cwd must be/],
      ['a NUL', () => client.start(spec(1, '', { env: { A: 'x\0y' } })), /env must be/],
      ['no limit', () => client.start(spec(1, '', { noOutputTimeoutSeconds: 0 })), /noOutputTimeoutSeconds must be/],
      ['no number', () => client.start(spec(-1, '')), /index must be/],
    ];
    for (const [name, act, sentence] of table) await assert.rejects(act, (error) => error instanceof AgentRefused && sentence.test(error.message), name);
    assert.equal((await client.status()).steps.length, 1);
  });
});
