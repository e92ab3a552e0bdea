// Do the lists show what is asked for, to those who may see it, by plain HTTP?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { nobody, type Access, type Viewer } from '../../../app/page/access/access.ts';
import { listPath, parseFilter, type Asked } from '../../../app/page/pipelines/list-filter.ts';
import { ago } from '../../../app/page/pipelines/list-view.ts';
import type { Filter } from '../../../app/history/filter.ts';
import { listsOf, pipelines, type Pipelines } from '../history-scene.ts';
import { eventually, setUp } from './scene.ts';

/** `ada` reads repository 42 alone. */
const ada: Viewer = { ...nobody, person: { id: 1, login: 'ada' }, who: 'github:1 ada', csrf: 'token' };
const accessOf = (viewer: Viewer): Access => ({
  viewer: () => Promise.resolve(viewer),
  permission: ({ operator, local }, { id }) => Promise.resolve(operator ? 'admin' : local ? 'read' : viewer.person && id === 42 ? 'read' : 'none'),
  signInPath: (path) => `/-/sign-in?to=${encodeURIComponent(path)}`,
});

async function pageOf(t: TestContext, world: Pipelines, viewer: Viewer = ada) {
  const lists = listsOf(t, world);
  await eventually(async () => (await lists.pipelines({ words: [] }, { limit: 1, before: null, readable: async () => new Set() })).complete);
  return setUp(t, { ports: { lists, access: accessOf(viewer), repository: async (owner, name) => [42, 7].filter((id) => name === `rocket-${id}`).map((id) => ({ id, owner, name }))[0] ?? null } });
}

const listed = (text: string): string[] => [...text.matchAll(/<li id="p-(\d+-\d+)">/g)].map(([, name]) => name!);

