// Are the lists of pipelines right: open and ended ones, each once, newest first, whatever the store and Temporal do meanwhile?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readEnded } from '../../app/history/ended.ts';
import { entryOf, matcher, type Filter } from '../../app/history/filter.ts';
import { buildLine, type BuildLine } from '../../config-schema/view.ts';
import { allOf, everything, listsOf, pipelines, viewOf, type Facts } from './history-scene.ts';
import { eventually } from './page/scene.ts';

const newest = { limit: 10, before: null, readable: everything };
const all: Filter = { words: [] };
const range = (from: number, to: number): number[] => Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => (from < to ? from + i : from - i));

suite('lists of pipelines', () => {
  test('open and ended ones stand together, the newest first, each under the present name of its repository', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    world.begin({ number: 2 });
    world.ended({ number: 3 }, 'failed');
    world.ended({ repositoryId: 7, number: 1, at: 9 });
    world.rename(42, 'acme', 'spaceship');
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    const { lines, open, next } = await lists.pipelines(all, newest);
    assert.deepEqual(lines.map(({ owner, name, number, state, outcome }) => `${owner}/${name}#${number} ${outcome ?? state}`), ['acme/rocket-7#1 passed', 'acme/spaceship#3 failed', 'acme/spaceship#2 running', 'acme/spaceship#1 passed']);
    assert.deepEqual([open, next], [{ running: 1, waiting: 0 }, null]);
  });

  test('a pipeline appears, ends and stays: in every look it is there once', async (t) => {
    const world = pipelines();
    for (const number of range(1, 200)) world.ended({ number });
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    const first = async (): Promise<string[]> => (await lists.pipelines(all, { ...newest, limit: 3 })).lines.map(({ number, outcome }) => `${number} ${outcome}`);
    const view = world.begin({ number: 201 });
    assert.deepEqual(await first(), ['201 null', '200 passed', '199 passed']);
    // The history knows of the end before Temporal closes the workflow.
    world.tellHistory(view, 'failed');
    assert.deepEqual(await first(), ['201 failed', '200 passed', '199 passed']);
    world.end(view, 'failed');
    assert.deepEqual(await first(), ['201 failed', '200 passed', '199 passed']);
    // So short that nobody has seen it run.
    world.ended({ number: 202 });
    await eventually(async () => (await first()).join() === '202 passed,201 failed,200 passed');
    // Its end could be told only later, after those of others.
    world.ended({ number: 203, at: 150.5 });
    await eventually(async () => (await allOf(lists, all, { limit: 100 })).includes('rocket-42#203'));
  });

  test('the history is looked at seldom, but at once when something is known to have ended', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    const stop = new AbortController();
    t.after(() => stop.abort());
    const ended = readEnded({ ...world.ports(), signal: stop.signal, mostInMemory: 100, lookEveryMs: 3_600_000 });
    await eventually(() => ended.complete());
    await ended.refresh();
    world.ended({ number: 2 });
    await Promise.all([ended.refresh(), ended.refresh()]);
    assert.deepEqual([ended.has(42, 1), ended.has(42, 2)], [true, false]);
    await ended.refresh({ surely: true });
    assert.equal(ended.has(42, 2), true);
  });

  test('many look at once, and Temporal and the store are asked once', async (t) => {
    const world = pipelines();
    for (const number of range(1, 5)) world.ended({ number });
    const lists = listsOf(t, world, { lookEveryMs: 3_600_000 });
    await Promise.all(range(1, 50).map(() => lists.pipelines(all, newest)));
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    assert.equal(world.looks, 1);
    assert.ok(world.calls.list <= 2 && world.calls.get <= 6 + 1, JSON.stringify(world.calls));
  });

  test('whoever asks surely hears of what has begun or ended since the last look', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    const lists = listsOf(t, world, { lookEveryMs: 3_600_000 });
    const shown = async (surely: boolean): Promise<number[]> => (await lists.pipelines(all, { ...newest, surely })).lines.map(({ number }) => number);
    await eventually(async () => (await shown(false)).length === 1);
    world.begin({ number: 2 });
    world.ended({ number: 3 });
    assert.deepEqual(await shown(false), [1]);
    assert.deepEqual(await shown(true), [3, 2, 1]);
  });

  test('a store that fails every third time is read whole in the end', async (t) => {
    const world = pipelines();
    for (const number of range(1, 60)) world.ended({ number });
    let calls = 0;
    world.trouble = (call) => {
      calls += 1;
      if (calls % 3 === 0 || (call === 'list' && calls < 3)) throw new Error('slow down');
    };
    const lists = listsOf(t, world);
    // Usable at once, with what there is.
    assert.equal((await lists.pipelines(all, newest)).complete, false);
    await eventually(async () => (await lists.pipelines(all, newest).catch(() => null))?.complete === true, 20_000);
    world.trouble = () => {};
    assert.deepEqual(await allOf(lists), range(60, 1).map((number) => `rocket-42#${number}`));
    world.trouble = () => {
      throw new Error('away');
    };
    assert.equal((await lists.pipelines(all, newest)).lines.length, 10, 'what is in memory needs no store');
  });

  test('without Temporal the ended ones are shown, and that others are missing', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    world.begin({ number: 2 });
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    assert.deepEqual(await allOf(lists), ['rocket-42#2', 'rocket-42#1']);
    world.temporalIsAway = true;
    const away = await lists.pipelines(all, newest);
    assert.deepEqual([away.temporalAway, away.lines.map(({ number }) => number), away.open.running], [true, [1], 0]);
    world.temporalIsAway = false;
    const back = await lists.pipelines(all, newest);
    assert.deepEqual([back.temporalAway, back.lines.map(({ number }) => number)], [false, [2, 1]]);
  });

  test('a line that is damaged is left out', async (t) => {
    const world = pipelines();
    const damaged = world.ended({ number: 1 });
    world.ended({ number: 2 });
    for (const key of world.objects.keys()) if (key.endsWith(`-${damaged.repository.id}-1.json`)) world.objects.set(key, Buffer.from('{"owner":'));
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    assert.deepEqual((await lists.pipelines(all, newest)).lines.map(({ number }) => number), [2]);
  });

  test('what has left the history leaves memory when told to', async (t) => {
    const world = pipelines();
    for (const number of range(1, 3)) world.ended({ number });
    for (const number of range(1, 3)) world.ended({ repositoryId: 7, number, at: number + 10 });
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    for (const key of [...world.objects.keys()]) if (/^history\/\d+-7-/.test(key)) world.remove(key);
    await lists.reload();
    assert.deepEqual(await allOf(lists), range(3, 1).map((number) => `rocket-42#${number}`));
  });

  test('nobody sees, counts or pages through what they may not read', async (t) => {
    const world = pipelines();
    for (const number of range(1, 80)) world.ended({ repositoryId: number % 4 === 0 ? 42 : number % 4, number });
    for (const id of [42, 1]) world.begin({ repositoryId: id, number: 100 });
    const lists = listsOf(t, world);
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    const asked: number[] = [];
    const readable = async (repositories: { id: number }[]): Promise<Set<number>> => {
      asked.push(...repositories.map(({ id }) => id));
      return new Set(repositories.map(({ id }) => id).filter((id) => id === 42));
    };
    assert.deepEqual(await allOf(lists, all, { readable, limit: 7 }), ['rocket-42#100', ...range(20, 1).map((n) => `rocket-42#${4 * n}`)]);
    asked.length = 0;
    const { lines, next, open } = await lists.pipelines(all, { limit: 50, before: null, readable });
    assert.deepEqual([lines.length, next, open], [21, null, { running: 1, waiting: 0 }]);
    assert.equal(new Set(asked).size, asked.length, 'each repository is asked for once');
    assert.deepEqual((await lists.pipelines({ repositoryId: 1, words: [] }, { ...newest, readable })).lines, []);
  });

  for (const [what, filter, names] of [
    ['of all', all, range(300, 1).map((n) => `rocket-${n % 3 === 0 ? 42 : 7}#${n % 3 === 0 ? n / 3 : n - Math.floor(n / 3)}`)],
    ['of one repository', { repositoryId: 42, words: [] }, range(100, 1).map((n) => `rocket-42#${n}`)],
  ] as [string, Filter, string[]][]) {
    test(`older ones than memory holds are listed from the store: ${what}`, async (t) => {
      const world = pipelines();
      for (const n of range(1, 300)) world.ended({ repositoryId: n % 3 === 0 ? 42 : 7, number: n % 3 === 0 ? n / 3 : n - Math.floor(n / 3), at: n });
      const lists = listsOf(t, world, { mostInMemory: 25 });
      await eventually(async () => (await lists.pipelines(all, newest)).complete);
      for (const limit of [10, 25, 64]) assert.deepEqual(await allOf(lists, filter, { limit }), names, `${limit} on a page`);
      assert.equal((await lists.pipelines({ ...filter, branch: 'main' }, newest)).filtersLookAt, 25);
      assert.equal((await allOf(lists, { ...filter, branch: 'main' })).length, filter === all ? 25 : 9, 'filters look at memory');
      assert.deepEqual(await allOf(lists, filter, { readable: async () => new Set() }), []);
      for (const before of ['', 'x', '../../etc', '1.2', '0000000000', '9999999999999-1-1']) await lists.pipelines(filter, { ...newest, before });
    });
  }

  test('the address of the next page names nothing that the viewer may not read', async (t) => {
    const world = pipelines();
    for (const number of range(1, 60)) world.ended({ number, repositoryId: number % 2 === 0 ? 42 : 7 });
    const lists = listsOf(t, world, { mostInMemory: 20 });
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    world.ended({ number: 61, repositoryId: 7 });
    await eventually(async () => (await lists.pipelines(all, { ...newest, limit: 1 })).lines[0]!.number === 61);
    // Memory ends with 42; what comes after it is of 7.
    const readable = async (): Promise<Set<number>> => new Set([7]);
    for (const limit of [1, 5, 10, 11]) {
      const listed: number[] = [];
      for (let before: string | null = null; ; ) {
        const page = await lists.pipelines(all, { limit, before, readable });
        listed.push(...page.lines.map(({ number }) => number));
        if (page.next === null) break;
        assert.doesNotMatch(page.next, /[.-]42[.-]/);
        before = page.next;
      }
      assert.deepEqual(listed, range(61, 1).filter((number) => number % 2 === 1), `${limit} on a page`);
    }
  });

  test('one that took long and stays in memory hides none of those after it', async (t) => {
    const world = pipelines();
    for (const number of range(1, 6)) world.ended({ number }, 'passed', number === 4 ? 100 : 1);
    const lists = listsOf(t, world, { mostInMemory: 2 });
    await eventually(async () => (await lists.pipelines(all, newest)).complete);
    for (const limit of [1, 10]) assert.deepEqual(await allOf(lists, { repositoryId: 42, words: [] }, { limit }), [6, 4, 5, 3, 2, 1].map((number) => `rocket-42#${number}`));
  });

  test('10,000 lines are filtered without a read of the store, and memory keeps the newest', async (t) => {
    const world = pipelines();
    for (const number of range(1, 10_050)) world.ended({ number, repositoryId: (number % 30) + 1, ref: `refs/heads/b${number % 100}`, sender: `p${number % 7}` });
    const lists = listsOf(t, world, { mostInMemory: 10_000 });
    await eventually(async () => (await lists.pipelines(all, newest)).complete, 20_000);
    await lists.pipelines({ words: ['x'] }, newest);
    const readBefore = world.calls.get;
    const { lines } = await lists.pipelines({ branch: 'b99', by: 'P3', words: ['change'] }, { ...newest, limit: 500 });
    assert.deepEqual(lines.map(({ number }) => number), range(10_050, 51).filter((n) => n % 100 === 99 && n % 7 === 3));
    assert.equal(world.calls.get, readBefore);
  });
});

