// Does the audit log keep every entry, and does it show whatever somebody with the store, but not the key, does to it?

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { fileHighWater } from '../../../activities/adapters/audit-head.ts';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { linkKey, makeAuditKey, payloadBytes, payloadKey, readLink, sha256, signLink, type Link } from '../../../activities/control/audit-chain.ts';
import { findEnd } from '../../../activities/control/audit-end.ts';
import { exportAudit, verifyExport } from '../../../activities/control/audit-export.ts';
import { auditLog } from '../../../activities/control/audit-log.ts';
import { matches, readAudit, type ReadOptions } from '../../../activities/control/audit-read.ts';
import { verifyAudit, type AuditReport } from '../../../activities/control/audit-verify.ts';
import type { AuditEvent, AuditKey } from '../../../activities/control/audit.ts';
import { getJson, ObjectExists, type ObjectStore } from '../../../activities/object-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'rh-audit-'));
after(() => rm(folder, { recursive: true, force: true }));
const [key, laterKey, strangersKey] = [makeAuditKey(), makeAuditKey(), makeAuditKey()];
const eventOf = (n: number): AuditEvent => ({ who: 'operator root', from: 'command line at host', action: 'context.set', subject: `context ${n} of acme`, details: { n } });

async function newLog(entries = 0, signingKey = key) {
  const place = await mkdtemp(join(folder, 'log-'));
  const [store, highWater] = [fileStore(join(place, 'store')), fileHighWater(join(place, 'audit-head'))];
  const open = (by: AuditKey = signingKey) => auditLog({ store, highWater, signingKey: () => Promise.resolve(by) });
  const log = open();
  for (let n = 1; n <= entries; n += 1) await log.append(eventOf(n));
  const reading = { store, highWater, publicKeys: [key.publicKey] };
  return { place, store, highWater, open, log, reading };
}

async function read(reading: Parameters<typeof readAudit>[0], options?: ReadOptions) {
  const entries = [];
  for await (const entry of readAudit(reading, options)) entries.push(entry);
  return entries;
}

const program = `
  import { auditLog } from '${new URL('../../../activities/control/audit-log.ts', import.meta.url)}';
  import { fileStore } from '${new URL('../../../activities/adapters/file-store.ts', import.meta.url)}';
  import { fileHighWater } from '${new URL('../../../activities/adapters/audit-head.ts', import.meta.url)}';
  const [, place, who, count, atOnce, key] = process.argv;
  const log = auditLog({ store: fileStore(place + '/store'), highWater: fileHighWater(place + '/audit-head'), signingKey: async () => JSON.parse(key) });
  for (let n = 0; n < Number(count); n += Number(atOnce)) {
    await Promise.all(Array.from({ length: Number(atOnce) }, async (_, i) => {
      await log.append({ who, from: 'a child', action: 'test.counted', subject: who + '/' + (n + i) });
      process.stdout.write(who + '/' + (n + i) + '\\n');
    }));
  }`;

/** Answers the subjects whose appending was acknowledged. `killAfterMs` from its first acknowledgement on. */
async function appendInChild(place: string, who: string, count: number, atOnce: number, killAfterMs?: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program, place, who, String(count), String(atOnce), JSON.stringify(key)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    if (acknowledged.length === 0 && killAfterMs !== undefined) void sleep(killAfterMs).then(() => child.kill('SIGKILL'));
    acknowledged.push(line);
  }
  assert.deepEqual(await ended, killAfterMs === undefined ? [0, null] : [null, 'SIGKILL']);
  return acknowledged;
}

test('two processes append 200 entries each at once: none is lost, and the chain is whole', async () => {
  const { place, reading, highWater } = await newLog();
  const acknowledged = (await Promise.all([appendInChild(place, 'left', 200, 1), appendInChild(place, 'right', 200, 10)])).flat();
  const report = await verifyAudit(reading);
  assert.deepEqual([report.entries, report.problems, report.head?.seq], [400, [], 400]);
  assert.deepEqual(await highWater.read(), report.head);
  const said = (await read(reading)).map(({ event }) => event!.subject);
  assert.deepEqual([...said].sort(), acknowledged.sort());
  assert.equal(new Set(said).size, 400);
  const turns = said.filter((subject, index) => index > 0 && subject.split('/')[0] !== said[index - 1]!.split('/')[0]).length;
  assert.ok(turns > 10, `they took turns ${turns} times only: they did not append at once`);
});

