import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { paths } from '../../sandbox-agent/protocol.ts';
import { stepUser } from '../../sandbox-agent/user.ts';
import { isAlive, run, spec, startAgent, until } from './agent.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\ncircleci:x:3434:3435::/home/circleci:/bin/sh\nbare:x:77:77:::\n';
const group = 'root:x:0:\ndocker:x:999:root,circleci\nsudo:x:27:circleci\ncircleci:x:3435:\n';

suite('the user of a step', { concurrency: true }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'users-'));
  after(() => rmSync(folder, { recursive: true }));
  const [passwdFile, groupFile] = [join(folder, 'passwd'), join(folder, 'group')];
  writeFileSync(passwdFile, passwd);
  writeFileSync(groupFile, group);

  test('is a name or a number, with a group perhaps', () => {
    const none: number[] = [];
    for (const [text, name, home, uid, gid, groups] of [
      ['circleci', 'circleci', '/home/circleci', 3434, 3435, [999, 27]],
      ['3434', 'circleci', '/home/circleci', 3434, 3435, [999, 27]],
      ['circleci:docker', 'circleci', '/home/circleci', 3434, 999, none],
      ['3434:5', 'circleci', '/home/circleci', 3434, 5, none],
      ['4000', '4000', '/', 4000, 0, none],
      ['4000:docker', '4000', '/', 4000, 999, none],
      ['bare', 'bare', '/', 77, 77, none],
      ['root', 'root', '/root', 0, 0, [999]],
      ['', 'root', '/root', 0, 0, [999]],
    ] as const) {
      assert.deepEqual(stepUser(text, passwdFile, groupFile), { name, home, ids: { uid, gid }, groups: [...groups] }, text);
    }
    assert.deepEqual(stepUser('root', '/nowhere', '/nowhere'), { name: 'root', home: '/root', ids: { uid: 0, gid: 0 }, groups: [] });
    assert.throws(() => stepUser('nobody-here', passwdFile, groupFile), { message: 'There is no user "nobody-here" in this image.' });
    assert.throws(() => stepUser('circleci:wheel', passwdFile, groupFile), { message: 'There is no group "wheel" in this image.' });
  });

  test('has its groups, its home, its folders and the output; the agent stays root', async (t) => {
    const { client, process: agent } = await startAgent(t, inRootfs);
    const shell = async (index: number, script: string, more = {}): Promise<string> => (await run(client, spec(index, '', { argv: ['sh', '-c', script], user: 'circleci', cwd: '~/project/sub', ...more }))).output;
    assert.equal(await shell(0, 'id -u; id -g; id -G; echo $HOME $USER; pwd; grep -E ^Cap[IPE] /proc/self/status'), `3434\n3435\n3435 27 999\n/home/circleci circleci\n/home/circleci/project/sub\n${['Inh', 'Prm', 'Eff'].map((set) => `Cap${set}:\t0000000000000000\n`).join('')}`);
    // The home is its own; below / nobody but root makes a folder.
    assert.equal(await shell(1, 'stat -c "%u:%g" . .. /work /work/deep /work/deep/er', { cwd: '/work/deep/er' }), '3434:3435\n'.repeat(5));
    assert.equal(await shell(2, 'stat -c %u /home/circleci/project'), '3434\n');
    assert.equal(await shell(3, 'echo a > /dev/stdout; echo b > /dev/stderr; echo c | tee /dev/stderr'), 'a\nb\nc\nc\n');
    assert.equal(await shell(4, 'cat /root/secret'), "cat: can't open '/root/secret': Permission denied\n");
    // No way back to the agent's own rights: they are in no set of ids.
    assert.match(await shell(5, 'grep -E "^(Uid|Gid)" /proc/self/status'), /^Uid:(\t3434){4}\nGid:(\t3435){4}\n$/);
    assert.match(await shell(6, 'id; stat -c %u .', { user: undefined, cwd: '/root/own' }), /^uid=0[^\n]*\n0\n$/);
    assert.equal(await shell(7, 'id -u; id -G', { user: '4000:5' , cwd: '/tmp' }), '4000\n5\n');
    assert.ok(isAlive(agent.pid!));
  });

  test('that the image does not know, or that may not enter its folder, ends the step before it began', async (t) => {
    const { client } = await startAgent(t, inRootfs);
    const begin = async (index: number, more: object): Promise<string | undefined> => {
      const state = await client.start(spec(index, '', { argv: ['sh', '-c', 'true'], ...more }));
      assert.equal(state.state === 'ended' && state.how, 'not-started');
      return state.state === 'ended' ? state.reason : undefined;
    };
    assert.equal(await begin(0, { user: 'nobody-here' }), 'There is no user "nobody-here" in this image.');
    assert.match((await begin(1, { user: 'circleci', cwd: '/root/x' })) ?? '', /its working directory \/root\/x may not be entered/);
    assert.match((await begin(2, { user: 'circleci', argv: ['/no/such'], cwd: '/tmp' })) ?? '', /no program "\/no\/such"/);
    // The agent is root again after each.
    assert.equal((await run(client, spec(3, '', { argv: ['sh', '-c', 'id -u'] }))).output, '0\n');
  });

  test('does not keep the agent from killing all of it', async (t) => {
    const { client } = await startAgent(t, inRootfs);
    await client.start(spec(0, '', { argv: ['sh', '-c', 'trap "" TERM; setsid sh -c \'trap "" TERM; sleep 1000\' & touch /tmp/runs; sleep 1000'], user: 'circleci', cwd: '/tmp', background: true }));
    await until('it runs', async () => (await run(client, spec(1 + Math.floor(Math.random() * 1e6), '', { argv: ['sh', '-c', 'test -e /tmp/runs'] }))).ended.exitCode === 0);
    assert.equal((await client.kill(0, 50)).how, 'killed');
    assert.doesNotMatch((await run(client, spec(2e6, '', { argv: ['sh', '-c', 'ps'] }))).output, /sleep/);
  });
});

/** A root with busybox and those users. */
function inRootfs(folder: string, root: string): string[] {
  const script = `set -e
    PATH=$PATH:/usr/sbin:/sbin
    cd ${root}
    mkdir -p proc dev tmp etc bin home/circleci root opt ${paths.agent.slice(1)}
    chmod 755 .
    chmod 1777 tmp
    chmod 700 root
    echo hidden > root/secret
    chown 3434:3435 home/circleci
    printf '${passwd.replaceAll('\n', '\\n')}' > etc/passwd
    printf '${group.replaceAll('\n', '\\n')}' > etc/group
    cp /bin/busybox bin/
    for name in sh id ps sleep cat tee setsid stat grep touch test; do ln -s busybox bin/$name; done
    ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr
    mount --bind ${folder} ${paths.agent.slice(1)}
    mount -t proc proc proc
    touch dev/null
    mount --bind /dev/null dev/null
    exec env -i $(command -v chroot) . ${paths.agent}/tini -- ${paths.agent}/lib/loader --library-path ${paths.agent}/lib ${paths.agent}/node ${paths.agent}/agent.cjs`;
  return ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script];
}
