// How are the orbs of a config found, remembered, and pinned for a rerun?

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { cachedOrbs, keptOrbs, pinnedOrbs } from '../../../activities/control/orb-cache.ts';
import { pipelineOrbs, rememberOrbs, type OrbPorts } from '../../../activities/control/pipeline-orbs.ts';
import { loadOrbs, OrbsUnavailable, orbSource, resolveFrom, sha256Of, type OrbLink, type OrbReferences } from '../../../activities/control/orbs.ts';
import type { ObjectStore } from '../../../activities/object-store.ts';
import type { OrbSource, OrbSources } from '../../../config-schema/language/processed.ts';
import { readOrbReference } from '../../../config-schema/orb-reference.ts';
import type { Trigger } from '../../../config-schema/trigger.ts';
import { memoryForge } from '../../fakes/forge.ts';
import { collect } from '../../collect.ts';

/** A language for these tests: a text names the orbs that it needs, one a line. */
const linesOf: OrbReferences = (text, { orbs }) => {
  const named = (words: string): string[] => words.split('\n').filter((line) => line !== '');
  const within = [...orbs.values()].flatMap((orb) => ('text' in orb ? named(orb.text) : []));
  return [...new Set([...named(text), ...within])].filter((each) => !orbs.has(each));
};
const options = { path: '.circle.yml' };

/** A place whose answers are told beforehand; `away` while it does not answer. */
function place(orbs: Record<string, string>, name = 'there'): OrbLink & { asked: string[]; orbs: Record<string, string>; away: boolean } {
  const link = {
    name,
    asked: [] as string[],
    orbs,
    away: false,
    find({ text }: { text: string }) {
      link.asked.push(text);
      if (link.away) return Promise.reject(new OrbsUnavailable('there is nobody home'));
      const [version = '', ...rest] = (link.orbs[text] ?? '').split(' ');
      return Promise.resolve(version === '' ? null : orbSource(version, rest.join(' '), name));
    },
  };
  return link;
}
const open = async (t: TestContext): Promise<{ store: ObjectStore; folder: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'orbs-'));
  t.after(() => rm(folder, { recursive: true }));
  return { store: fileStore(folder), folder };
};
const find = async (link: OrbLink, text: string): Promise<OrbSource | null> => {
  const reference = readOrbReference(text);
  assert.ok(!('problem' in reference));
  const found = await link.find(reference);
  assert.ok(found === null || 'text' in found, JSON.stringify(found));
  return found;
};
const problemOf = (orbs: OrbSources, reference: string): string => {
  const orb = orbs.get(reference);
  return orb && 'problem' in orb ? orb.problem : '';
};

test('orbs of orbs are loaded, each once, until nothing is missing', async () => {
  const link = place({ 'a/a@1': '1.0.0 b/b@2\nc/c@3', 'b/b@2': '2.0.0 c/c@3', 'c/c@3': '3.0.0 a/a@1' });
  const orbs = await loadOrbs('a/a@1', options, linesOf, resolveFrom([link]));
  assert.deepEqual([...orbs.keys()], ['a/a@1', 'b/b@2', 'c/c@3']);
  assert.deepEqual(link.asked, ['a/a@1', 'b/b@2', 'c/c@3']);
});

test('a user’s mistakes become sentences, and the other orbs are loaded', async () => {
  const orbs = await loadOrbs('a/a@1\nslack@1\na/none@9.9.9\nhttp://x/y\na/a@latest\na/../b@1', options, linesOf, resolveFrom([place({ 'a/a@1': '1.0.0 ' })]));
  assert.equal(problemOf(orbs, 'a/a@1'), '');
  assert.match(problemOf(orbs, 'slack@1'), /^'slack@1' is not a reference to an orb\. Write NAMESPACE\/NAME@1\.2\.3/);
  assert.match(problemOf(orbs, 'a/none@9.9.9'), /^Looked in: there\. Or lay its source into the repository: \.circle\/orbs\/a\/none\/VERSION\.yml/);
  assert.match(problemOf(orbs, 'http://x/y'), /not an https:/);
  assert.match(problemOf(orbs, 'a/a@latest'), /'latest' is not a version/);
  assert.match(problemOf(orbs, 'a/../b@1'), /not a reference/);
});

test('more orbs than any config needs end in a sentence, whether side by side or each in another', async () => {
  const many = Array.from({ length: 300 }, (_, i) => `a/o${i}@1`);
  const wide = await loadOrbs(many.join('\n'), options, linesOf, resolveFrom([place(Object.fromEntries(many.map((each) => [each, '1.0.0 '])))]));
  assert.equal([...wide.values()].filter((orb) => 'text' in orb).length, 200);
  assert.match(problemOf(wide, 'a/o299@1'), /too many orbs: more than 200/);
  const deep = place({});
  for (let i = 0; i < 300; i++) deep.orbs[`a/o${i}@1`] = `1.0.0 a/o${i + 1}@1`;
  const chain = await loadOrbs('a/o0@1', options, linesOf, resolveFrom([deep]));
  assert.equal(deep.asked.length, 50);
  assert.match(problemOf(chain, 'a/o50@1'), /deeper than 50/);
});

