// Do builders and queues stand on the page as they are, for each no more than they may see; and can an operator drain one?

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import { GitHubIsAway, nobody, type Access, type Permission, type Viewer } from '../../../app/page/access/access.ts';
import { Refused, type Asker } from '../../../app/control/operation.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { repositoryNowKey, type PipelineView } from '../../../config-schema/view.ts';
import { seriousViolations } from '../../axe.ts';
import { complaintsOf, startBrowser } from '../../browser.ts';
import { setUp, type Scene } from './scene.ts';

const hostile = '<img src=x onerror=alert(1)>"\'&';
const csrf = 'token-of-the-session';
const operator: Viewer = { ...nobody, who: 'github:1 ada', person: { id: 1, login: 'ada' }, operator: true, csrf };
const person: Viewer = { ...nobody, who: 'github:2 bob', person: { id: 2, login: 'bob' }, csrf };

const accessOf = (viewer: Viewer, permission: (id: number) => Promise<Permission>): Access => ({ viewer: () => Promise.resolve(viewer), permission: (_viewer, { id }) => permission(id), signInPath: () => '/-/sign-in' });
const everything = accessOf(operator, () => Promise.resolve('admin'));
/** Repository 42 and no other. */
const some = accessOf(person, (id) => Promise.resolve(id === 42 ? 'read' : 'none'));

const sight = (change: Partial<BuilderSight> = {}): BuilderSight => ({
  id: 'b1',
  version: '0.1.0',
  classes: { small: { cpus: 1, memoryBytes: 2e9 }, large: { cpus: 4, memoryBytes: 8e9 } },
  capacity: { cpus: 8, memoryBytes: 16e9 },
  used: { cpus: 2, memoryBytes: 4e9 },
  draining: false,
  sandboxes: [
    { name: 'abc', address: 'repository/42#7/build/test%20%2F%20unit/0@1', startedAt: '2026-05-01T11:59:00Z' },
    { name: 'def', address: 'repository/43#9/secret-workflow/secret-job/1@2', startedAt: '2026-05-01T11:58:00Z' },
  ],
  publicKey: { kty: 'OKP' },
  connected: true,
  seenAt: '2026-05-01T12:00:00Z',
  ...change,
});

const waiting = (repositoryId: number, job: string, reason?: string): PipelineView =>
  ({
    repository: { id: repositoryId },
    number: 5,
    state: 'running',
    workflows: [{ name: 'w', outcome: null, jobs: [{ name: job, state: 'waiting', outcome: null, startedAt: null, endedAt: null, slices: [{ index: 0, attempt: 1, state: 'waiting', outcome: null, notes: [], builder: null, resourceClass: 'xlarge', queuedAt: new Date(Date.now() - 90_000).toISOString(), startedAt: null, endedAt: null, steps: [], ...(reason !== undefined && { reason }) }] }] }],
  }) as unknown as PipelineView;

async function scene(t: TestContext, ports: Partial<PagePorts>): Promise<Scene> {
  const opened = await setUp(t, { ports: { sights: () => Promise.resolve([sight()]), openViews: () => Promise.resolve([]), version: '0.1.0', access: everything, ...ports } });
  for (const [id, name] of [[42, 'rocket'], [43, 'covert']] as const) await opened.store.put(repositoryNowKey(id), Buffer.from(JSON.stringify({ owner: 'acme', name, at: '2026-01-01T00:00:00Z' })));
  return opened;
}