test('a process is killed ten times in mid-append: the chain is whole, and what was acknowledged is there', async () => {
  const { place, reading } = await newLog();
  const acknowledged: string[] = [];
  for (let n = 1; n <= 10; n += 1) acknowledged.push(...(await appendInChild(place, `life ${n}`, 100_000, n % 2 === 0 ? 1 : 8, Math.random() * 120)));
  const report = await verifyAudit(reading);
  assert.deepEqual(report.problems, []);
  const said = new Set((await read(reading)).map(({ event }) => event!.subject));
  assert.equal(said.size, report.entries);
  assert.deepEqual(acknowledged.filter((subject) => !said.has(subject)), []);
  assert.equal(new Set(acknowledged.map((subject) => subject.split('/')[0])).size, 10);
});

// What somebody does who can write to the object store, and reads our source, but has no key of ours.

type Deed = (store: ObjectStore, log: Awaited<ReturnType<typeof newLog>>) => Promise<void>;
type Row = { deed: string; do: Deed; found: string[]; noHighWater?: string[] };

const linkAt = async (store: ObjectStore, seq: number): Promise<Link> => readLink((await store.get(linkKey(seq)))!)!;
const payloadAt = async (store: ObjectStore, seq: number): Promise<string> => payloadKey((await linkAt(store, seq)).digest);
const removeLinks = async (store: ObjectStore, ...seqs: number[]): Promise<void> => {
  for (const seq of seqs) await store.delete(linkKey(seq));
};

/** A link and a payload that fit in everything but the key; with our key, what a copy of the store that went its own way would have. */
async function plant(store: ObjectStore, seq: number, event: AuditEvent, by: AuditKey): Promise<void> {
  const payload = payloadBytes(event);
  const before = await store.get(linkKey(seq - 1));
  await store.put(payloadKey(sha256(payload)), payload);
  await store.put(linkKey(seq), signLink({ seq, at: new Date().toISOString(), previous: before ? sha256(before) : null, digest: sha256(payload) }, by));
}

const fingerprint = (by: AuditKey): string => readLink(signLink({ seq: 1, at: new Date().toISOString(), previous: null, digest: '0'.repeat(64) }, by))!.key;
const foreign = (seq: number): string => `${seq} forged: entry ${seq} is signed by key ${fingerprint(strangersKey)}, which is none of this installation's`;