const lineOf = (facts: Partial<Facts> = {}, over: Partial<BuildLine> = {}): BuildLine => ({ ...buildLine(viewOf({ number: 12, subject: 'Fix the Fuse', sha: 'abcdef0123'.repeat(4), ...facts })), ...over });
const ended = (outcome: BuildLine['outcome']): Partial<BuildLine> => ({ state: 'ended', outcome });

const table: [what: string, filter: Partial<Filter>, line: BuildLine, matches: boolean][] = [
  ['nothing asked', {}, lineOf(), true],
  ['another repository', { repositoryId: 43 }, lineOf(), false],
  ['the branch', { branch: 'main' }, lineOf(), true],
  ['a part of the branch', { branch: 'mai' }, lineOf(), false],
  ['a tag of the same name', { branch: 'main' }, lineOf({ ref: 'refs/tags/main' }), false],
  ['the tag', { tag: 'v1' }, lineOf({ ref: 'refs/tags/v1' }), true],
  ["a fork's pull request", { pullRequest: 7 }, lineOf({ ref: 'refs/pull/7/head' }), true],
  ['a pull request by its number', { pullRequest: 7 }, lineOf({ pullRequest: 7 }), true],
  ['another pull request', { pullRequest: 7 }, lineOf({ pullRequest: 77 }), false],
  ['a login in another case', { by: 'ADA' }, lineOf(), true],
  ['a part of a login', { by: 'ad' }, lineOf(), false],
  ['failed', { status: 'failed' }, lineOf({}, ended('failed')), true],
  ['failed, when the time was over', { status: 'failed' }, lineOf({}, ended('timed-out')), true],
  ['failed, when it was broken', { status: 'failed' }, lineOf({}, ended('broken')), true],
  ['timed out, when it failed', { status: 'timed-out' }, lineOf({}, ended('failed')), false],
  ['failed, when it was canceled', { status: 'failed' }, lineOf({}, ended('canceled')), false],
  ['running', { status: 'running' }, lineOf(), true],
  ['running, when all waits', { status: 'running' }, lineOf({}, { waitingFor: 'no builder has room' }), false],
  ['waiting, when all waits', { status: 'waiting' }, lineOf({}, { waitingFor: 'no builder has room' }), true],
  ['waiting', { status: 'waiting' }, lineOf({}, { state: 'waiting' }), true],
  ['an event', { event: 'rerun' }, lineOf({ event: 'rerun' }), true],
  ['another event', { event: 'rerun' }, lineOf(), false],
  ['words of the subject, in any order', { words: ['fuse', 'fix'] }, lineOf(), true],
  ['one word that is nowhere', { words: ['fuse', 'moon'] }, lineOf(), false],
  ['the beginning of the sha', { words: ['abcd'] }, lineOf(), true],
  ['the middle of the sha', { words: ['cdef0'] }, lineOf(), false],
  ['too little of a sha', { words: ['abc'] }, lineOf(), false],
  ['the number', { words: ['#12'] }, lineOf(), true],
  ['the number without its sign', { words: ['12'] }, lineOf(), true],
  ['a part of the number', { words: ['#1'] }, lineOf(), false],
  ['the branch as a word', { words: ['main'] }, lineOf(), true],
  ['the sender as a word', { words: ['ada'] }, lineOf(), true],
  ['the repository as a word', { words: ['acme/now'] }, lineOf(), true],
];