const page = async (opened: Scene): Promise<string> => {
  const { status, text } = await opened.get('/-/builders');
  assert.equal(status, 200);
  return text;
};
const post = (opened: Scene, path: string, fields: Record<string, string> = { csrf }): Promise<Response> => fetch(`${opened.url}${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });

suite('what stands there', () => {
  test('a builder with its use, in words and as bars', async (t) => {
    const text = await page(await scene(t, {}));
    for (const part of ['1 takes work · 2 sandboxes', '2 of 8 in use', '4 of 16 GB in use', 'width: 25%', 'small, large', '<main id="main" tabindex="-1" data-open']) assert.ok(text.includes(part), part);
    assert.match(text, /takes work<\/span>/);
    assert.doesNotMatch(text, /differs from/);
    assert.match(text, /<a href="\/acme\/rocket\/7\/build\/test%20%2F%20unit">acme\/rocket #7 build \/ test \/ unit<\/a> since <time/);
    assert.match(text, /acme\/covert #9 secret-workflow \/ secret-job, slice 1, attempt 2/);
  });

  test('drained, gone, of another version, and none', async (t) => {
    const text = await page(await scene(t, { sights: () => Promise.resolve([sight({ draining: true, version: '0.0.9' }), sight({ id: 'b2', connected: false, seenAt: '2026-04-01T10:00:00Z' })]) }));
    for (const part of ['0 take work · 1 draining · 1 gone', 'draining</span>', 'differs from the app’s 0.1.0', 'gone since <time datetime="2026-04-01T10:00:00Z">']) assert.ok(text.includes(part), part);
    assert.ok(text.indexOf('id="builder-b2"') > text.indexOf('<h2>Gone</h2>'), 'the gone come last');
    assert.match(await page(await scene(t, { sights: () => Promise.resolve([]) })), /No builder was ever seen\. Start one: <code>roundhouse builder<\/code>/);
  });

  test('what waits, for how long and why; and classes that nobody offers', async (t) => {
    const text = await page(await scene(t, { openViews: () => Promise.resolve([waiting(42, 'compile', 'no connected builder offers class xlarge.')]) }));
    assert.match(text, /<th scope="row">xlarge<\/th><td class="number">1<\/td><td class="number">1 min 30 s<\/td><td class="number">1 min 30 s<\/td><td class="number">0<\/td><td>.*no builder<\/span>/);
    assert.match(text, /<th scope="row">small<\/th><td class="number">0<\/td><td class="number">–<\/td><td class="number">–<\/td><td class="number">0<\/td><td>1 builder, room for 6 more<\/td>/);
    assert.match(text, /<a href="\/acme\/rocket\/5\/w\/compile">acme\/rocket #5 w \/ compile<\/a> for 1 min 30 s<div class="note">no connected builder offers class xlarge\.<\/div>/);
  });

  test('builders stand there while Temporal is away', async (t) => {
    const text = await page(await scene(t, { openViews: () => Promise.reject(new Error('no connection')) }));
    assert.match(text, /Temporal does not answer now/);
    assert.match(text, /id="builder-b1"/);
  });

  test('no text of a builder becomes part of the page', async (t) => {
    const evil = sight({ id: hostile, version: hostile, classes: { [hostile]: { cpus: 1, memoryBytes: 1 } }, sandboxes: [{ name: hostile, address: `repository/42#7/${encodeURIComponent(hostile)}/j/0@1`, startedAt: hostile }], seenAt: hostile });
    const text = await page(await scene(t, { sights: () => Promise.resolve([evil]), openViews: () => Promise.resolve([waiting(42, hostile, hostile)]) }));
    assert.doesNotMatch(text, /<img/);
    assert.ok(text.includes('&lt;img src=x'));
  });
});

