// Does a badge say how a branch stands, to those who may know, and is it a picture whatever the names in it?

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { GitHubIsAway, nobody, type Access, type Permission } from '../../../app/page/access/access.ts';
import { badgeSvg, textWidth } from '../../../app/page/badge/badge-svg.ts';
import type { PagePorts } from '../../../app/page/ports.ts';
import { verdicts, type VerdictOf } from '../../../app/verdict.ts';
import { outcomes, type Outcome } from '../../../config-schema/outcome.ts';
import { repositoryHistoryKey, summaryKey, type PipelineView } from '../../../config-schema/view.ts';
import { setUp, type Scene } from './scene.ts';

const accessOf = (permission: () => Promise<Permission>): Access => ({ viewer: () => Promise.resolve(nobody), permission, signInPath: () => '/-/sign-in' });
const stranger = accessOf(() => Promise.resolve('none'));

const opened = (t: TestContext, ports: Partial<PagePorts> = {}): Promise<Scene> => setUp(t, { ports: { access: stranger, isPublic: () => Promise.resolve(true), badgeToken: () => Promise.resolve(false), verdict: () => Promise.resolve({ outcome: 'passed', number: 7 }), ...ports } });
const titleOf = (svg: string): string => (new XMLParser().parse(svg) as { svg: { title: string } }).svg.title;
const badge = '/acme/rocket/badge.svg';

suite('what it says', () => {
  const words: Record<Outcome, string> = { passed: 'passed', failed: 'failed', 'timed-out': 'failed', canceled: 'canceled', skipped: 'no builds', 'not-run': 'no builds', unsupported: 'no builds', unauthorized: 'failed', broken: 'failed' };
  test('a word for every outcome', async (t) => {
    let outcome: Outcome | null = null;
    const scene = await opened(t, { verdict: () => Promise.resolve({ outcome, number: 7 }) });
    for (outcome of outcomes) assert.equal(titleOf((await scene.get(badge)).text), `build: ${words[outcome]}`);
    outcome = null;
    assert.equal(titleOf((await scene.get(badge)).text), 'build: running');
  });

  test('of the branch and the workflow that are asked for', async (t) => {
    const asked: VerdictOf[] = [];
    const verdict: PagePorts['verdict'] = async (id, of) => {
      assert.equal(id, 42);
      asked.push(of);
      return null;
    };
    const scene = await opened(t, { verdict });
    assert.equal(titleOf((await scene.get(`${badge}?branch=feature%2Fx&workflow=nightly`)).text), 'nightly: no builds');
    await scene.get(badge);
    assert.deepEqual(asked, [{ branch: 'feature/x', workflow: 'nightly' }, { branch: null, workflow: null }]);
  });
});

suite('who may see it', () => {
  const secret = (change: Partial<PagePorts>): Partial<PagePorts> => ({ isPublic: () => Promise.resolve(false), ...change });
  const cases: [title: string, ports: Partial<PagePorts>, query: string, seen: boolean][] = [
    ['a public repository: anybody', {}, '', true],
    ['a private one: not anybody', secret({}), '', false],
    ['a private one: who may read it', secret({ access: accessOf(() => Promise.resolve('read')) }), '', true],
    ['a private one: who has its token', secret({ badgeToken: async (token, { id }) => token === 't1' && id === 42 }), '?token=t1', true],
    ['a private one: not who has another token', secret({ badgeToken: async (token) => token === 't1' }), '?token=t2', false],
    ['while GitHub is away: nobody', secret({ access: accessOf(() => Promise.reject(new GitHubIsAway('away'))), isPublic: () => Promise.reject(new GitHubIsAway('away')) }), '', false],
    ['while GitHub is away: still who has its token', { isPublic: () => Promise.reject(new GitHubIsAway('away')), badgeToken: async () => true }, '?token=t1', true],
  ];
  for (const [title, ports, query, seen] of cases) {
    test(title, async (t) => {
      const { status, text } = await (await opened(t, ports)).get(`${badge}${query}`);
      assert.deepEqual([status, titleOf(text)], [200, seen ? 'build: passed' : 'build: unknown']);
    });
  }

  test('what one may not see looks like what is not there, to the byte', async (t) => {
    const scene = await opened(t, secret({}));
    const answers = await Promise.all([`${badge}?workflow=nightly&branch=x`, '/acme/nowhere/badge.svg?workflow=nightly&branch=x', '/nobody/at-all/badge.svg', `${badge}?branch=${'x'.repeat(300)}`].map((path) => scene.get(path)));
    const shape = ({ status, text, headers }: (typeof answers)[number]): unknown => [status, text, [...headers].filter(([name]) => name !== 'date')];
    for (const answer of answers) assert.deepEqual(shape(answer), shape(answers[0]!));
  });
});