test('a place that does not answer is a fault of ours, told with the remedy', async () => {
  const link = place({});
  link.away = true;
  await assert.rejects(() => loadOrbs('a/a@1', options, linesOf, resolveFrom([place({}), link])), (error: unknown) => error instanceof OrbsUnavailable && /^Cannot fetch the orb a\/a@1: there is nobody home\. Try again later\. Or lay its source/.test(error.message));
});

test('a release is asked for once, and holds whatever the place says later', async (t) => {
  const { store } = await open(t);
  const link = place({ 'a/a@1.0.0': '1.0.0 first' });
  const first = await find(cachedOrbs(link, store), 'a/a@1.0.0');
  link.orbs['a/a@1.0.0'] = '1.0.0 second';
  link.away = true;
  assert.deepEqual(await find(cachedOrbs(link, store), 'a/a@1.0.0'), first);
  assert.equal(first?.text, 'first');
  assert.deepEqual(link.asked, ['a/a@1.0.0']);
});

test('what may change is asked each time; its last answer holds while nobody answers, and that is told', async (t) => {
  const { store } = await open(t);
  const link = place({ 'a/a@1': '1.0.0 old', 'a/a@dev:x': 'dev:x old', 'https://h.example/o.yml': 'https://h.example/o.yml old' });
  const notes: string[] = [];
  const cached = cachedOrbs(link, store, (note) => void notes.push(note));
  for (const text of ['a/a@1', 'a/a@dev:x', 'https://h.example/o.yml']) {
    assert.equal((await find(cached, text))?.text, 'old');
    link.orbs[text] = `${text === 'a/a@1' ? '1.1.0' : text.replace('a/a@', '')} new`;
    assert.equal((await find(cached, text))?.text, 'new');
  }
  assert.deepEqual(notes, []);
  link.away = true;
  assert.equal((await find(cached, 'a/a@1'))?.version, '1.1.0');
  assert.deepEqual(notes, ['a/a@1: there is nobody home; its last answer was used, 1.1.0.']);
  await assert.rejects(() => find(cached, 'a/a@2'), OrbsUnavailable);
});

test('one place’s answers are not another’s', async (t) => {
  const { store } = await open(t);
  await find(cachedOrbs(place({ 'a/a@1.0.0': '1.0.0 theirs' }, 'one'), store), 'a/a@1.0.0');
  assert.equal((await find(cachedOrbs(place({ 'a/a@1.0.0': '1.0.0 ours' }, 'two'), store), 'a/a@1.0.0'))?.text, 'ours');
});

test('a source that was changed in the store is not believed', async (t) => {
  const { store } = await open(t);
  const link = place({ 'a/a@1.0.0': '1.0.0 right' });
  await find(cachedOrbs(link, store), 'a/a@1.0.0');
  await store.put(`orbs/sources/${sha256Of('right')}.yml`, Buffer.from('wrong'));
  assert.equal((await find(cachedOrbs(link, store), 'a/a@1.0.0'))?.text, 'right');
  assert.equal(link.asked.length, 2);
  assert.equal((await find(cachedOrbs(link, store), 'a/a@1.0.0'))?.text, 'right');
  assert.equal(link.asked.length, 2, 'and the store is mended');
});

test('of a folder’s orbs the sources are kept, for reruns; its answers are its own each time', async (t) => {
  const { store } = await open(t);
  const link = place({ 'a/a@1.0.0': '1.0.0 wrong' });
  await find(keptOrbs(link, store), 'a/a@1.0.0');
  link.orbs['a/a@1.0.0'] = '1.0.0 corrected';
  assert.equal((await find(keptOrbs(link, store), 'a/a@1.0.0'))?.text, 'corrected');
  const pinned = pinnedOrbs([{ reference: 'a/a@1.0.0', version: '1.0.0', sha256: sha256Of('wrong'), origin: 'x' }], store);
  assert.equal((await find(pinned, 'a/a@1.0.0'))?.text, 'wrong');
  assert.equal(await find(pinned, 'a/a@2.0.0'), null);
});

const trigger = (sha: string, change: Partial<Trigger> = {}): Trigger => ({
  event: 'push',
  deliveryId: 'x',
  receivedAt: new Date().toISOString(),
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  sha,
  sender: { id: 1, login: 'ada' },
  commit: { subject: '', authorLogin: null },
  pullRequest: null,
  ...change,
});
const textOf = (orbs: OrbSources, reference: string): string | undefined => {
  const orb = orbs.get(reference);
  return orb && 'text' in orb ? orb.text : undefined;
};
const used = (orbs: OrbSources) => [...orbs].flatMap(([reference, orb]) => ('text' in orb ? [{ reference, version: orb.version, sha256: orb.sha256, origin: orb.origin }] : []));

function world(store: ObjectStore, registry: OrbLink): OrbPorts & { forge: ReturnType<typeof memoryForge> } {
  return { forge: memoryForge(), store, orbReferences: linesOf, resolveOrbs: (nearest, note) => resolveFrom([...nearest, cachedOrbs(registry, store, note)]) };
}

