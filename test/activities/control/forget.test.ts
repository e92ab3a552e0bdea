// Does everything about a repository or a person go, nothing else, and does the audit log stay whole?

import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { planKey } from '../../../config-schema/address.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { historyKey, repositoryHistoryKey, summaryKey, type PipelineView } from '../../../config-schema/view.ts';
import { fileHighWater } from '../../../activities/adapters/audit-head.ts';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { linkKey, makeAuditKey, payloadBytes, payloadKey, readLink, sha256, signLink } from '../../../activities/control/audit-chain.ts';
import { auditLog } from '../../../activities/control/audit-log.ts';
import { readAudit } from '../../../activities/control/audit-read.ts';
import { verifyAudit } from '../../../activities/control/audit-verify.ts';
import type { AuditEvent } from '../../../activities/control/audit.ts';
import { controlActivities, type ControlPorts } from '../../../activities/control/control.ts';
import { forgetPerson, forgetRepository, type ForgetPorts } from '../../../activities/control/forget.ts';
import { putJson, type ObjectStore } from '../../../activities/object-store.ts';
import { rememberName } from '../../../activities/repository-name.ts';
import { uuidOf } from '../../../activities/uuid.ts';

const folder = await mkdtemp(join(tmpdir(), 'rh-forget-'));
after(() => rm(folder, { recursive: true, force: true }));
const key = makeAuditKey();
const asker = { who: 'operator root', from: 'command line at host' };
const ada = { id: 583231, login: 'ada' };
const bob = { id: 99, login: 'bob' };

type Person = { id: number; login: string };
type Facts = { repositoryId: number; number: number; sender: Person; author?: string | null; forkOf?: string };

function triggerOf({ repositoryId, sender, author = null, forkOf }: Facts): Trigger {
  const repository = { id: repositoryId, owner: 'acme', name: `shop-${repositoryId}`, private: false, defaultBranch: 'main', installationId: 1 };
  const pullRequest = forkOf === undefined ? null : { number: 1, url: 'https://github.example/pull/1', headRepositoryId: 5, headOwner: forkOf, headName: 'shop', baseRef: 'main' };
  return { event: 'push', deliveryId: 'd', receivedAt: '2026-01-01T00:00:00.000Z', repository, ref: 'refs/heads/main', before: '0'.repeat(40), sha: 'a'.repeat(40), sender, commit: { subject: 'x', authorLogin: author }, pullRequest };
}

/** As control activities leave it. */
async function pipeline(store: ObjectStore, facts: Facts): Promise<void> {
  const { repositoryId, number } = facts;
  const trigger = triggerOf(facts);
  const endedAt = `2026-01-01T00:00:0${number}.000Z`;
  await putJson(store, planKey(repositoryId, number), { version: 1, number, trigger, trust: 'T2', plan: {} });
  await store.put(`pipelines/${repositoryId}/${number}/workflows/build/test/0/attempts/1/steps/0/0.zst`, Buffer.from('log'));
  const view: PipelineView = { version: 1, repository: trigger.repository, number, trigger, trust: 'T2', state: 'ended', outcome: 'passed', startedAt: endedAt, endedAt, workflows: [] };
  await controlActivities({ store } as Partial<ControlPorts> as ControlPorts).finish(view);
}

async function newStore() {
  const place = await mkdtemp(join(folder, 'store-'));
  const [store, highWater] = [fileStore(join(place, 'store')), fileHighWater(join(place, 'head'))];
  const audit = auditLog({ store, highWater, signingKey: () => Promise.resolve(key) });
  const ports: ForgetPorts = { store, highWater, publicKeys: [key.publicKey], audit, hasOpenPipelines: () => Promise.resolve(false) };
  const note = (fields: Partial<AuditEvent>): Promise<void> => audit.append({ who: 'roundhouse', from: 'webhook', action: 'key.used', subject: 'x', ...fields });
  return { place, store, audit, ports, note };
}

/** Every key outside the audit log, and all the text that is stored under them. */
async function contents(store: ObjectStore, prefix = ''): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { key: name } of store.list(prefix)) found.set(name, Buffer.from((await store.get(name))!).toString('utf8'));
  return found;
}

async function entries(ports: ForgetPorts): Promise<(AuditEvent | null)[]> {
  const found = [];
  for await (const { event } of readAudit(ports)) found.push(event);
  return found;
}

