// Do the commands of somebody's laptop reach a Roundhouse elsewhere, by their token and nothing else?

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test, type TestContext } from 'node:test';
import { askRemote } from '../../../app/cli/remote.ts';
import { remoteHere } from '../../../app/cli/login.ts';
import { configErrorView } from '../page/pipeline-scene.ts';
import { artifactFileKey, artifactIndexKey, artifactsKey } from '../../../config-schema/artifact.ts';
import { apiOf } from '../api/api-scene.ts';

const bin = join(import.meta.dirname, '../../../bin/roundhouse');

type Ran = { code: number; out: string; err: string };

async function laptop(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'laptop-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  // No setting of whoever runs the tests; the cache of compiled sources alone.
  const env = { PATH: process.env.PATH!, HOME: home, XDG_CONFIG_HOME: join(home, 'config'), ROUNDHOUSE_DATA: join(home, 'none'), NO_COLOR: '1' };
  return {
    login: join(home, 'config/roundhouse/login.json'),
    env,
    async run(args: string[], { input = '', more = {} }: { input?: string; more?: Record<string, string> } = {}): Promise<Ran> {
      const child = spawn(bin, args, { env: { ...env, ...more }, stdio: ['pipe', 'pipe', 'pipe'] });
      child.stdin.end(input);
      const [code, out, err] = await Promise.all([new Promise<number>((resolve) => child.on('exit', (exit) => resolve(exit ?? -1))), text(child.stdout), text(child.stderr)]);
      return { code, out, err };
    },
  };
}

suite('a laptop', () => {
  test('logs in, looks, changes something, and logs out', async (t) => {
    const views = [{ ...configErrorView(), number: 6 }];
    const scene = await apiOf(t, views);
    views.unshift(scene.page.pipeline);
    const log = await scene.page.begin(1);
    await log.append(Buffer.from('one failed\n'));
    await scene.page.end(1, 'failed');
    scene.page.endSlice('failed');
    const [here, ada] = [await laptop(t), await scene.program('ada', 'write')];

    const key = artifactsKey({ repositoryId: 42, pipeline: 7, workflow: 'build', job: 'test / unit', slice: 0 }, 1, 1);
    await scene.store.put(artifactFileKey(key, 0), Buffer.from('private'));
    await scene.store.put(artifactIndexKey(key), Buffer.from(JSON.stringify({ version: 1, files: [{ path: 'out/report one.txt', file: 0, bytes: 7, sha256: 'sha' }] })));
    scene.page.slice.steps[1]!.result!.artifacts = { files: 1, bytes: 7 };

    const refused = await here.run(['login', scene.url], { input: `rh_${'A'.repeat(43)}\n` });
    assert.deepEqual([refused.code, refused.err], [2, 'roundhouse: This token is unknown here: it was revoked, or its time is over. Make another on the page, under your name.\n']);
    const login = await here.run(['login', `${scene.url}/`], { input: `${ada.token}\n` });
    assert.deepEqual([login.code, login.err], [0, `You are ada at ${scene.url}. Kept in ${here.login}\n`]);
    assert.equal((await stat(here.login)).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(await readFile(here.login, 'utf8')), { url: scene.url, token: ada.token });

    const builds = await here.run(['builds', 'acme/rocket']);
    assert.deepEqual(builds.out.split('\n').map((line) => line.split('  ').slice(0, 4).join(' ').trim()), ['acme/rocket#7 failed main abcdef01', 'acme/rocket#6 failed feature/boosters abcdef01', '.circle.yml: jobs.build.steps: must be a list, is a text. Put a dash before each step.', '']);
    assert.equal(JSON.parse((await here.run(['builds', '--limit', '1', '--json'])).out).number, 7);
    const logs = await here.run(['logs', 'acme/rocket#7', '--step', '2']);
    assert.deepEqual(logs, { code: 0, out: 'one failed\n', err: '--- step 2: npm test\n' });
    const to = join(here.env.HOME, 'artifacts');
    assert.deepEqual(await here.run(['artifacts', 'acme/rocket#7', '--to', to]), { code: 0, out: '           7  out/report one.txt\n', err: '' });
    assert.equal(await readFile(join(to, 'out/report one.txt'), 'utf8'), 'private');
    const why = await here.run(['why', 'acme/rocket#7/build/test %2F unit']);
    assert.deepEqual([why.code, why.out], [0, 'build/test / unit: failed\n']);

    assert.deepEqual(await here.run(['rerun', 'acme/rocket#7', '--failed']), { code: 0, out: 'acme/rocket#8\n', err: '' });
    assert.deepEqual((await here.run(['trigger', 'acme/rocket', '--branch', 'main', '--param', 'level=3'])).out, 'acme/rocket#8\n');
    const gone = await here.run(['trigger', 'acme/rocket', '--branch', 'gone']);
    assert.deepEqual([gone.code, gone.err], [2, 'roundhouse: acme/rocket has no branch gone. Correct the name, or push it first.\n']);
    assert.deepEqual(scene.done, [
      { rerun: 7, what: { kind: 'failed' }, by: 'ada' },
      { trigger: { repository: 'acme/rocket', branch: 'main', tag: undefined, parameters: { level: 3 } }, by: 'ada', event: 'api', from: 'API' },
    ]);

    assert.equal((await here.run(['logout'])).code, 0);
    const after = await here.run(['why', 'acme/rocket#7']);
    assert.deepEqual([after.code, /no Roundhouse app runs with this data folder/.test(after.err)], [3, true]);
  });

  test('by the environment, with a token for reading, changes nothing', async (t) => {
    const scene = await apiOf(t, [{ ...configErrorView(), number: 6 }]);
    const here = await laptop(t);
    const more = { ROUNDHOUSE_URL: scene.url, ROUNDHOUSE_TOKEN: (await scene.program('ada', 'read')).token };
    const cancel = await here.run(['cancel', 'acme/rocket#6'], { more });
    assert.deepEqual(cancel, { code: 2, out: '', err: 'roundhouse: This token is for reading. Make one for reading and writing on the page, under your name.\n' });
    const local = await here.run(['tokens', 'list'], { more });
    assert.deepEqual([local.code, /no Roundhouse app runs with this data folder/.test(local.err)], [3, true], 'what is the machine’s own stays there');
  });
});

