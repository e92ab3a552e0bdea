// Does a bucket keep the object store's promises, also when its server or the way there fails?

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { partBytes, partsAtOnce, s3Store } from '../../../activities/adapters/s3-store.ts';
import { abortUploads } from '../../../activities/adapters/s3-sweep.ts';
import { openStore, reachStore, s3Client, tryStore, type StoreSettings } from '../../../activities/adapters/store.ts';
import { ObjectExists, type ObjectStore } from '../../../activities/object-store.ts';
import { readSettings } from '../../../app/read-settings.ts';
import { collect } from '../../collect.ts';
import { objectStoreContract } from '../../contracts/object-store.ts';
import { startFailing, type Call, type FailingS3, type Fault } from '../../fakes/failing-s3.ts';
import { startS3, type S3Server } from '../../s3-server.ts';

let server: S3Server;
let settings: StoreSettings;
before(async () => {
  server = await startS3();
  Object.assign(process.env, server.env);
  settings = await readSettings();
});
after(() => server.stop());

const somewhere = (): string => `${randomUUID()}/`;
const within = (prefix: string, changes: Partial<StoreSettings> = {}): StoreSettings => ({ ...settings, store: { kind: 's3', bucket: server.bucket, prefix }, ...changes });
const large = Buffer.alloc(3 * partBytes, 'large');

objectStoreContract('s3', async () => openStore(within(somewhere())), { bothNames: false });

const always: [Call, Fault, (store: ObjectStore) => Promise<unknown>, RegExp][] = [
  ['put', 'refuse', (store) => store.put('new', Buffer.from('x')), /^cannot store new in s3:.* it answered 500 again and again/],
  ['put', 'hang', (store) => store.put('new', Buffer.from('x')), /^cannot store new in s3:.* it does not answer/],
  ['put', 'cut', (store) => store.put('new', Buffer.from('x'), { ifAbsent: true }), /^cannot store new in s3:.* it does not answer/],
  ['put', 'cut body', (store) => store.put('new', large.subarray(0, partBytes)), /^cannot store new in s3:.* it does not answer/],
  ['create', 'refuse', (store) => store.put('new', large), /^cannot store new in s3:.* 500/],
  ['part', 'refuse', (store) => store.put('new', large), /^cannot store new in s3:.* 500/],
  ['part', 'hang', (store) => store.put('new', streamed(large)), /^cannot store new in s3:.* does not answer/],
  ['part', 'cut body', (store) => store.put('new', streamed(large), { ifAbsent: true }), /^cannot store new in s3:.* does not answer/],
  ['complete', 'refuse', (store) => store.put('new', large), /^cannot store new in s3:.* 500/],
  ['complete', 'cut', (store) => store.put('new', large), /^cannot store new in s3:.* does not answer/],
  ['get', 'refuse', (store) => store.get('old'), /^cannot read old in s3:.* 500/],
  ['get', 'hang', (store) => store.read('old'), /^cannot read old in s3:.* does not answer/],
  ['get', 'cut answer', (store) => store.get('old'), /^cannot read old in s3:/],
  ['get', 'hang answer', (store) => store.get('old'), /^cannot read old in s3:.* does not answer/],
  ['head', 'hang', (store) => store.head('old'), /^cannot look for old in s3:.* does not answer/],
  ['list', 'cut', (store) => collect(store.list('')), /^cannot list .* does not answer/],
  ['delete', 'refuse', (store) => store.delete('old'), /^cannot delete old in s3:.* 500/],
];
for (const [call, fault, act, sentence] of always) {
  test(`${call}: ${fault}, always: one error after few tries, and nothing half done`, async (t) => {
    const { failing, through, direct, place } = await failingStore(t, 700);
    await direct.put('old', large);
    failing.decide = (asked) => (asked === call ? fault : undefined);
    await assert.rejects(act(through), (error: Error) => sentence.test(error.message) && error.cause instanceof Error);
    const tries = failing.calls.filter((one) => one === call).length;
    assert.ok(tries >= 3 && tries <= 4 * 4, `${tries} tries`);
    assert.equal(await direct.get('new'), undefined);
    assert.ok(large.equals((await direct.get('old'))!));
    assert.deepEqual((await collect(direct.list(''))).map(({ key }) => key), ['old']);
    await abortUploads(place.client, place, 0);
    assert.equal(await uploadsIn(place), 0);
  });
}

