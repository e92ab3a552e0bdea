import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { imageStore, type ImageSettings } from '../../../../activities/adapters/images/images.ts';
import { plainConfig } from '../../../../activities/builder/image-store.ts';
import type { SandboxError } from '../../../../activities/builder/sandbox.ts';
import { tar } from '../../../images/tar.ts';
import { startRegistry, type Registry } from '../../../registry.ts';

const cache = mkdtempSync('/tmp/rh-test-images-');
const login = { username: 'ada', password: 'correct-horse' };
let registry: Registry;
before(async () => {
  registry = await startRegistry({ login });
  const layer = join(cache, 'layer.tar');
  writeFileSync(layer, tar([{ name: 'content', content: 'of the registry' }]));
  for (const name of ['cimg/node:18', 'library/debian:bookworm']) await registry.push(name, { layers: [layer] });
  mkdirSync(join(cache, 'images/debian/bookworm'), { recursive: true }); // As if it had been made.
});
after(async () => {
  await registry.stop();
  rmSync(cache, { recursive: true });
});

const settings = (more: Partial<ImageSettings> = {}): ImageSettings => ({ cache, imageMap: [], registryMirrors: {}, insecureRegistries: [registry.host], registryLogins: { [registry.host]: login }, registryAuthFile: null, imageDiskGigabytes: 50, imageMaxGigabytes: 20, ...more });
const made = { folder: join(cache, 'images/debian/bookworm'), digest: null, config: plainConfig };

test('debian:SUITE without a host is made here, unless the map leads it to a registry', async () => {
  assert.deepEqual(await imageStore(settings()).image('debian:12'), made);
  const mapped = imageStore(settings({ imageMap: [{ pattern: 'debian', target: `${registry.host}/library/debian` }] }));
  assert.equal(readFileSync(join((await mapped.image('debian:bookworm')).folder, 'content'), 'utf8'), 'of the registry');
});

test('any other image comes from its registry, and one that the map leads to Debian is made here', async () => {
  const image = await imageStore(settings()).image(`${registry.host}/cimg/node:18`);
  assert.ok(image.folder.startsWith(join(cache, 'images/oci/')));
  assert.deepEqual(await imageStore(settings({ imageMap: [{ pattern: 'cimg/*', target: 'debian:bookworm' }] })).image('cimg/node:18'), made);
});

test("a login for the registry that the config names does not go to the one that the map leads to", async () => {
  const imageMap = [{ pattern: 'cimg/*', target: `${registry.host}/cimg/*` }];
  const wrong = { username: 'ada', password: 'of docker hub' };
  // With it, this registry would refuse.
  assert.ok((await imageStore(settings({ imageMap })).image('cimg/node:18', { login: wrong })).digest);
  await assert.rejects(imageStore(settings({ imageMap, registryLogins: {}, cache: join(cache, 'other') })).image('cimg/node:18', { login }), (error: SandboxError) => /needs a login/.test(error.message));
  await assert.rejects(imageStore(settings({ cache: join(cache, 'third') })).image(`${registry.host}/cimg/node:18`, { login: wrong }), (error: SandboxError) => /password are wrong/.test(error.message));
});