/** A process that ends at its `after`th deletion or rewriting. */
function endingAfter(store: ObjectStore, changes: number): ObjectStore {
  let left = changes;
  const spend = (): void => {
    left -= 1;
    if (left < 0) throw new Error('killed');
  };
  return {
    ...store,
    async put(...args) {
      if (!args[0].startsWith('audit/')) spend();
      await store.put(...args);
    },
    async delete(name) {
      spend();
      await store.delete(name);
    },
  };
}

test('a repository is forgotten: its pipelines, history, names, keys and audit payloads go, those of another with a similar number stay', async () => {
  const { store, ports, note } = await newStore();
  for (const repositoryId of [7, 77]) {
    await rememberName(store, { id: repositoryId, owner: 'acme', name: `shop-${repositoryId}` }, '2026-01-01T00:00:00.000Z');
    await store.put(`vault/repositories/${repositoryId}/openpgp-current`, Buffer.from('sealed'));
    for (const number of [1, 7]) await pipeline(store, { repositoryId, number, sender: ada });
    await note({ repositoryId });
  }
  await rememberName(store, { id: 7, owner: 'acme', name: 'renamed' }, '2026-01-02T00:00:00.000Z');
  await note({ repositoryId: 7, details: { secrets: ['TOKEN'] } });
  await note({ personId: 7 });

  const report = await forgetRepository(ports, { repositoryId: 7, ...asker });
  assert.ok('objects' in report);
  // Per pipeline plan, log, summary, two lines, and by its UUID; two names that lead there, and the present one; the key.
  assert.deepEqual([report.objects, report.entries], [2 * 6 + 3 + 1, 2]);
  const left = await contents(store);
  const named = [...left.keys()].filter((name) => !name.startsWith('audit/'));
  const uuids = [1, 7].map((number) => `ids/${uuidOf('pipeline', 77, number)}.json`);
  assert.deepEqual(named.filter((name) => !/(^|[/-])77([/-]|$)|shop-77/.test(name) && !uuids.includes(name)), []);
  assert.equal(named.length, 2 * 6 + 2 + 1, 'all of the other');
  assert.ok(![...left.values()].some((text) => text.includes('TOKEN')));

  const { problems, forgotten, undeleted } = await verifyAudit(ports);
  assert.deepEqual([problems, forgotten, undeleted], [[], [[1, 1], [3, 3]], []]);
  const [one, two, three, four, five] = await entries(ports);
  assert.deepEqual([one, two?.repositoryId, three, four?.personId], [null, 77, null, 7]);
  assert.deepEqual(five, { ...asker, action: 'forgotten', subject: 'repository 7', details: { kind: 'repository', seqs: [[1, 1], [3, 3]], objects: 16 } });

  const again = await forgetRepository(ports, { repositoryId: 7, ...asker });
  assert.ok('objects' in again && again.objects === 0 && again.entries === 0);
  assert.equal((await entries(ports)).length, 5, 'what did nothing is not noted');
});

