// Sandboxes of images as they come from a registry: with a user that has sudo, without a shell's comforts, and with services beside them.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { imageStore } from '../../../../activities/adapters/images/images.ts';
import { plainContainer } from '../../../../activities/builder/sandbox.ts';
import { startRegistry, type Registry } from '../../../registry.ts';
import { reach, runInside, specOf, testHost } from './machine.ts';

/** Unpacked once, for all runs: it takes longer than the tests. */
const cache = join(process.env['ROUNDHOUSE_CACHE'] ?? '/var/cache/roundhouse', 'test-images', 'unpacked');
let registry: Registry;
const at = (name: string): string => `${registry.host}/${name}:latest`;

before(async () => {
  registry = await startRegistry();
  for (const name of ['busybox', 'cimg', 'redis', 'postgres'] as const) await registry.push(name, name);
});
after(() => registry.stop());
const { host } = testHost({ images: { image: (reference, options) => imageStore({ cache, imageMap: [], registryMirrors: {}, insecureRegistries: [registry.host], registryLogins: {}, registryAuthFile: null, imageDiskGigabytes: 50, imageMaxGigabytes: 20 }).image(reference, options) } });

test('steps run as the user of the image, who is root by sudo, and a kill reaches what became root', async () => {
  const handle = await host.create(specOf({ primary: plainContainer(at('cimg')) }));
  assert.equal(handle.user, 'circleci');
  assert.equal(handle.imageEnvironment?.['CIMG_SAYS'], 'made=for tests');
  const { user } = handle;
  assert.equal((await runInside(handle, 'id -un; id -u; echo $HOME; pwd; sudo id -u; sudo sh -c "id -un > /dev/stdout"', { user, cwd: '~/project' })).output, 'circleci\n3434\n/home/circleci\n/home/circleci/project\n0\nroot\n');
  assert.equal((await runInside(handle, 'stat -c %U /work /work/deep; touch x && echo mine', { user, cwd: '/work/deep' })).output, 'circleci\ncircleci\nmine\n');

  const agent = await reach(handle);
  await agent.start({ index: 900, argv: ['sh', '-c', 'sudo setsid sh -c \'trap "" TERM; touch /tmp/is-root; sleep 4711\' & wait; sleep 4711'], env: {}, cwd: '/tmp', user: 'circleci', background: true, noOutputTimeoutSeconds: null });
  while ((await runInside(handle, 'test -e /tmp/is-root')).exitCode !== 0) await sleep(20);
  await agent.kill(900, 50);
  agent.end();
  assert.doesNotMatch((await runInside(handle, 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')).output, /sleep 4711/);
  await host.destroy(handle.name);
});

test('check 3: in a fork\'s sandbox sudo gains nothing', async () => {
  const handle = await host.create(specOf({ primary: plainContainer(at('cimg')), trust: 'T0' }));
  const { output } = await runInside(handle, 'sudo -n id -u; echo "ended with $?"', { user: handle.user });
  assert.match(output, /ended with 1\n$/);
  assert.doesNotMatch(output, /^0$/m);
  await host.destroy(handle.name);
});

test('an image with busybox alone runs steps, beside a redis and a postgres that are reached by name', async () => {
  const postgres = { ...plainContainer(at('postgres')), name: 'db', environment: { POSTGRES_PASSWORD: 'of the test', POSTGRES_USER: 'ada' } };
  const handle = await host.create(specOf({ primary: plainContainer(at('busybox')), sidecars: [{ ...plainContainer(at('redis')), name: 'cache' }, postgres], limits: { cpus: 2, memoryBytes: 1024 ** 3, pids: 300, diskBytes: null } }));
  assert.deepEqual(handle.notes, []);
  for (const [sidecar, words] of [[0, /Ready to accept connections/], [1, /database system is ready to accept connections/]] as const) {
    while (!words.test((await host.sidecarOutput(handle.name, sidecar, 0)).bytes.toString())) await sleep(20);
  }
  const { output } = await runInside(handle, 'printf "PING\\r\\nQUIT\\r\\n" | nc cache 6379; printf "no packet of its" | nc db 5432; echo "ended with $?"', { user: handle.user });
  assert.match(output, /^\+PONG\r?\n\+OK\r?\n[^]*ended with 0\n$/);
  await host.destroy(handle.name);
});
