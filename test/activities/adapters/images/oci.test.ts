// An image of a registry becomes a root file system: the stories, against a real registry.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { registryImages, type RegistryImagesOptions } from '../../../../activities/adapters/images/oci.ts';
import type { ImageOptions, ImageStore } from '../../../../activities/builder/image-store.ts';
import { SandboxError } from '../../../../activities/builder/sandbox.ts';
import { thisArchitecture, type ImageParts } from '../../../images/layout.ts';
import { tar } from '../../../images/tar.ts';
import { startRegistry, type Registry } from '../../../registry.ts';

const folder = mkdtempSync('/tmp/rh-test-oci-');
const ada = { username: 'ada', password: 'correct-horse' };
let open: Registry;
let closed: Registry;
before(async () => {
  [open, closed] = await Promise.all([startRegistry(), startRegistry({ login: ada })]);
});
after(async () => {
  await Promise.all([open.stop(), closed.stop()]);
  rmSync(folder, { recursive: true });
});

let files = 0;
/** An image with one file, which says what it is. */
function small(content: string, more: Partial<ImageParts> = {}): ImageParts {
  const layer = join(folder, `${files++}.tar`);
  writeFileSync(layer, tar([{ name: 'content', content }]));
  return { layers: [layer], ...more };
}

let stores = 0;
const freshFolder = (): string => join(folder, `store-${stores++}`);
function storeAt(storeFolder: string, options: Partial<RegistryImagesOptions> = {}): ImageStore {
  return registryImages({ folder: storeFolder, diskBytes: 1e9, maxBytes: 1e9, registryMirrors: {}, insecureRegistries: [open.host, closed.host], registryLogins: {}, registryAuthFile: null, freshMs: 0, ...options });
}
const contentOf = async (store: ImageStore, reference: string, options?: ImageOptions): Promise<string> => readFileSync(join((await store.image(reference, options)).folder, 'content'), 'utf8');
const layersAsked = (registry: Registry): number => registry.requests().filter((line) => /^GET .*\/blobs\//.test(line)).length;
const refusal = (kind: SandboxError['kind'], words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SandboxError, String(error));
  assert.match(error.message, words);
  assert.equal(error.kind, kind);
  return true;
};