test('a repository with open pipelines is refused, and a number that is none', async () => {
  const { store, ports, note } = await newStore();
  await pipeline(store, { repositoryId: 7, number: 1, sender: ada });
  await note({ repositoryId: 7 });
  const before = await contents(store);
  const open = { ...ports, hasOpenPipelines: (id: number) => Promise.resolve(id === 7) };
  assert.deepEqual(await forgetRepository(open, { repositoryId: 7, ...asker }), { refused: 'repository 7 has pipelines that have not ended, and what they write would stay. Cancel them, wait until they have ended, and forget it then.' });
  for (const repositoryId of [0, -7, 1.5, NaN]) assert.match(JSON.stringify(await forgetRepository(ports, { repositoryId, ...asker })), /refused.*is no repository's number/);
  for (const person of [{ personId: 0, login: 'root' }, { personId: 7, login: '' }]) assert.match(JSON.stringify(await forgetPerson(ports, { ...person, ...asker })), /refused.*is nobody on GitHub/);
  assert.deepEqual(await contents(store), before);
});

/** What a person sees of who it was: sender, author, owner of the fork, and the names in both histories. */
async function peopleOf(store: ObjectStore, repositoryId: number, number: number): Promise<string> {
  const read = async (name: string): Promise<{ trigger: Trigger; sender: string }> => JSON.parse(Buffer.from((await store.get(name))!).toString()) as { trigger: Trigger; sender: string };
  const [plan, summary] = [await read(planKey(repositoryId, number)), await read(summaryKey(repositoryId, number))];
  assert.deepEqual(plan.trigger, summary.trigger);
  const { sender, commit, pullRequest } = summary.trigger;
  const lines = [await read(repositoryHistoryKey(repositoryId, number)), await read(historyKey(`2026-01-01T00:00:0${number}.000Z`, repositoryId, number))];
  return [`${sender.id} ${sender.login}`, commit.authorLogin, pullRequest?.headOwner, ...lines.map((line) => line.sender)].map((name) => name ?? '-').join(', ');
}

// Numbers decide; a name only where there is no number.
const people: [what: string, facts: Omit<Facts, 'repositoryId' | 'number'>, left: string][] = [
  ['theirs', { sender: ada, author: 'Ada', forkOf: 'ada' }, '0 forgotten, forgotten, forgotten, forgotten, forgotten'],
  ['under an earlier name', { sender: { id: ada.id, login: 'lovelace' }, author: 'lovelace' }, '0 forgotten, forgotten, -, forgotten, forgotten'],
  ["somebody else's commit", { sender: ada, author: 'bob', forkOf: 'bob' }, '0 forgotten, bob, bob, forgotten, forgotten'],
  ["somebody else's push of their commit", { sender: bob, author: 'ada' }, '99 bob, forgotten, -, bob, bob'],
  ['of somebody who had the name before', { sender: { id: 12, login: 'ada' } }, '12 ada, -, -, ada, ada'],
  ["somebody else's", { sender: bob, author: 'adam' }, '99 bob, adam, -, bob, bob'],
];

test('a person is forgotten: their name leaves pipelines and history, and what the audit log says of them', async () => {
  const { store, ports, note } = await newStore();
  for (const [index, [, facts]] of people.entries()) await pipeline(store, { repositoryId: 7, number: index + 1, ...facts });
  await note({ who: 'github:583231 ada' });
  await note({ who: 'github:583231' });
  await note({ personId: 583231 });
  await note({ who: 'github:5832310 eve' });
  await note({ repositoryId: 583231 });

  const report = await forgetPerson(ports, { personId: ada.id, login: ada.login, ...asker });
  assert.ok('objects' in report);
  assert.deepEqual([report.objects, report.entries], [3 * 4 + 2, 3]);
  assert.match(report.notes.join('\n'), /Not searched: the output of steps/);
  for (const [index, [what, , left]] of people.entries()) assert.equal(await peopleOf(store, 7, index + 1), left, what);

  const { problems, forgotten } = await verifyAudit(ports);
  assert.deepEqual([problems, forgotten], [[], [[1, 3]]]);
  const last = (await entries(ports)).at(-1)!;
  assert.deepEqual(last, { ...asker, action: 'forgotten', subject: 'a person', details: { kind: 'person', seqs: [[1, 3]], objects: 14 } });
  assert.doesNotMatch([...(await contents(store, 'audit/')).values()].join('\n'), /\bada\b|583231 /);
});

test('forgetting is interrupted after each of its changes, and done again: nothing is left, and at no time does the audit log lie', async () => {
  for (const changes of [0, 1, 3, 4, 5, 6, 7]) {
    const { store, ports, note } = await newStore();
    await pipeline(store, { repositoryId: 7, number: 1, sender: { id: ada.id, login: 'lovelace' } });
    await note({ who: 'github:583231 ada' });
    await note({ personId: 583231 });
    const forget = (from: ObjectStore) => forgetPerson({ ...ports, store: from }, { personId: ada.id, login: 'ada', ...asker });
    // Two lines, two records, two payloads.
    if (changes < 6) await assert.rejects(forget(endingAfter(store, changes)), /killed/);
    else await forget(endingAfter(store, changes));
    assert.deepEqual((await verifyAudit(ports)).problems, [], `after ${changes} changes`);
    await forget(store);
    assert.equal(await peopleOf(store, 7, 1), '0 forgotten, -, -, forgotten, forgotten', `after ${changes} changes`);
    const { problems, forgotten, undeleted } = await verifyAudit(ports);
    assert.deepEqual([problems, forgotten, undeleted], [[], [[1, 2]], []]);
  }
});

test('what an old copy of the store brings back is told, and can be forgotten again', async () => {
  const { store, ports, note } = await newStore();
  await note({ repositoryId: 7 });
  await note({ repositoryId: 8 });
  const before = await contents(store, 'audit/payloads/');
  await forgetRepository(ports, { repositoryId: 7, ...asker });
  for (const [name, text] of before) await store.put(name, Buffer.from(text));
  const restored = await verifyAudit(ports);
  assert.deepEqual([restored.problems, restored.undeleted, restored.forgotten], [[], [[1, 1]], []]);
  await forgetRepository(ports, { repositoryId: 7, ...asker });
  const { problems, undeleted, forgotten } = await verifyAudit(ports);
  assert.deepEqual([problems, undeleted, forgotten], [[], [], [[1, 1]]]);
});

test('something is forgotten while the log is verified: no lie about it', async () => {
  const { store, ports, note } = await newStore();
  for (let n = 0; n < 40; n += 1) await note({ repositoryId: 7 });
  let isForgotten = false;
  const meanwhile: ObjectStore = {
    ...store,
    async get(name) {
      if (name === linkKey(20) && !isForgotten) {
        isForgotten = true;
        await forgetRepository(ports, { repositoryId: 7, ...asker });
      }
      return store.get(name);
    },
  };
  const { entries: count, problems, forgotten } = await verifyAudit({ ...ports, store: meanwhile });
  assert.deepEqual([count, problems, forgotten.at(-1)?.[1]], [41, [], 40]);
});

test('somebody who forgot others, and themself, is forgotten: what their entries explained stays explained', async () => {
  const { ports, note } = await newStore();
  const adaAsks = { who: 'github:583231 ada', from: 'the page' };
  await note({ repositoryId: 7 });
  await note({ personId: bob.id });
  await forgetRepository(ports, { repositoryId: 7, ...adaAsks });
  await forgetPerson(ports, { personId: bob.id, login: 'bob', ...adaAsks });
  await forgetPerson(ports, { personId: ada.id, login: 'ada', ...adaAsks });
  const { problems, forgotten } = await verifyAudit(ports);
  assert.deepEqual([problems, forgotten], [[], [[1, 4]]]);
  const [last, ...none] = (await entries(ports)).filter((event) => event !== null);
  assert.deepEqual([none, last?.who, last?.details], [[], 'github:0 forgotten', { kind: 'person', seqs: [[1, 4]], objects: 0 }]);
});

test('somebody with the store cannot have us sign that an entry of their choice was to be forgotten', async () => {
  const { store, ports, note } = await newStore();
  await note({ repositoryId: 7 });
  await note({ action: 'secret.revoked', repositoryId: 8 });
  const [link, strangersKey] = [(await store.get(linkKey(2)))!, makeAuditKey()];
  const payload = payloadKey(readLink(link)!.digest);
  // For the moment entry 2 is about the repository that is to be forgotten.
  const bait = payloadBytes({ who: 'x', from: 'x', action: 'x', subject: 'x', repositoryId: 7 });
  await store.put(payloadKey(sha256(bait)), bait);
  await store.put(linkKey(2), signLink({ seq: 2, at: new Date().toISOString(), previous: readLink(link)!.previous, digest: sha256(bait) }, strangersKey));
  const report = await forgetRepository(ports, { repositoryId: 7, ...asker });
  assert.ok('notes' in report && /tampered/.test(report.notes.join()));
  assert.equal(report.entries, 1);
  await store.put(linkKey(2), link);
  await store.delete(payload);
  assert.deepEqual((await verifyAudit(ports)).problems, [{ seq: 2, kind: 'deleted', sentence: 'what entry 2 says was deleted' }]);
});

test('the payload of an entry that a crash kept from being written is forgotten too, once it is an hour old', async () => {
  const { place, store, ports } = await newStore();
  const put = async (event: Partial<AuditEvent>, hoursAgo: number): Promise<string> => {
    const bytes = payloadBytes({ who: 'x', from: 'x', action: 'x', subject: 'x', ...event });
    const name = payloadKey(sha256(bytes));
    await store.put(name, bytes);
    const at = new Date(Date.now() - hoursAgo * 3_600_000);
    await utimes(join(place, 'store/audit/payloads', `=${sha256(bytes)}.json`), at, at);
    return name;
  };
  const [old, young, another] = [await put({ repositoryId: 7 }, 2), await put({ repositoryId: 7 }, 0.5), await put({ repositoryId: 8 }, 2)];
  await forgetRepository(ports, { repositoryId: 7, ...asker });
  assert.deepEqual(await Promise.all([old, young, another].map(async (name) => (await store.head(name)) !== undefined)), [false, true, true]);
});
