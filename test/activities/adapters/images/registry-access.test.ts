import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, fstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { authJson, registriesConf, withRegistryFiles } from '../../../../activities/adapters/images/registry-access.ts';
import { runFolder } from '../../../../activities/adapters/lxc/ranges.ts';

const folder = mkdtempSync('/tmp/rh-test-access-');
after(() => rmSync(folder, { recursive: true }));

const basic = (text: string): object => ({ auth: Buffer.from(text).toString('base64') });
const login = { username: 'job', password: 'of:the job' };
const settings = { registryMirrors: {}, insecureRegistries: [], registryLogins: {}, registryAuthFile: null };

test('mirrors and insecure registries, as skopeo reads them', () => {
  assert.equal(
    registriesConf({ registryMirrors: { 'docker.io': 'mirror.example:5000/hub' }, insecureRegistries: ['mirror.example:5000', 'other.example'] }),
    `[[registry]]
location = "mirror.example:5000"
insecure = true

[[registry]]
location = "other.example"
insecure = true

[[registry]]
location = "docker.io"
insecure = false
[[registry.mirror]]
location = "mirror.example:5000/hub"
insecure = true
`,
  );
});

test("a job's login stands before all of the operator's for its registry, and for no other", () => {
  const given = { auths: { 'r.example': basic('a:a'), 'r.example/team': basic('b:b'), 'https://index.docker.io/v1/': basic('c:c') }, credHelpers: { 'r.example': 'helper', 'gcr.io': 'gcloud' }, credsStore: 'desktop' };
  const operators = { registryLogins: { 'quay.io': { username: 'q', password: 'q' } } };
  assert.deepEqual(authJson(given, operators, 'r.example', login), {
    auths: { 'https://index.docker.io/v1/': basic('c:c'), 'quay.io': basic('q:q'), 'r.example': basic('job:of:the job') },
    credHelpers: { 'gcr.io': 'gcloud' },
  });
  assert.deepEqual(authJson(given, operators, 'r.example', null), {
    auths: { ...given.auths, 'quay.io': basic('q:q') },
    credHelpers: given.credHelpers,
    credsStore: 'desktop',
  });
  assert.deepEqual(authJson(given, { registryLogins: { 'docker.io': login } }, 'docker.io', null).auths, { 'r.example': basic('a:a'), 'r.example/team': basic('b:b'), 'docker.io': basic('job:of:the job') });
});

test('credentials are in a file that has no name and that only the process with its descriptor can read', async () => {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ auths: { 'r.example': basic('from:file') } }));
  await withRegistryFiles({ ...settings, registryAuthFile: file }, 'other.example', login, ({ auth, registries }) => {
    assert.deepEqual(JSON.parse(readFileSync(`/proc/self/fd/${auth}`, 'utf8')), { auths: { 'r.example': basic('from:file'), 'other.example': basic('job:of:the job') }, credHelpers: {} });
    for (const descriptor of [auth, registries]) {
      const { nlink, mode } = fstatSync(descriptor);
      assert.equal(nlink, 0);
      assert.equal(mode & 0o777, 0o600);
    }
    // More than one reader, each from the beginning.
    const twice = execFileSync('sh', ['-c', 'cat /proc/self/fd/3; cat /proc/self/fd/3'], { stdio: ['ignore', 'pipe', 'ignore', auth], encoding: 'utf8' });
    assert.equal(twice.split('other.example').length, 3);
    return Promise.resolve();
  });
  assert.deepEqual(existsSync(runFolder) ? readdirSync(runFolder).filter((name) => name.startsWith('call-')) : [], []);
});

test("an operator's file that is no JSON is named, and not quoted", async () => {
  const file = join(folder, 'broken.json');
  writeFileSync(file, '{"auths": geheim');
  const call = (registryAuthFile: string): Promise<void> => withRegistryFiles({ ...settings, registryAuthFile }, 'r.example', null, () => Promise.resolve());
  await assert.rejects(call(file), (error: Error) => /ROUNDHOUSE_REGISTRY_AUTH_FILE: .*broken\.json cannot be read as JSON\. Correct it/.test(error.message) && !error.message.includes('geheim'));
  await assert.rejects(call(join(folder, 'absent')), /cannot be read as JSON \(ENOENT\)/);
});