suite('who sees what', () => {
  test('of repositories that somebody may not read, only how many', async (t) => {
    const opened = await scene(t, { access: some, openViews: () => Promise.resolve([waiting(42, 'compile'), waiting(43, 'secret-job', 'secret reason')]) });
    const text = await page(opened);
    assert.match(text, /acme\/rocket #7/);
    assert.match(text, /1 more runs what you may not see\./);
    assert.match(text, /<th scope="row">xlarge<\/th><td class="number">2<\/td>/);
    assert.match(text, /1 more waits, of what you may not see\./);
    assert.doesNotMatch(text, /covert|secret|#9/);
  });

  test('an operator misses only what was forgotten', async (t) => {
    const text = await page(await scene(t, { sights: () => Promise.resolve([sight({ sandboxes: [{ name: 'x', address: 'repository/99#1/w/j/0@1', startedAt: '' }] })]), openViews: () => Promise.resolve([waiting(99, 'j')]) }));
    assert.match(text, /It runs what is not known here any more\./);
    assert.match(text, /1 waits, of what is not known here any more\./);
  });

  test('while GitHub is away nothing is named, and the rest is shown', async (t) => {
    const text = await page(await scene(t, { access: accessOf(person, () => Promise.reject(new GitHubIsAway('away'))) }));
    assert.match(text, /They run what you may not see\./);
    assert.doesNotMatch(text, /rocket|covert/);
  });

  test('who has not signed in sees nothing of it', async (t) => {
    const opened = await scene(t, { access: accessOf(nobody, () => Promise.resolve('none')) });
    const { status, headers } = await opened.get('/-/builders');
    assert.deepEqual([status, headers.get('location')], [302, '/-/sign-in']);
  });
});

suite('draining', () => {
  test('an operator drains a builder and has it take work again', async (t) => {
    let draining = false;
    const asked: [string, unknown, Asker][] = [];
    const ask = (async (operation: string, input: unknown, asker: Asker) => {
      asked.push([operation, input, asker]);
      draining = operation === 'builders.drain';
      return {};
    }) as PagePorts['ask'];
    const opened = await scene(t, { ask, sights: () => Promise.resolve([sight({ id: 'b 1/x', draining })]) });
    const drain = /action="([^"]*\/drain)"/.exec(await page(opened))![1]!;
    const answer = await post(opened, drain);
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/-/builders']);
    const resume = /action="([^"]*\/resume)"/.exec(await page(opened))![1]!;
    await post(opened, resume);
    assert.deepEqual(asked.map(([operation, input, { who }]) => [operation, input, who]), [['builders.drain', { builder: 'b 1/x' }, 'github:1 ada'], ['builders.resume', { builder: 'b 1/x' }, 'github:1 ada']]);
    assert.match(asked[0]![2].from, /^page at /);
    assert.match(await page(opened), /\/drain"/);
  });

  test('a builder that cannot be told: a sentence', async (t) => {
    const opened = await scene(t, { ask: () => Promise.reject(new Refused('Builder b1 is gone since yesterday.')) });
    const answer = await post(opened, '/-/builders/b1/drain');
    assert.equal(answer.status, 422);
    assert.match(await answer.text(), /<p>Builder b1 is gone since yesterday\.<\/p>/);
  });

  test('nobody but an operator, by the page’s own form', async (t) => {
    const refuse = { ask: (() => assert.fail('nothing is to be asked')) as PagePorts['ask'] };
    const ordinary = await scene(t, { ...refuse, access: some });
    assert.doesNotMatch(await page(ordinary), /<button[^>]*>Drain/);
    assert.equal((await post(ordinary, '/-/builders/b1/drain')).status, 403);
    const opened = await scene(t, refuse);
    assert.equal((await post(opened, '/-/builders/b1/drain', { csrf: 'another' })).status, 403);
    assert.equal((await opened.get('/-/builders/b1/drain')).status, 404);
  });

  test('a builder that is gone has no button', async (t) => assert.doesNotMatch(await page(await scene(t, { sights: () => Promise.resolve([sight({ connected: false })]) })), /\/drain"/));
});

suite('in a browser', () => {
  test('axe finds nothing, by day and by night; a phone needs no sideways scrolling; a builder is drained by keyboard', async (t) => {
    let draining = false;
    const ask = (async (operation: string) => {
      draining = operation === 'builders.drain';
      return {};
    }) as PagePorts['ask'];
    const name = `builder-with-a-rather-long-name-${'x'.repeat(60)}`;
    const opened = await scene(t, { ask, sights: () => Promise.resolve([sight({ id: name, draining, version: '9' }), sight({ id: 'gone', connected: false })]), openViews: () => Promise.resolve([waiting(42, 'compile', 'waits for room')]) });
    const browser = await startBrowser({ viewport: { width: 360, height: 700 } });
    t.after(() => browser.close());
    const tab = await browser.context.newPage();
    const complaints = complaintsOf(tab);
    for (const colorScheme of ['light', 'dark'] as const) {
      await tab.emulateMedia({ colorScheme });
      await tab.goto(`${opened.url}/-/builders`);
      assert.deepEqual(await seriousViolations(tab, colorScheme === 'dark' ? 'colours' : undefined), [], colorScheme);
    }
    assert.ok(Number(await tab.evaluate('document.documentElement.scrollWidth')) <= 360, 'nothing is wider than the phone');
    await tab.getByRole('button', { name: `Drain ${name}` }).focus();
    await tab.keyboard.press('Enter');
    await tab.getByRole('button', { name: `Resume ${name}` }).waitFor();
    assert.equal(draining, true);
    assert.deepEqual(complaints, []);
  });
});