const rows: Row[] = [
  { deed: 'nothing', do: async () => {}, found: [] },
  { deed: 'deletes an entry in the middle', do: (store) => removeLinks(store, 3), found: ['3 missing: entry 3 is missing'] },
  { deed: 'deletes the first entries', do: (store) => removeLinks(store, 1, 2), found: ['1-2 missing: entries 1 to 2 are missing'] },
  { deed: 'deletes the last entry', do: (store) => removeLinks(store, 6), found: ['6 missing: entry 6 is missing at the end'], noHighWater: [] },
  { deed: 'deletes the end', do: (store) => removeLinks(store, 4, 5, 6), found: ['4-6 missing: entries 4 to 6 are missing at the end'], noHighWater: [] },
  { deed: 'deletes all of it', do: (store) => removeLinks(store, 1, 2, 3, 4, 5, 6), found: ['1-6 missing: entries 1 to 6 are missing at the end'], noHighWater: [] },
  {
    deed: 'deletes the end, and the log goes on',
    do: async (store, { open }) => {
      await removeLinks(store, 5, 6);
      await open().append(eventOf(7));
      await open().append(eventOf(8));
    },
    found: ['5-6 missing: entries 5 to 6 are missing'],
  },
  {
    deed: 'deletes the newest entry before another process has seen it',
    do: async (store, { open, log }) => {
      await open().append(eventOf(7));
      await removeLinks(store, 7);
      await log.append(eventOf(8));
    },
    found: ['7 missing: entry 7 is missing'],
  },
  { deed: 'deletes what an entry says', do: async (store) => store.delete(await payloadAt(store, 3)), found: ['3 deleted: what entry 3 says was deleted'] },
  {
    deed: 'deletes what the first three say',
    do: async (store) => {
      for (const seq of [1, 2, 3]) await store.delete(await payloadAt(store, seq));
    },
    found: ['1-3 deleted: what entries 1 to 3 say was deleted'],
  },
  { deed: 'writes something else into an entry', do: async (store) => store.put(await payloadAt(store, 3), payloadBytes(eventOf(99))), found: ['3 altered: what entry 3 says was changed'] },
  { deed: 'has an entry say what another one says', do: async (store) => store.put(await payloadAt(store, 3), (await store.get(await payloadAt(store, 2)))!), found: ['3 altered: what entry 3 says was changed'] },
  {
    deed: 'has a link lead to something else',
    do: async (store) => store.put(linkKey(3), Buffer.from(JSON.stringify({ ...(await linkAt(store, 3)), digest: (await linkAt(store, 2)).digest }))),
    found: ['3 altered: entry 3 was changed: its signature does not fit'],
  },
  {
    deed: 'gives an entry another time',
    do: async (store) => store.put(linkKey(6), Buffer.from(JSON.stringify({ ...(await linkAt(store, 6)), at: '2020-01-01T00:00:00.000Z' }))),
    found: ['6 altered: entry 6 was changed: its signature does not fit'],
  },
  { deed: 'writes a link with other spaces', do: async (store) => store.put(linkKey(3), Buffer.from(JSON.stringify(await linkAt(store, 3), null, 1))), found: ['3 altered: entry 3 was changed: its link cannot be read'] },
  { deed: 'writes what is no link', do: (store) => store.put(linkKey(3), Buffer.from('{"v":1,"digest":"../../x"')), found: ['3 altered: entry 3 was changed: its link cannot be read'] },
  {
    deed: 'swaps two entries',
    do: async (store) => {
      const [two, three] = [(await store.get(linkKey(2)))!, (await store.get(linkKey(3)))!];
      await store.put(linkKey(2), three);
      await store.put(linkKey(3), two);
    },
    found: ['2 reordered: in the place of entry 2 lies entry 3', '3 reordered: in the place of entry 3 lies entry 2'],
  },
  { deed: 'writes an old entry again at the end', do: async (store) => store.put(linkKey(7), (await store.get(linkKey(3)))!), found: ['7 reordered: in the place of entry 7 lies entry 3'] },
  { deed: 'replaces an entry by one with a key of their own', do: (store) => plant(store, 3, eventOf(99), strangersKey), found: [foreign(3)] },
  {
    deed: 'signs everything from an entry on with a key of their own',
    do: async (store) => {
      for (const seq of [4, 5, 6]) await plant(store, seq, eventOf(90 + seq), strangersKey);
    },
    found: [4, 5, 6].map(foreign),
  },
  {
    deed: 'puts an entry of their own at the end, and the log goes on',
    do: async (store, { log }) => {
      await plant(store, 7, eventOf(99), strangersKey);
      await log.append(eventOf(8));
    },
    found: [foreign(7)],
  },
  {
    deed: 'moves the end up to make room for an entry of their own',
    do: async (store) => {
      for (const seq of [6, 5, 4]) await store.put(linkKey(seq + 1), (await store.get(linkKey(seq)))!);
      await plant(store, 4, eventOf(99), strangersKey);
    },
    found: [foreign(4), ...[5, 6, 7].map((seq) => `${seq} reordered: in the place of entry ${seq} lies entry ${seq - 1}`)],
  },
  {
    deed: 'deletes what an entry says, and claims that it was to be forgotten',
    do: async (store) => {
      await store.delete(await payloadAt(store, 3));
      await plant(store, 7, { ...eventOf(7), action: 'forgotten', details: { kind: 'person', seqs: [[3, 3]], objects: 0 } }, strangersKey);
    },
    found: ['3 deleted: what entry 3 says was deleted', foreign(7)],
  },
  {
    deed: 'deletes what an entry says that comes after one about forgetting',
    do: async (store, { log }) => {
      await log.append({ ...eventOf(7), action: 'forgotten', details: { seqs: [[7, 99]] } });
      await log.append(eventOf(8));
      await store.delete(await payloadAt(store, 8));
    },
    found: ['8 deleted: what entry 8 says was deleted'],
  },
  {
    deed: 'puts a file of another name among the links',
    do: (store) => store.put('audit/links/3.json', Buffer.from('{}')),
    found: ["0 forged: audit/links/3.json is no entry's name: we did not put it there"],
  },
  { deed: 'puts back an entry of a copy of the store that went its own way', do: (store) => plant(store, 4, eventOf(99), key), found: ['5 replaced: entry 5 does not follow on entry 4: one of the two is not the one that was written first'] },
  {
    deed: 'puts back the end of such a copy',
    do: async (store) => {
      for (const seq of [5, 6]) await plant(store, seq, eventOf(90 + seq), key);
    },
    found: ['6 replaced: entry 6 is not the one that was noted when it was written'],
    noHighWater: [],
  },
];

const told = ({ problems }: AuditReport): string[] => problems.map(({ seq, to, kind, sentence }) => `${seq}${to === undefined ? '' : `-${to}`} ${kind}: ${sentence}`);