suite('how it is served', () => {
  test('as a picture that others may show and keep for a minute', async (t) => {
    const scene = await opened(t);
    const { headers } = await scene.get(badge);
    assert.deepEqual(['content-type', 'cache-control', 'cross-origin-resource-policy', 'x-content-type-options'].map((name) => headers.get(name)), ['image/svg+xml; charset=utf-8', 'max-age=60', 'cross-origin', 'nosniff']);
    const again = await scene.get(badge, { 'if-none-match': headers.get('etag')! });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.notEqual((await scene.get(`${badge}?workflow=other`)).headers.get('etag'), headers.get('etag'));
  });

  test('no name breaks out of it', async (t) => {
    const names = ['<script>alert(1)</script>', '"><image href="http://evil/"/>', ']]>&lt;', '\u0000\u0007\u001b[31m', '\u202eevil', '\ud800', '&amp;&#x3c;', "' onload='alert(1)", '字'.repeat(200), ''];
    const scene = await opened(t);
    for (const name of names) {
      const { text } = await scene.get(`${badge}?workflow=${encodeURIComponent(name.toWellFormed())}&branch=${encodeURIComponent(name.toWellFormed())}`);
      assert.equal(XMLValidator.validate(text), true, name);
      assert.deepEqual([...text.matchAll(/<([a-zA-Z]+)/g)].map(([, tag]) => tag), ['svg', 'title', 'clipPath', 'rect', 'g', 'rect', 'rect', 'g', 'text', 'text'], name);
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    }
    assert.equal(XMLValidator.validate(badgeSvg('\ud800', 'passed', 'round')), true);
  });
});

suite('how it is drawn', () => {
  const cases: [text: string, width: number][] = [['', 0], ['i', 4], ['build', 7 + 7 + 4 + 4 + 7], ['passed', 7 + 7 + 6 + 6 + 7 + 7], ['字', 11]];
  for (const [text, width] of cases) test(`${JSON.stringify(text)} is ${width} wide`, () => assert.equal(textWidth(text), width));

  test('as wide as its two texts and their margins', () => {
    const svg = badgeSvg('build', 'passed', 'round');
    assert.match(svg, new RegExp(`width="${textWidth('build') + textWidth('passed') + 28}" height="20"`));
    assert.match(svg, /role="img" aria-label="build: passed"><title>build: passed<\/title>/);
  });
  test('long names are cut', () => assert.ok(titleOf(badgeSvg('w'.repeat(300), 'failed', 'flat')).startsWith(`${'w'.repeat(39)}…`)));
  test('flat has no round corners', () => assert.match(badgeSvg('build', 'failed', 'flat'), /rx="0"/));
});

suite('which pipeline counts', () => {
  type Ended = [number: number, ref: string, outcome: Outcome, workflows?: Record<string, Outcome>];
  const lookUp = async (t: TestContext, ended: Ended[], of: Partial<VerdictOf>, open: PipelineView[] = []): Promise<string | null> => {
    const { store } = await setUp(t);
    for (const [number, ref, outcome, workflows = {}] of ended) {
      const view = { repository: { id: 42, defaultBranch: 'main' }, number, workflows: Object.entries(workflows).map(([name, each]) => ({ name, outcome: each, jobs: [] })) };
      await store.put(summaryKey(42, number), Buffer.from(JSON.stringify(view)));
      await store.put(repositoryHistoryKey(42, number), Buffer.from(JSON.stringify({ repositoryId: 42, number, ref, outcome })));
    }
    const verdict = await verdicts({ store, openViews: () => Promise.resolve(open) })(42, { branch: null, workflow: null, ...of });
    return verdict && `${verdict.number} ${verdict.outcome}`;
  };
  const open = (number: number, branch: string, id = 42): PipelineView => ({ repository: { id, defaultBranch: 'main' }, number, trigger: { ref: `refs/heads/${branch}` }, workflows: [{ name: 'test' }] }) as unknown as PipelineView;
  const main = 'refs/heads/main';
  const cases: [title: string, ended: Ended[], of: Partial<VerdictOf>, open: PipelineView[], expected: string | null][] = [
    ['none', [], {}, [], null],
    ['the newest of the default branch', [[1, main, 'failed'], [2, main, 'passed'], [3, 'refs/heads/x', 'failed']], {}, [], '2 passed'],
    ['the newest of the branch', [[1, 'refs/heads/x', 'failed'], [2, main, 'passed']], { branch: 'x' }, [], '1 failed'],
    ['no tag, and no pull request of a fork', [[1, 'refs/tags/x', 'passed'], [2, 'refs/pull/7/head', 'passed']], { branch: 'x' }, [], null],
    ['one that ran nothing says nothing', [[1, main, 'failed'], [2, main, 'skipped']], {}, [], '1 failed'],
    ['the newest that had the workflow', [[1, main, 'failed', { test: 'passed', lint: 'failed' }], [2, main, 'failed', { lint: 'failed' }]], { workflow: 'test' }, [], '1 passed'],
    ['a running one leaves the last verdict', [[1, main, 'passed']], {}, [open(2, 'main')], '1 passed'],
    ['a running one, where there is no verdict', [], {}, [open(9, 'x'), open(8, 'main', 43), open(2, 'main')], '2 null'],
    ['a running one of the workflow', [], { workflow: 'other' }, [open(2, 'main')], null],
  ];
  for (const [title, ended, of, views, expected] of cases) test(title, async (t) => assert.equal(await lookUp(t, ended, of, views), expected));

  test('whoever asks often is answered from memory, for half a minute', async () => {
    let listed = 0;
    let time = 0;
    const store = { get: () => Promise.resolve(undefined), list: async function* () { listed += 1; } };
    const verdict = verdicts({ store, openViews: () => Promise.resolve([]) }, { now: () => time });
    for (const branch of ['a', 'b', 'c']) await verdict(42, { branch, workflow: null });
    assert.equal(listed, 1);
    time = 30_000;
    await verdict(42, { branch: 'a', workflow: null });
    assert.equal(listed, 2);
  });
});