test('every call that fails now and then is made again', async (t) => {
  const { failing, through, place } = await failingStore(t, 1000);
  const faults: Fault[] = ['refuse', 'cut', 'cut answer', 'hang', 'lose answer'];
  failing.decide = (call, nth) => (nth % 3 === 1 ? faults[(nth + call.length) % faults.length] : undefined);
  for (let round = 0; round < 3; round += 1) {
    await through.put('small', Buffer.from(`small ${round}`));
    await through.put('large', streamed(large));
    assert.equal(Buffer.from((await through.get('small'))!).toString(), `small ${round}`);
    assert.ok(large.equals((await through.get('large'))!));
    assert.equal((await through.head('large'))?.size, large.length);
    assert.equal((await collect(through.list(''))).length, 2);
    await through.delete('small');
  }
  // One whose beginning was answered in vain is nobody's.
  await abortUploads(place.client, place, 0);
  assert.equal(await uploadsIn(place), 0);
});

test('who is first stays first when the answer is lost, and whoever comes later hears that', async (t) => {
  const { failing, through } = await failingStore(t);
  failing.decide = (call, nth) => (nth === 1 && ['put', 'complete'].includes(call) ? 'lose answer' : undefined);
  await through.put('small', Buffer.from('mine'), { ifAbsent: true });
  await through.put('large', streamed(large), { ifAbsent: true });
  failing.decide = (_, nth) => (nth % 2 === 0 ? 'cut' : undefined);
  for (const bytes of [Buffer.from('theirs'), large]) {
    await assert.rejects(through.put('small', bytes, { ifAbsent: true }), ObjectExists);
    await assert.rejects(through.put('large', bytes, { ifAbsent: true }), ObjectExists);
  }
  assert.equal(Buffer.from((await through.get('small'))!).toString(), 'mine');
});

test('who creates while another one creates or deletes tries again', async (t) => {
  const { failing, through, place } = await failingStore(t);
  failing.decide = (call, nth) => (nth <= 2 && ['put', 'complete'].includes(call) ? 'conflict' : undefined);
  await through.put('small', Buffer.from('x'), { ifAbsent: true });
  await through.put('large', large, { ifAbsent: true });
  assert.ok(large.equals((await through.get('large'))!));
  assert.equal(await uploadsIn(place), 0);
  failing.decide = (call) => (call === 'put' ? 'conflict' : undefined);
  await assert.rejects(through.put('small', Buffer.from('x'), { ifAbsent: true }), ObjectExists);
  await assert.rejects(through.put('new', Buffer.from('x'), { ifAbsent: true }), /^Error: cannot store new in s3:/);
});

test('an upload whose process was killed is aborted when it is old, and no other', async (t) => {
  const { failing, place } = await failingStore(t);
  const other = { ...place, prefix: somewhere() };
  failing.decide = (call) => (call === 'part' ? 'hang' : undefined);
  for (const { prefix } of [place, other]) {
    const asked = failing.calls.filter((call) => call === 'part').length;
    const script = `
      import { openStore } from ${JSON.stringify(new URL('../../../activities/adapters/store.ts', import.meta.url).pathname)};
      await openStore(${JSON.stringify(within(prefix, { s3Endpoint: failing.endpoint }))}).put('new', Buffer.alloc(${large.length}));`;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script], { stdio: 'inherit' });
    while (failing.calls.filter((call) => call === 'part').length === asked) await sleep(20);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await abortUploads(place.client, place, 86_400_000);
  assert.deepEqual([await uploadsIn(place), await uploadsIn(other)], [1, 1]);
  await abortUploads(place.client, place, 0);
  assert.deepEqual([await uploadsIn(place), await uploadsIn(other)], [0, 1]);
});

test('the first put looks for old uploads, and does not mind when nobody answers that', async (t) => {
  const { failing, through } = await failingStore(t);
  failing.decide = (call) => (call === 'uploads' ? 'refuse' : undefined);
  for (const key of ['a', 'b', 'c']) await through.put(key, Buffer.from(key));
  while (failing.calls.filter((call) => call === 'uploads').length < 3) await sleep(20);
});

test('an upload sends some parts at once, and has no more than those and the next ones in memory', async (t) => {
  const { failing, direct, place } = await failingStore(t);
  const patient = s3Store(s3Client(within(place.prefix, { s3Endpoint: failing.endpoint })), place);
  let given = 0;
  failing.decide = (call) => (call === 'part' ? 'hang' : undefined);
  const failed = patient.put('endless', (async function* () {
    for (const block = Buffer.alloc(1_000_000); ; given += block.length) yield block;
  })()).catch((error: unknown) => error);
  while (failing.calls.filter((call) => call === 'part').length < partsAtOnce) await sleep(20);
  await sleep(300);
  assert.equal(failing.calls.filter((call) => call === 'part').length, partsAtOnce);
  assert.ok(given <= (partsAtOnce + 2) * partBytes, String(given));
  failing.decide = () => 'refuse';
  await failing.stop();
  assert.ok((await failed) instanceof Error);
  assert.equal(await direct.get('endless'), undefined);
});