test('a rerun of a commit compiles the orbs of before, a new push the newest', async (t) => {
  const { store } = await open(t);
  const registry = place({ 'a/a@1': '1.0.0 old', 'a/a@volatile': '1.0.0 old' });
  const ports = world(store, registry);
  const sha = 'a'.repeat(40);
  const first = await pipelineOrbs(ports, trigger(sha), 'a/a@1', options);
  await rememberOrbs(store, trigger(sha), used(first.orbs));
  registry.orbs = { 'a/a@1': '1.1.0 new', 'a/a@volatile': '1.1.0 new' };
  const rerun = await pipelineOrbs(ports, trigger(sha, { event: 'rerun' }), 'a/a@1\na/a@volatile', options);
  assert.deepEqual(rerun.orbs.get('a/a@1'), first.orbs.get('a/a@1'));
  assert.equal(textOf(rerun.orbs, 'a/a@volatile'), 'new', 'what the first did not use is resolved now');
  const elsewhere = trigger(sha, { event: 'rerun', repository: { ...trigger(sha).repository, id: 8 } });
  assert.equal(textOf((await pipelineOrbs(ports, elsewhere, 'a/a@1', options)).orbs, 'a/a@1'), 'new', 'a fork may hold the same commit');
  assert.equal(textOf((await pipelineOrbs(ports, trigger(sha), 'a/a@1', options)).orbs, 'a/a@1'), 'new');
  assert.equal(textOf((await pipelineOrbs(ports, trigger('b'.repeat(40), { event: 'rerun' }), 'a/a@1', options)).orbs, 'a/a@1'), 'new');
});

test('a rerun whose orbs are gone says so, and uses what there is', async (t) => {
  const { store } = await open(t);
  const registry = place({ 'a/a@1': '1.0.0 old' });
  const ports = world(store, registry);
  const sha = 'a'.repeat(40);
  await rememberOrbs(store, trigger(sha), used((await pipelineOrbs(ports, trigger(sha), 'a/a@1', options)).orbs));
  await store.delete(`orbs/sources/${sha256Of('old')}.yml`);
  registry.orbs['a/a@1'] = '1.1.0 new';
  const { orbs, notes } = await pipelineOrbs(ports, trigger(sha, { event: 'rerun' }), 'a/a@1', options);
  assert.equal(textOf(orbs, 'a/a@1'), 'new');
  assert.deepEqual(notes, ['a/a@1 was 1.0.0 in an earlier pipeline of this commit, with other text; that is not to be had any more.']);
});

test('the orbs of a repository come first for itself, and never answer for another', async (t) => {
  const { store } = await open(t);
  const mine = world(store, place({ 'a/a@1.0.0': '1.0.0 public' }));
  mine.forge.files.set('.circle/orbs/a/a/1.0.0.yml', 'mine');
  const sha = 'a'.repeat(40);
  const own = await pipelineOrbs(mine, trigger(sha), 'a/a@1.0.0', options);
  assert.deepEqual(own.orbs.get('a/a@1.0.0'), orbSource('1.0.0', 'mine', '.circle/orbs'));
  await rememberOrbs(store, trigger(sha), used(own.orbs));
  assert.deepEqual(await collect(store.list('orbs/')), [], 'nothing of it is remembered');
  const theirs = world(store, place({ 'a/a@1.0.0': '1.0.0 public' }));
  const other = { ...trigger(sha).repository, id: 8 };
  for (const event of ['push', 'rerun'] as const) assert.equal(textOf((await pipelineOrbs(theirs, trigger(sha, { event, repository: other }), 'a/a@1.0.0', options)).orbs, 'a/a@1.0.0'), 'public');
});

test('a registry that is away is waited for, and after a quarter of an hour the user hears of it', async (t) => {
  const { store } = await open(t);
  const registry = place({ 'a/a@1': '1.0.0 x' });
  registry.away = true;
  const ports = world(store, registry);
  await assert.rejects(() => pipelineOrbs(ports, trigger('a'.repeat(40)), 'a/a@1', options), OrbsUnavailable);
  const late = trigger('a'.repeat(40), { receivedAt: new Date(Date.now() - 16 * 60_000).toISOString() });
  assert.match(problemOf((await pipelineOrbs(ports, late, 'a/a@1', options)).orbs, 'a/a@1'), /^Cannot fetch the orb a\/a@1: there is nobody home\. Try again later\./);
});

test('what the store holds of orbs is text of before, even where somebody wrote rubbish into it', async (t) => {
  const { store, folder } = await open(t);
  await writeFile(join(folder, 'stray'), 'x');
  const link = place({ 'a/a@1.0.0': '1.0.0 right' });
  await find(cachedOrbs(link, store), 'a/a@1.0.0');
  for (const { key } of await collect(store.list('orbs/releases/'))) await store.put(key, Buffer.from('{"version":"1.0.0","sha256":"../../etc/passwd","origin":"x"}'));
  assert.equal((await find(cachedOrbs(link, store), 'a/a@1.0.0'))?.text, 'right');
});
