import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { paths } from '../../sandbox-agent/protocol.ts';
import { agentFolder, run, spec, startAgent } from './agent.ts';
import { inRootfs } from './in-rootfs.ts';

suite('the agent needs nothing of the image', () => {
  test('in a rootfs with busybox alone it runs steps as process 1 of tini, as the root of that image', async (t) => {
    const { client } = await startAgent(t, inRootfs('mkdir bin; cp /bin/busybox bin/; for name in sh id ps sleep cat tee setsid; do ln -s busybox bin/$name; done; ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/2 dev/stderr'));
    const shell = (index: number, script: string): ReturnType<typeof run> => run(client, spec(index, '', { argv: ['sh', '-c', script], cwd: '/job/dir' }));
    const { output } = await shell(0, 'pwd; echo $HOME $USER; echo e | tee /dev/stderr; cat /proc/1/cmdline; echo; cat /proc/1/status');
    assert.match(output, new RegExp(`^/job/dir\n/root root\ne\ne\n${paths.agent}/tini`));

    await client.start(spec(1, '', { argv: ['sh', '-c', 'trap "" TERM; setsid sh -c "trap : TERM; while :; do sleep 0.1; done" & sleep 1000'], background: true }));
    assert.equal((await client.kill(1, 200)).how, 'killed');
    const processes = (await shell(2, 'ps')).output;
    assert.doesNotMatch(processes, /sleep|defunct/);

    const nobody = await run(client, spec(3, '', { argv: ['/opt/roundhouse/git-connect', 'host', "git-upload-pack 'x'"] }));
    assert.equal(nobody.ended.exitCode, 128);
    assert.match(nobody.output, /no connection to the builder's repository/);
  });

  test('in an empty rootfs it runs whatever program there is', async (t) => {
    const { client } = await startAgent(t, inRootfs(''));
    const { output, ended } = await run(client, spec(0, '', { argv: [`${paths.agent}/tini`, '--version'], cwd: '~' }));
    assert.match(output, /^tini version/);
    assert.equal(ended.exitCode, 0);
    const shell = await client.start(spec(1, ''));
    assert.match((shell.state === 'ended' && shell.reason) || '', /no program "\/bin\/bash" in this image/);
  });
});

suite('the folder of the agent', () => {
  test('is made once for what it is made of, and is for everybody to read', async () => {
    const folder = await agentFolder();
    assert.equal(execFileSync('scripts/build-agent', { encoding: 'utf8' }).trim(), folder);
    for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
      const { mode } = statSync(join(folder, name));
      assert.equal(mode & 0o004, 0o004, name);
      assert.equal(mode & 0o022, 0, `${name} can be changed by others`);
    }
    for (const name of ['node', 'tini', 'lib/loader', 'git-connect', 'lib', '.']) assert.equal(statSync(join(folder, name)).mode & 0o001, 0o001, name);
  });

  test('holds compiled code that its Node accepts', async (t) => {
    const { complaints } = await startAgent(t);
    assert.ok(readFileSync(join(await agentFolder(), 'main.compiled')).length > 100_000);
    assert.equal(complaints(), '');
  });

  test('starts an agent that is small', async (t) => {
    const { process: agent, client } = await startAgent(t);
    await run(client, spec(0, 'true'));
    const kilobytes = Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]);
    // What is its own; the 45 MB of Node's program are one copy for all sandboxes.
    assert.ok(kilobytes < 30_000, `${kilobytes} kB`);
  });
});