for (const { deed, do: act, found, noHighWater } of rows) {
  test(`somebody with the store ${deed}: ${found.length === 0 ? 'nothing is' : 'it is'} said`, async () => {
    const log = await newLog(6);
    await act(log.store, log);
    const { store, publicKeys } = log.reading;
    const report = await verifyAudit(log.reading);
    assert.deepEqual(told(report), found);
    // Only what is gone from the end needs the note of this machine.
    assert.deepEqual(told(await verifyAudit({ store, publicKeys })), noHighWater ?? found);
    const lines: string[] = [];
    for await (const line of exportAudit(log.reading)) lines.push(line);
    if (!deed.includes('of another name')) assert.deepEqual(await verifyExport(lines), report, 'an export shows the same');
    // It goes on whatever was done.
    const before = report.head?.seq ?? 0;
    await log.open().append(eventOf(100));
    const [newest] = await read(log.reading, { newestFirst: true, limit: 1 });
    assert.ok(newest!.event?.details?.['n'] === 100 && newest!.seq > before);
  });
}

test('an old key may not sign any more once a new one has; a head that was kept elsewhere says what is missing', async () => {
  const { store, open } = await newLog(2);
  await open(laterKey).append(eventOf(3));
  const publicKeys = [key.publicKey, laterKey.publicKey];
  const { head, problems } = await verifyAudit({ store, publicKeys });
  assert.deepEqual(problems, []);
  // Whoever stole the old one cannot explain a deletion by it either.
  await open(key).append({ ...eventOf(4), action: 'forgotten', details: { seqs: [[2, 2]] } });
  await store.delete(await payloadAt(store, 2));
  assert.deepEqual(told(await verifyAudit({ store, publicKeys })), ['2 deleted: what entry 2 says was deleted', `4 old-key: entry 4 is signed by key ${fingerprint(key)}, which had been replaced by ${fingerprint(laterKey)} before`]);
  await removeLinks(store, 3, 4);
  assert.deepEqual(told(await verifyAudit({ store, publicKeys }, { noted: [head!] })), ['2 deleted: what entry 2 says was deleted', '3 missing: entry 3 is missing at the end']);
});

test('an export verifies offline; one that was changed, or is of another installation, does not', async () => {
  const { reading } = await newLog(4);
  const lines: string[] = [];
  for await (const line of exportAudit(reading)) lines.push(line);
  const { head } = await verifyAudit(reading);
  assert.deepEqual(await verifyExport(lines), { entries: 4, head, problems: [], forgotten: [], undeleted: [] });
  assert.deepEqual(told(await verifyExport(lines.slice(0, -1))), ['4 missing: entry 4 is missing at the end']);
  assert.deepEqual(told(await verifyExport([lines[0]!, lines[1]!, lines[3]!, lines[2]!, lines[4]!])), ['2 missing: entry 2 is missing', '2 reordered: entry 2 stands behind entry 3']);
  assert.deepEqual(told(await verifyExport(lines.with(2, lines[2]!.replace('context 2', 'context 9')))), ['2 altered: what entry 2 says was changed']);
  assert.equal((await verifyExport(lines, { publicKeys: [strangersKey.publicKey] })).problems.length, 4);
  await assert.rejects(verifyExport(lines.slice(1)), /no export of an audit log: its first line/);
  await assert.rejects(verifyExport(lines.with(3, 'x')), /line 4 of the export is no entry/);
});

test('reading: from the first or the newest, after a number, so many', async () => {
  const { reading, store } = await newLog(40);
  const seqs = async (options?: ReadOptions, from: Parameters<typeof readAudit>[0] = reading) => (await read(from, options)).map(({ seq }) => seq);
  const all = Array.from({ length: 40 }, (_, index) => index + 1);
  assert.deepEqual(await seqs(), all);
  assert.deepEqual(await seqs({ newestFirst: true }), all.toReversed());
  assert.deepEqual(await seqs({ after: 37 }), [38, 39, 40]);
  assert.deepEqual(await seqs({ after: 37, newestFirst: true }), [40, 39, 38]);
  assert.deepEqual(await seqs({ limit: 2 }), [1, 2]);
  assert.deepEqual(await seqs({ limit: 2, newestFirst: true }, { store, publicKeys: reading.publicKeys }), [40, 39]);
  assert.deepEqual(await seqs({ limit: 0 }), []);
  const [first] = await read(reading, { limit: 1 });
  assert.deepEqual({ ...first, at: null }, { seq: 1, at: null, event: eventOf(1), problem: null });
  assert.ok(Math.abs(Date.parse(first!.at!) - Date.now()) < 60_000);

  // What was changed is not answered as if it had happened.
  await plant(store, 40, eventOf(99), strangersKey);
  const [newest] = await read(reading, { newestFirst: true, limit: 1 });
  assert.deepEqual([newest!.event, newest!.problem?.kind], [null, 'forged']);
});