suite('the list of pipelines', () => {
  test('shows of each what it is, who did it, how it stands and why', async (t) => {
    const world = pipelines();
    const broken = world.begin({ number: 1, ref: 'refs/heads/fix/fuse', subject: 'Light the fuse', sender: 'wile' });
    broken.reason = '.circle.yml: jobs: is missing';
    world.end(broken, 'failed', 2);
    const waiting = world.begin({ number: 2, ref: 'refs/pull/9/head', event: 'pull_request', pullRequest: 9, sender: 'bob' });
    waiting.workflows = [{ name: 'w', outcome: null, jobs: [{ name: 'j', state: 'waiting', outcome: null, reason: 'no builder has room for the class large', startedAt: null, endedAt: null, slices: [] }] }];
    world.ended({ number: 3, ref: 'refs/tags/v1', event: 'rerun' });
    const { text } = await (await pageOf(t, world)).get('/');
    assert.deepEqual(listed(text), ['42-3', '42-2', '42-1']);
    const [third, second, first] = text.split('<li id="p-').slice(1) as [string, string, string];
    for (const part of [/✗<\/span> failed/, /<a href="\/acme\/rocket-42\/1">acme\/rocket-42 <b>#1<\/b><\/a> Light the fuse/, /<a href="\/\?branch=fix%2Ffuse">fix\/fuse<\/a> · <code>aaaaaaa<\/code> · pushed by <a href="\/\?by=wile">wile<\/a>/, /\.circle\.yml: jobs: is missing/, /<time datetime="2026-01-01T08:01:00.000Z">2026-01-01 08:01 UTC/, /2 min 00 s/, /days ago/]) assert.match(first, part);
    for (const part of [/○<\/span> waiting/, /no builder has room for the class large/, /<a href="\/\?pull=9">pull request 9<\/a>/, /pull request by/, /0 of 1 job ended/, /data-since=/]) assert.match(second, part);
    for (const part of [/<a href="\/\?tag=v1">tag v1<\/a>/, /rerun by/]) assert.match(third, part);
  });

  test('a filter and a search are an address, and a form says them', async (t) => {
    const world = pipelines();
    for (let number = 1; number <= 130; number++) world.ended({ number, ref: `refs/heads/${number % 2 === 0 ? 'even' : 'odd'}`, sender: number % 5 === 0 ? 'ada' : 'bob' }, number % 10 === 0 ? 'failed' : 'passed');
    world.ended({ number: 131, ref: 'refs/heads/a&b=<c>"' });
    const page = await pageOf(t, world);
    const of = async (path: string): Promise<string[]> => listed((await page.get(path)).text);
    assert.deepEqual((await of('/?branch=odd&by=me')).slice(0, 2), ['42-125', '42-115']);
    assert.deepEqual((await of('/?status=failed&q=even')).length, 13);
    assert.deepEqual(await of('/acme/rocket-42?q=%23130'), ['42-130']);
    const { text } = await page.get('/');
    const link = /<a href="([^"]+)">a&amp;b=&lt;c&gt;&quot;<\/a>/.exec(text)![1]!.replaceAll('&amp;', '&');
    assert.deepEqual(await of(link), ['42-131']);
    const older = /<a href="([^"]+)" rel="next">Older/.exec(text)![1]!;
    assert.deepEqual([listed(text).length, (await of(older)).slice(0, 1)], [50, ['42-81']]);
    const odd = (await page.get('/?branch=odd&q=change')).text;
    assert.match(odd, /<input name="branch" value="odd"/);
    assert.match(odd, /<input type="search" id="q" name="q" value="change"/);
    assert.match(odd, /<a href="\/\?q=change" aria-label="Without branch odd">branch odd/);
    assert.match(/<a href="([^"]+)" rel="next">Older/.exec(odd)![1]!, /q=change&amp;branch=odd&amp;before=/);
    // What a form sends has empty fields too; the address that stays is short.
    const sent = await page.get('/acme/rocket-42?q=x&status=&branch=&by=&event=');
    assert.deepEqual([sent.status, sent.headers.get('location')], [302, '/acme/rocket-42?q=x']);
    for (const [path, sentence] of [['/?status=red', /there is no “red”/], ['/?event=pull', /Choose one of push/], ['/?pull=x', /Write digits alone/]] as const) {
      const answer = await page.get(path);
      assert.equal(answer.status, 422, path);
      assert.match(answer.text, sentence);
      assert.deepEqual(listed(answer.text), []);
    }
    assert.match((await page.get('/?branch=none')).text, /No pipeline is like this/);
  });

  test('nobody learns of a repository that they may not read', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    world.ended({ repositoryId: 7, number: 1, subject: 'secret', ref: 'refs/heads/secret' });
    world.begin({ repositoryId: 7, number: 2, subject: 'secret' });
    const page = await pageOf(t, world);
    for (const path of ['/', '/?q=secret', '/?status=running', '/?branch=secret']) {
      const { status, text } = await page.get(path);
      assert.equal(status, 200);
      assert.doesNotMatch(text, /rocket-7|p-7-|class="count"/, path);
    }
    assert.equal((await page.get('/acme/rocket-7')).status, 404);
    assert.equal((await page.get('/acme/rocket-9')).status, 404);
    assert.match((await (await pageOf(t, world, { ...ada, operator: true })).get('/')).text, /p-7-2.*p-7-1/s);
  });

  test('who has not signed in is sent to do that', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    const page = await pageOf(t, world, nobody);
    for (const path of ['/', '/?branch=main', '/acme/rocket-42', '/acme/none']) {
      const { status, headers, text } = await page.get(path);
      assert.deepEqual([status, headers.get('location'), text], [302, `/-/sign-in?to=${encodeURIComponent(path)}`, ''], path);
    }
  });

  test('where there is nothing, it says how something comes', async (t) => {
    const world = pipelines();
    const page = await pageOf(t, world);
    assert.match((await page.get('/')).text, /Nothing was built yet.*\.circle\.yml/s);
    assert.match((await page.get('/acme/rocket-42')).text, /Nothing was built yet in this repository/);
    world.temporalIsAway = true;
    assert.match((await page.get('/')).text, /Temporal does not answer/);
  });

  test('a page that is still the same is not sent again', async (t) => {
    const world = pipelines();
    world.ended({ number: 1 });
    const running = world.begin({ number: 2 });
    const page = await pageOf(t, world);
    const first = await page.get('/');
    const tag = first.headers.get('etag')!;
    const again = await page.get('/', { 'if-none-match': tag });
    // It was written in another moment, and a pipeline runs.
    assert.deepEqual([again.status, again.text], [304, '']);
    world.end(running);
    const changed = await page.get('/', { 'if-none-match': tag });
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), tag);
  });

  test('names and messages are text in every place of a row', async (t) => {
    const evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>&amp;';
    const world = pipelines();
    const view = world.begin({ number: 1, ref: `refs/heads/${evil}`, subject: evil, sender: evil, sha: evil });
    Object.assign(view, { state: 'waiting', reason: evil });
    world.rename(42, evil, evil);
    for (const [i, ref] of [`refs/tags/${evil}`, evil].entries()) {
      const ended = world.begin({ number: 2 + i, ref, subject: evil, sender: evil });
      ended.reason = evil;
      world.end(ended, 'broken');
    }
    const page = await pageOf(t, world);
    const query = ['q', 'branch', 'by', 'tag'].map((name) => `${name}=${encodeURIComponent(evil)}`).join('&');
    for (const path of ['/', `/?${query}`, `/?status=${encodeURIComponent(evil)}`, `/?event=${encodeURIComponent(evil)}`, `/?pull=${encodeURIComponent(evil)}`, `/?before=${encodeURIComponent(evil)}`]) {
      const { text } = await page.get(path);
      assert.doesNotMatch(text, /<script>|<img|alert\(1\)<\/script>/, path);
      assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;'), path);
    }
  });
});