test('a reader that stops, or is slow, has a few ranges in memory', async (t) => {
  const { failing, through, direct } = await failingStore(t);
  await direct.put('large', Buffer.alloc(12 * partBytes, 'x'));
  const asked = (): number => failing.calls.filter((call) => call === 'get').length;
  const reading = (await through.read('large'))![Symbol.asyncIterator]();
  assert.equal(asked(), 1);
  await reading.next();
  await reading.next();
  await sleep(300);
  assert.ok(asked() <= 1 + partsAtOnce, String(asked()));
  await reading.return!();
  assert.ok(asked() <= 1 + partsAtOnce);
});

test('an object that is replaced while it is read is an error, not a mixture', async (t) => {
  const { direct } = await failingStore(t);
  await direct.put('k', large);
  const reading = (await direct.read('k'))!;
  await direct.put('k', Buffer.alloc(large.length, 'other'));
  await assert.rejects(collect(reading), { message: 'k was replaced while it was read. Read it again.' });
});

const unreachable: [string, () => Partial<StoreSettings>, Record<string, string>, RegExp][] = [
  ['no such bucket', () => ({ store: { kind: 's3', bucket: 'nobodys-bucket', prefix: '' } }), {}, /^cannot read .* in s3:\/\/nobodys-bucket at http:.*: there is no bucket nobodys-bucket\. Create it, or correct ROUNDHOUSE_STORE\.$/],
  ['an unknown key', () => ({}), { AWS_ACCESS_KEY_ID: 'nobody' }, /its credentials are refused\. Correct AWS_ACCESS_KEY_ID/],
  ['a wrong secret', () => ({}), { AWS_SECRET_ACCESS_KEY: 'wrong' }, /its credentials are refused\. Correct AWS_ACCESS_KEY_ID/],
  ['no credentials', () => ({}), { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: '', HOME: '/nowhere' }, /there are no credentials for it\. Set AWS_ACCESS_KEY_ID/],
  ['nobody there', () => ({ s3Endpoint: 'http://127.0.0.1:1' }), {}, /at http:\/\/127\.0\.0\.1:1: it does not answer\. Start it, .* AWS_ENDPOINT_URL_S3\.$/],
  ['no such host', () => ({ s3Endpoint: 'http://nowhere.invalid' }), {}, /it does not answer/],
  ['not S3', () => ({ s3Endpoint: `${server.endpoint}/health` }), {}, /^cannot (read|store) /],
];
for (const [title, changes, env, sentence] of unreachable) {
  test(`${title}: said in a sentence at the start, and by the doctor`, async (t) => {
    const saved = { ...process.env };
    t.after(() => Object.assign(process.env, saved));
    Object.assign(process.env, env);
    const wrong = within('', changes());
    await assert.rejects(reachStore(wrong), (error: Error) => sentence.test(error.message) || assert.fail(error));
    await assert.rejects(tryStore(openStore(wrong)), /^Error: cannot store doctor\/.* in s3:/);
  });
}

test('a certificate that nobody vouches for is refused, unless its authority is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 's3-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=s3', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  const secure = await startFailing(server.endpoint, { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') });
  t.after(() => secure.stop());
  const place = within(somewhere(), { s3Endpoint: secure.endpoint });
  await assert.rejects(reachStore(place), /its certificate is not trusted \(.*\)\. Name the file of its authority in AWS_CA_BUNDLE\.$/);
  await tryStore(openStore({ ...place, caBundle: certFile }));
  await assert.rejects(async () => openStore({ ...place, caBundle: join(folder, 'none.pem') }), /AWS_CA_BUNDLE: .*none\.pem.* cannot be read/);
});

test('a store that can be reached is, and keeps nothing of the trial', async () => {
  const good = within(somewhere());
  await tryStore(await reachStore(good));
  assert.deepEqual(await collect(openStore(good).list('')), []);
});

async function failingStore(t: TestContext, idleMs = 2000) {
  const failing: FailingS3 = await startFailing(server.endpoint);
  t.after(() => failing.stop());
  const prefix = somewhere();
  const place = { bucket: server.bucket, prefix, endpoint: failing.endpoint, client: s3Client(within(prefix)) };
  const hasty = s3Client(within(prefix, { s3Endpoint: failing.endpoint }), { connectMs: 2000, idleMs, tries: 3 });
  return { failing, through: s3Store(hasty, place), direct: openStore(within(prefix)), place };
}

async function uploadsIn({ bucket, prefix, client }: Awaited<ReturnType<typeof failingStore>>['place']): Promise<number> {
  return (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))).Uploads?.length ?? 0;
}

async function* streamed(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
}