test('the newest entry is found whatever is missing before it', async () => {
  const { store } = await newLog();
  for (const there of [[], [1], [1, 2, 3], [3], [1, 2, 4, 5, 9, 700, 701]]) {
    for (const seq of there) await store.put(linkKey(seq), Buffer.from('{}'));
    assert.equal(await findEnd(store), there.at(-1) ?? 0, there.join());
    await removeLinks(store, ...there);
  }
});

test('what a filter finds', () => {
  const event: AuditEvent = { who: 'github:583231 Ada', from: 'pipeline 7/1', action: 'context.set', subject: 'x', repositoryId: 7, personId: 9 };
  const table: [Parameters<typeof matches>[1], boolean][] = [
    [{}, true],
    [{ who: 'ada' }, true],
    [{ who: 'github:583231' }, true],
    [{ who: 'bob' }, false],
    [{ action: 'context' }, true],
    [{ action: 'context.set' }, true],
    [{ action: 'cont' }, false],
    [{ repositoryId: 7 }, true],
    [{ repositoryId: 8 }, false],
    [{ personId: 9 }, true],
    [{ personId: 583231 }, true],
    [{ personId: 58323 }, false],
    [{ who: 'ada', action: 'context', repositoryId: 8 }, false],
  ];
  for (const [filter, found] of table) assert.equal(matches(event, filter), found, JSON.stringify(filter));
});

test('the same event twice has two digests: what was forgotten cannot be guessed', async () => {
  const { store, log } = await newLog();
  await Promise.all([log.append(eventOf(1)), log.append(eventOf(1))]);
  assert.notEqual((await linkAt(store, 1)).digest, (await linkAt(store, 2)).digest);
  assert.equal(Buffer.from((await getJson<{ salt: string }>(store, await payloadAt(store, 1)))!.salt, 'base64').length, 16);
});

test('the store fails now and then: the caller hears of it, and the next entry is written', async () => {
  const { store, reading, highWater } = await newLog();
  let fault: 'before' | 'after' | 'taken' | null = null;
  const faulty: ObjectStore = {
    ...store,
    async put(name, bytes, options) {
      const now = name.startsWith('audit/links/') ? fault : null;
      if (now === 'before') throw new Error('the disk is full');
      await store.put(name, bytes, options);
      fault = now === null ? fault : null;
      if (now === 'after') throw new Error('the answer was lost');
      // An adapter that asked again by itself after a lost answer.
      if (now === 'taken') throw new ObjectExists(name);
    },
  };
  const log = auditLog({ store: faulty, highWater, signingKey: () => Promise.resolve(key) });
  fault = 'before';
  await assert.rejects(log.append(eventOf(1)), { message: 'cannot write to the audit log that context.set happened: the disk is full' });
  fault = 'after';
  await assert.rejects(log.append(eventOf(2)), /the answer was lost/);
  fault = 'taken';
  await log.append(eventOf(3));
  await log.append(eventOf(4));
  await assert.rejects(log.append({ ...eventOf(5), details: { n: 5n } }), /BigInt/);
  assert.deepEqual((await read(reading)).map(({ event }) => event?.details?.['n']), [2, 3, 4]);
  assert.deepEqual((await verifyAudit(reading)).problems, []);
});

test('the noted head only goes forward, in whichever order it is told', async () => {
  const place = join(folder, 'heads');
  const heads = fileHighWater(place);
  assert.equal(await heads.read(), null);
  const hash = (seq: number): string => String(seq % 10).repeat(64);
  const order = [3, 1, 12, 7, 12, 30, 29, 2];
  await Promise.all(order.map((seq) => fileHighWater(place).write({ seq, hash: hash(seq) })));
  assert.deepEqual(await heads.read(), { seq: 30, hash: hash(30) });
  await heads.write({ seq: 30, hash: hash(1) });
  await heads.write({ seq: 5, hash: hash(5) });
  assert.deepEqual(await heads.read(), { seq: 30, hash: hash(30) });
  await heads.write({ seq: 31, hash: hash(31) });
  assert.deepEqual(await readdir(place), [`0000000031-${hash(31)}`]);
});