suite('an image of a registry', { concurrency: false }, () => {
  test('is not looked up again within the moment in which the slices of a job begin, by whoever may have it', async () => {
    const reference = await closed.push('team/moment', small('one'));
    const store = storeAt(freshFolder(), { freshMs: 60_000 });
    await store.image(reference, { login: ada });
    closed.forget();
    await store.image(reference, { login: ada });
    assert.deepEqual(closed.requests(), []);
    await assert.rejects(store.image(reference), refusal('unknown-image', /needs a login/));
  });

  test('comes with what its author set, and is whole', async () => {
    const reference = await open.push('team/cimg', 'cimg');
    const said: string[] = [];
    const image = await storeAt(freshFolder()).image(reference, { say: (line) => said.push(line) });
    assert.equal(image.config.user, 'circleci');
    assert.equal(image.config.workingDirectory, '/home/circleci/project');
    assert.deepEqual(image.config.entrypoint, ['/bin/sh', '-c', 'echo the entrypoint ran >&2; exit 1']);
    assert.deepEqual(image.config.command, ['/bin/sh']);
    assert.equal(image.config.environment['CIMG_SAYS'], 'made=for tests');
    assert.match(image.config.environment['PATH']!, /^\/home\/circleci\/bin:/);
    assert.deepEqual(image.config.labels, { maintainer: 'Roundhouse' });
    assert.match(image.digest!, /^sha256:[0-9a-f]{64}$/);
    assert.equal(statSync(join(image.folder, 'usr/bin/sudo')).mode & 0o7777, 0o4755);
    assert.equal(statSync(join(image.folder, 'home/circleci/project')).uid, 3434);
    assert.equal(execFileSync('chroot', [image.folder, 'greet'], { env: image.config.environment, encoding: 'utf8' }), 'greetings from the path\n');
    assert.match(said[0]!, new RegExp(`^fetching the image ${reference} \\(${image.digest}\\): \\d+ MB in 2 layers$`));
    assert.equal(said.length, 2);
  });

  test('is fetched once, although many ask for it at once; a tag is looked up each time, a digest is not', async () => {
    const reference = await open.push('team/once', small('once'));
    open.forget();
    const storeFolder = freshFolder();
    const store = storeAt(storeFolder);
    const [first, ...others] = await Promise.all([...Array(4)].map(() => store.image(reference)));
    for (const other of others) assert.deepEqual(other, first);
    assert.equal(layersAsked(open), 3); // The configuration, looked at before it is fetched, and the layer.
    open.forget();
    // Another process, which remembers nothing.
    assert.equal((await storeAt(storeFolder).image(reference)).folder, first!.folder);
    assert.equal(layersAsked(open), 0);
    assert.ok(open.requests().some((line) => line.startsWith('GET /v2/team/once/manifests/latest')));
    open.forget();
    assert.equal((await storeAt(storeFolder).image(`${open.host}/team/once@${first!.digest}`)).folder, first!.folder);
    assert.deepEqual(open.requests(), []);
    assert.deepEqual(readdirSync(join(first!.folder, '..')).sort(), ['free', 'image.json', 'rootfs', 'used']);
  });

  test('is a new one when its tag has moved, and the old one stays under its digest', async () => {
    const reference = await open.push('team/moving:1', small('before'));
    const store = storeAt(freshFolder());
    const old = await store.image(reference);
    await open.push('team/moving:1', small('after'));
    assert.equal(await contentOf(store, reference), 'after');
    assert.equal(await contentOf(store, `${open.host}/team/moving@${old.digest}`), 'before');
  });

  test('is the one for this architecture, out of a list', async () => {
    const other = thisArchitecture === 'arm64' ? 'amd64' : 'arm64';
    const reference = await open.push('team/list', [small('other', { architecture: other }), small('ours')]);
    assert.equal(await contentOf(storeAt(freshFolder()), reference), 'ours');
    const foreign = await open.push('team/foreign', [small('a', { architecture: other }), small('b', { architecture: 's390x' })]);
    await assert.rejects(storeAt(freshFolder()).image(foreign), refusal('unknown-image', new RegExp(`not made for this builder, which is linux/${thisArchitecture}: there is linux/${other}, linux/s390x\\. Use an image`)));
    const single = await open.push('team/single', small('a', { architecture: 's390x' }));
    await assert.rejects(storeAt(freshFolder()).image(single), refusal('unknown-image', /there is linux\/s390x\./));
  });

  test('that is too large is refused before it is fetched', async () => {
    const reference = await open.push('team/large', small('x'.repeat(1000)));
    open.forget();
    await assert.rejects(storeAt(freshFolder(), { maxBytes: 900 }).image(reference), refusal('unknown-image', /larger than this builder takes: 1 MB packed, and imageMaxGigabytes allows/));
    assert.equal(layersAsked(open), 0);
  });

  test('that does not exist, or whose registry does not prove who it is, gets its sentence', async () => {
    await open.push('team/there', small('x'));
    const store = storeAt(freshFolder());
    await assert.rejects(store.image(`${open.host}/team/there:gone`), refusal('unknown-image', /does not exist: .* knows no such name, tag or digest\. Correct "image:" in the config\./));
    await assert.rejects(store.image(`${open.host}/team/gone`), refusal('unknown-image', /does not exist/));
    await assert.rejects(store.image(`${open.host}/team/there@sha256:${'0'.repeat(64)}`), refusal('unknown-image', /does not exist/));
    await assert.rejects(store.image('Team/there'), refusal('unknown-image', /must be in lower case/));
    await assert.rejects(storeAt(freshFolder(), { insecureRegistries: [] }).image(`${open.host}/team/there`), refusal('unknown-image', /does not prove who it is.*insecureRegistries/));
    await assert.rejects(store.image('nowhere.invalid/a'), refusal('unknown-image', /there is no host nowhere\.invalid|does not answer/));
    await assert.rejects(store.image('127.0.0.1:1/a'), refusal('start-failed', /127\.0\.0\.1:1 does not answer/));
  });

  test('can be had under its last known digest while its registry is away, and the job hears of it', async () => {
    let registry = await startRegistry();
    const reference = await registry.push('team/away:1', small('here'));
    const port = Number(registry.host.split(':')[1]);
    const storeFolder = freshFolder();
    const insecureRegistries = [registry.host];
    const { digest } = await storeAt(storeFolder, { insecureRegistries }).image(reference);
    await registry.stop();
    const said: string[] = [];
    assert.equal(await contentOf(storeAt(storeFolder, { insecureRegistries }), reference, { say: (line) => said.push(line) }), 'here');
    assert.match(said.join(), new RegExp(`does not answer.* The image is used as it was when it was last asked for: ${digest}\\.`));
    await assert.rejects(storeAt(storeFolder, { insecureRegistries }).image(reference.replace(/:1$/, ':2')), refusal('start-failed', /does not answer/));
    registry = await startRegistry({ port });
    try {
      await assert.rejects(storeAt(storeFolder, { insecureRegistries }).image(reference), refusal('unknown-image', /does not exist/));
    } finally {
      await registry.stop();
    }
  });

  test('comes from the mirror of its registry, and from the registry what the mirror lacks', async () => {
    const registry = await startRegistry();
    try {
      const options = { registryMirrors: { [registry.host]: `${open.host}/mirrored` }, insecureRegistries: [open.host, registry.host] };
      await open.push('mirrored/team/a', small('of the mirror'));
      await registry.push('team/a', small('of the registry'));
      await registry.push('team/b', small('of the registry'));
      assert.equal(await contentOf(storeAt(freshFolder(), options), `${registry.host}/team/a`), 'of the mirror');
      assert.equal(await contentOf(storeAt(freshFolder(), options), `${registry.host}/team/b`), 'of the registry');
    } finally {
      await registry.stop();
    }
  });

  test('is not fetched on when everybody gave up, and leaves nothing', async () => {
    const reference = await open.push('team/busybox', 'busybox');
    const storeFolder = freshFolder();
    const store = storeAt(storeFolder);
    const giveUp = new AbortController();
    const patient = new AbortController();
    const both = [store.image(reference, { signal: giveUp.signal }), store.image(reference, { signal: patient.signal })];
    giveUp.abort(new Error('given up'));
    await assert.rejects(both[0]!, /given up/);
    assert.ok(existsSync((await both[1]!).folder)); // It was not the last who waited.
    const other = storeAt(freshFolder());
    const alone = new AbortController();
    await assert.rejects(other.image(reference, { signal: alone.signal, say: () => alone.abort(new Error('given up')) }), /given up/);
    assert.ok(existsSync((await other.image(reference)).folder));
  });
});