suite('which Roundhouse', () => {
  test('is said by both variables or by none, and by an address of the web', async (t) => {
    const { env, login, run } = await laptop(t);
    assert.equal(await remoteHere(env), null);
    assert.deepEqual(await remoteHere({ ...env, ROUNDHOUSE_URL: 'https://ci.example.org/', ROUNDHOUSE_TOKEN: 'rh_x' }), { url: 'https://ci.example.org', token: 'rh_x' });
    await assert.rejects(remoteHere({ ...env, ROUNDHOUSE_TOKEN: 'rh_x' }), /ROUNDHOUSE_TOKEN is set without ROUNDHOUSE_URL\. Set both, or neither\./);
    for (const url of ['ci.example.org', 'ftp://ci.example.org', 'https://ada@ci.example.org']) await assert.rejects(remoteHere({ ...env, ROUNDHOUSE_URL: url, ROUNDHOUSE_TOKEN: 'rh_x' }), /ROUNDHOUSE_URL: .* is no address of a Roundhouse\./);
    assert.equal((await run(['logout'])).code, 0);
    await run(['login', 'http://127.0.0.1:9'], { input: 'rh_x' }).then(({ code, err }) => assert.deepEqual([code, /^roundhouse: http:\/\/127\.0\.0\.1:9 does not answer: /.test(err)], [3, true]));
    await assert.rejects(readFile(login), /ENOENT/);
  });

  test('that is none is said so', async (t) => {
    const { env, login } = await laptop(t);
    await mkdir(join(login, '..'), { recursive: true });
    await writeFile(login, 'x');
    await assert.rejects(remoteHere(env), /login\.json is not as `roundhouse login` writes it\. Log in again, or remove it: roundhouse logout/);
    await assert.rejects(askRemote({ url: 'http://127.0.0.1:9', token: 'x' }, () => Promise.reject(new Error('here')))('commits.why', {}), /Name a pipeline/);
  });
});