suite('a filter', () => {
  for (const [what, filter, line, expected] of table) {
    test(`${what}: ${expected ? 'is it' : 'is not it'}`, () => assert.equal(matcher({ words: [], ...filter }, () => 'acme/now')(entryOf(line)), expected));
  }
});

test('a line says for what an open pipeline waits, while nothing of it runs', () => {
  const view = viewOf({ number: 1 });
  const job = (name: string, state: 'waiting' | 'running' | 'ended', reason?: string) => ({ name, state, outcome: state === 'ended' ? ('failed' as const) : null, ...(reason !== undefined && { reason }), startedAt: null, endedAt: null, slices: [] });
  view.workflows = [{ name: 'w', outcome: null, jobs: [job('a', 'ended', 'it failed'), job('b', 'waiting'), job('c', 'waiting', 'no builder has room')] }];
  assert.deepEqual([buildLine(view).waitingFor, buildLine(view).jobs], ['no builder has room', { total: 3, ended: 1, failed: 1 }]);
  view.workflows[0]!.jobs.push(job('d', 'running'));
  assert.equal(buildLine(view).waitingFor, undefined);
  assert.equal(buildLine({ ...view, state: 'waiting', reason: 'two others run' }).waitingFor, 'two others run');
  assert.equal(buildLine({ ...view, state: 'ended', reason: 'canceled' }).waitingFor, undefined);
});