const asked: [query: Record<string, string>, filter: Partial<Filter>, problem?: RegExp][] = [
  [{}, {}],
  [{ logs: '0', before: 'x', unknown: 'x' }, {}],
  [{ q: '  Fix   THE fuse ' }, { words: ['fix', 'the', 'fuse'] }],
  [{ branch: ' main ', tag: '', by: '@Ada' }, { branch: 'main', by: 'Ada' }],
  [{ by: 'me' }, { by: 'ada' }],
  [{ pull: '12' }, { pullRequest: 12 }],
  [{ status: 'timed-out', event: 'pull_request' }, { status: 'timed-out', event: 'pull_request' }],
  [{ status: 'constructor' }, {}, /there is no “constructor”/],
  [{ event: 'PUSH' }, {}, /there is no “PUSH”/],
  [{ pull: '-1' }, { pullRequest: -1 }, /no number/],
];

suite('an address', () => {
  for (const [query, filter, problem] of asked) {
    test(`asks for ${JSON.stringify(query)}`, () => {
      const parsed = parseFilter(query, 'ada', null);
      assert.deepEqual(parsed.filter, { words: [], ...filter });
      assert.match(parsed.problem ?? '', problem ?? /^$/);
      const again = Object.fromEntries(new URL(listPath('/', parsed.asked), 'http://x').searchParams) as Asked;
      assert.deepEqual(again, parsed.asked);
    });
  }

  test('asks for “me” only where somebody has a name', () => assert.match(parseFilter({ by: 'me' }, null, 42).problem ?? '', /Write a login instead/));
});

test('how long ago, in words', () => {
  const now = Date.parse('2026-01-10T12:00:00Z');
  for (const [iso, words] of [['2026-01-10T12:00:05Z', 'just now'], ['2026-01-10T11:59:01Z', 'just now'], ['2026-01-10T11:59:00Z', '1 min ago'], ['2026-01-10T11:00:01Z', '59 min ago'], ['2026-01-09T12:00:01Z', '23 h ago'], ['2026-01-09T12:00:00Z', 'yesterday'], ['2026-01-01T00:00:00Z', '9 days ago']] as const) assert.equal(ago(iso, now), words, iso);
});
