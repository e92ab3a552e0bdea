// Images of a registry, with what they say of themselves, and containers beside the one of the steps: in real sandboxes, from a real registry.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { PipelineView } from '../../config-schema/view.ts';
import type { CheckRun } from '../github/index.ts';
import { startRegistry, type Registry } from '../registry.ts';
import { startInstance, type Instance } from './instance.ts';

const password = 'registry-passphrase-1';

let instance: Instance;
let open: Registry;
let closed: Registry;
const images = { cimg: '', busybox: '', redis: '', secret: '' };

before(async () => {
  open = await startRegistry();
  closed = await startRegistry({ login: { username: 'ada', password } });
  images.cimg = await open.push('acme/build:1', 'cimg');
  images.busybox = await open.push('acme/small', 'busybox');
  images.redis = await open.push('acme/redis:7', 'redis');
  images.secret = await closed.push('acme/secret', 'busybox');
  instance = await startInstance({ builders: [], env: { ROUNDHOUSE_INSECURE_REGISTRIES: `${open.host},${closed.host}` } });
  await mkdir(join(instance.folder, 'data'), { recursive: true });
  await writeFile(join(instance.folder, 'data/roundhouse.yml'), `imageMap: {"mapped/*": "${open.host}/acme/*", "ubuntu:*": "debian:bookworm"}\n`);
  await instance.startBuilder();
});
after(async () => {
  await open.stop();
  await closed.stop();
  await instance.stop();
});

type Ran = { check: CheckRun; view: PipelineView; log: (step: number) => Promise<string> };

/** Pushes one job `build` with these containers, as YAML in one line each, and these commands. */
async function ran(docker: string[], steps: string[], more = ''): Promise<Ran> {
  const list = (items: string[]): string => items.map((item) => `      - ${item}\n`).join('');
  const commands = steps.map((command) => `run: ${JSON.stringify(command)}`);
  const sha = await instance.push({ '.circle.yml': `version: 2.1\njobs:\n  build:\n    docker:\n${list(docker)}${more}    steps:\n${list(commands)}` });
  const check = await instance.check(sha, 'build', 120_000);
  const view = await instance.ended(sha);
  return { check, view, log: (step) => instance.logOf(view, { step }) };
}

test('steps run as the user of the image, with its environment, and may sudo; its entrypoint does not run', async () => {
  const { check, log } = await ran([`image: ${images.cimg}`], [
    'id -un; echo $HOME; pwd; touch made-here; echo 1 >> ~/in-home',
    'sudo id -un',
    'echo "$PATH" | tr : "\n"; which circleci',
  ]);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.equal(await log(0), 'circleci\n/home/circleci\n/home/circleci/project\n');
  assert.equal(await log(1), 'root\n');
  assert.match(await log(2), /\/opt\/roundhouse\/bin\n\/opt\/roundhouse\/bin\/circleci\n$/);
});

test('an image with nothing but busybox runs its steps in sh, and our commands', async () => {
  const { check, log } = await ran([`image: ${images.busybox}`], ['echo "in $0"; [ ! -e /bin/bash ] && echo no bash', 'echo a b c | circleci tests split --index=1 --total=2']);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.match(await log(0), /no bash\n$/);
  assert.equal(await log(1), 'b\n');
});

test('a service is reached by localhost and by its name, and what it prints is kept', async () => {
  const { check, view, log } = await ran([`image: ${images.cimg}`, `{image: "${images.redis}", name: store}`], [
    'for i in $(seq 100); do (exec 3<>/dev/tcp/localhost/6379) 2>/dev/null && break; sleep 0.1; done; exec 3<>/dev/tcp/store/6379; printf "PING\\r\\n" >&3; head -n 1 <&3',
  ]);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.equal((await log(0)).trim(), '+PONG');
  assert.equal(view.workflows[0]!.jobs[0]!.slices[0]!.steps[1]!.name, 'service store');
  assert.match(await log(1), /Ready to accept connections/);
});

test('a service that ends does not fail the job', async () => {
  const { check, log } = await ran([`image: ${images.busybox}`, `{image: "${images.busybox}", name: short, command: "echo I was here"}`], ['sleep 1']);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.match(await log(1), /I was here/);
});

test('user, entrypoint, command and environment of the config go before those of the image', async () => {
  const { check, log } = await ran([`{image: "${images.cimg}", user: root, environment: {FROM_ENTRY: entry}}`, `{image: "${images.cimg}", name: second, user: nobody, entrypoint: ["/bin/sh", "-c"], command: ["id -un; echo $ONLY_HERE; echo $FROM_ENTRY"], environment: {ONLY_HERE: yes-here}}`], [
    'id -un; echo "$FROM_ENTRY"; echo "[$ONLY_HERE]"; sleep 1',
  ]);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.equal(await log(0), 'root\nentry\n[]\n');
  assert.equal(await log(1), 'nobody\nyes-here\n\n');
});

test('an image by its digest, and images that the operator maps elsewhere', async () => {
  const { stdout: digest } = await promisify(execFile)('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${images.busybox}`]);
  const pinned = await ran([`image: "${open.host}/acme/small@${digest.trim()}"`], ['echo pinned']);
  assert.equal(await pinned.log(0), 'pinned\n');
  const first = await ran(['image: mapped/small'], ['[ -e /bin/bash ] || echo no bash']);
  assert.equal(first.check.conclusion, 'success', first.check.output.summary ?? '');
  assert.match(await first.log(0), /no bash/);
  const second = await ran(['image: ubuntu:22.04'], ['. /etc/os-release; echo $ID']);
  assert.equal(await second.log(0), 'debian\n');
});

test('an image that is not there fails the job with a sentence', async () => {
  const { check } = await ran([`image: ${open.host}/acme/nothing:9`], ['true']);
  assert.equal(check.conclusion, 'failure');
  assert.match(check.output.title ?? '', /acme\/nothing:9/);
});

test('an image behind a login: without it a sentence; with a variable of the project it runs, and nothing tells the password', async () => {
  const refused = await ran([`image: ${images.secret}`], ['true']);
  assert.equal(refused.check.conclusion, 'failure');
  assert.match(refused.check.output.title ?? '', /log ?in|sign in/i);

  const unset = await ran([`{image: "${images.secret}", auth: {username: ada, password: $REGISTRY_PASSWORD}}`], ['true']);
  assert.equal(unset.check.conclusion, 'failure');
  assert.match(unset.check.output.title ?? '', /there is no variable \$REGISTRY_PASSWORD/);

  await instance.inTree(password, 'variables', 'set', instance.repository, 'REGISTRY_PASSWORD');
  const { check, log } = await ran([`{image: "${images.secret}", auth: {username: ada, password: $REGISTRY_PASSWORD}}`], ['echo "$REGISTRY_PASSWORD"']);
  assert.equal(check.conclusion, 'success', check.output.summary ?? '');
  assert.equal(await log(0), `${'*'.repeat(password.length)}\n`);
});

test('in the end no sandbox is left, and no image in use', async () => {
  await instance.until('the sandboxes are gone', async () => (await instance.sandboxes()).length === 0);
});