suite('an image behind a login', { concurrency: false }, () => {
  let reference: string;
  before(async () => {
    reference = await closed.push('team/private', small('private'));
  });

  test('needs it, and the sentence says whether there was one', async () => {
    const store = storeAt(freshFolder());
    await assert.rejects(store.image(reference), refusal('unknown-image', /does not give the image .* to everybody: it needs a login, or there is no such image\. Correct "image:" in the config, or add "auth:"/));
    await assert.rejects(store.image(reference, { login: { ...ada, password: 'wrong-horse' } }), (error: SandboxError) => {
      assert.match(error.message, /to the account that is to fetch it: user name or password are wrong/);
      const everything = `${error.message} ${error.stack} ${String((error.cause as Error).stack)}`;
      assert.ok(!everything.includes('wrong-horse') && !everything.includes(Buffer.from('ada:wrong-horse').toString('base64')));
      return true;
    });
    assert.equal(await contentOf(store, reference, { login: ada }), 'private');
  });

  test('is given to nobody else only because it is here, by tag or by digest', async () => {
    const storeFolder = freshFolder();
    const store = storeAt(storeFolder);
    const { digest } = await store.image(reference, { login: ada });
    const pinned = `${closed.host}/team/private@${digest}`;
    for (const image of [reference, pinned]) {
      await assert.rejects(store.image(image), refusal('unknown-image', /needs a login/));
      await assert.rejects(store.image(image, { login: { ...ada, password: 'guessed' } }), refusal('unknown-image', /password are wrong/));
    }
    closed.forget();
    assert.equal(await contentOf(store, pinned, { login: ada }), 'private');
    assert.deepEqual(closed.requests(), []);
    // Another process knows nothing of who came with which login.
    assert.equal(await contentOf(storeAt(storeFolder), pinned, { login: ada }), 'private');
    assert.notDeepEqual(closed.requests(), []);
  });

  test("is given to every job by the operator's login, from the settings or from a file", async () => {
    assert.equal(await contentOf(storeAt(freshFolder(), { registryLogins: { [closed.host]: ada } }), reference), 'private');
    const registryAuthFile = join(folder, 'auth.json');
    writeFileSync(registryAuthFile, JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from(`${ada.username}:${ada.password}`).toString('base64') } } }));
    assert.equal(await contentOf(storeAt(freshFolder(), { registryAuthFile }), reference), 'private');
  });

  test("is fetched without a word of the login in any program's arguments, its environment, or a file with a name", async () => {
    const storeFolder = freshFolder();
    const seen: string[] = [];
    let looking = true;
    const look = (async () => {
      while (looking) {
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
          try {
            const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
            if (command.startsWith('skopeo\0')) seen.push(command, readFileSync(`/proc/${pid}/environ`, 'utf8'));
          } catch {
            // It has ended.
          }
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      await storeAt(storeFolder).image(reference, { login: ada });
    } finally {
      looking = false;
    }
    await look;
    assert.ok(seen.some((text) => text.includes('docker://')), 'no call of skopeo was seen');
    const secrets = [ada.password, Buffer.from(`${ada.username}:${ada.password}`).toString('base64')];
    for (const secret of secrets) {
      assert.ok(!seen.join().includes(secret));
      assert.equal(execFileSync('sh', ['-c', 'grep -rlF -e "$1" "$2" /run/roundhouse/call-* 2>/dev/null || true', 'sh', secret, storeFolder], { encoding: 'utf8' }), '');
    }
  });
});

