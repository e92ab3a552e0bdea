// Do the pages of a pipeline say how it stands, whatever its texts; and is it canceled and run again by those alone who may?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Refused } from '../../../app/control/operation.ts';
import { artifactIndexKey, artifactsKey } from '../../../config-schema/artifact.ts';
import type { Outcome } from '../../../config-schema/outcome.ts';
import { testReportKey } from '../../../config-schema/test-report.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { configErrorView, configText, failedView, jobOf, oldView, pageOf, repositoryUrl, runningView, sliceOf } from './pipeline-scene.ts';

/** Pages are long: a failure names what was looked for alone. */
const has = (text: string, pattern: RegExp | string, where = ''): void => assert.ok(typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text), `${where} lacks ${pattern}`);
const lacks = (text: string, pattern: RegExp | string, where = ''): void => assert.ok(!(typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)), `${where} has ${pattern}`);
const rowOf = (text: string, job: string): string => new RegExp(`<tr role="row"><td role="cell" class="status">(?:(?!</tr>)[^])*>${job}</a>[^]*?</tr>`).exec(text.slice(text.indexOf('list jobs')))?.[0] ?? '';

suite('jobs', () => {
  test('a failed pipeline: what, who, where, and what became of each job', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepConfig();
    const { status, text } = await page.get();
    assert.equal(status, 200);
    has(text, '<h1>Light the fuse before the anvil falls</h1>');
    has(text, '<a href="/acme/rocket?branch=feature%2Fboosters" title="Its pipelines">feature/boosters</a>');
    has(text, `href="${repositoryUrl}/tree/feature/boosters"`);
    has(text, `href="${repositoryUrl}/commit/abcdef0123456789abcdef0123456789abcdef01"`);
    has(text, `<a href="${repositoryUrl}/pull/12">pull request 12</a>`);
    has(text, /push by wile/);
    has(text, /2 min 42 s/);
    has(text, /Trust level T1: another ref of this repository/);
    lacks(text, 'data-open');
    const row = rowOf(text, 'unit tests');
    has(row, /failed<\/span>/);
    has(row, 'aria-label="Slice 1: failed"');
    has(row, '<a href="/acme/rocket/7/ci/unit%20tests?slice=1#step-2">npm test: exit code 1</a>');
    has(row, '<a href="/acme/rocket/7/tests?job=ci%2Funit%20tests" class="failed">166 tests, 2 failed, 3 skipped</a>');
    has(rowOf(text, 'staging'), /not run<\/span>.*requires unit tests, which ended as failed/s);
    has(rowOf(text, 'lint'), />small</);
  });

  test('what a filter keeps out is named with the reason, and neither drawn nor listed among the others', async (t) => {
    const view = failedView();
    view.workflows[0]!.jobs.push(jobOf('tell', [], [], 'skipped', { reason: 'its filters (.circle.yml:9) let only branches in that match main, and this is feature/boosters' }));
    const { text } = await (await pageOf(t, view)).get();
    has(text, /<summary>A job is left out<\/summary><ul><li><b>tell<\/b>: its filters \(.circle.yml:9\) let only/);
    assert.equal(rowOf(text, 'tell'), '');
    assert.equal([...text.matchAll(/<a class="node/g)].length, 7);
  });

  test('its graph is a drawing for the eye alone, with a link at each job', async (t) => {
    const view = failedView();
    view.workflows[0]!.jobs[6]!.name = 'deploy to the moon, of stage 12';
    const { text } = await (await pageOf(t, view)).get();
    const graph = /<div class="graph"[^]*?<\/svg><\/div>/.exec(text)![0];
    has(graph, 'aria-hidden="true"');
    has(graph, 'role="region" tabindex="0" aria-label="Graph of ci; the table below lists the same jobs"');
    assert.equal([...graph.matchAll(/<a class="node/g)].length, 7);
    assert.equal([...graph.matchAll(/<path class="/g)].length, 8);
    has(graph, /<a class="node failed" href="\/acme\/rocket\/7\/ci\/unit%20tests" tabindex="-1"><title>unit tests: failed · 1 min 30 s · 4 slices<\/title>/);
    has(graph, '<text class="name" x="34" y="18">deploy to t…f stage 12</text>');
    has(graph, '<title>deploy to the moon, of stage 12: ');
    assert.ok([...graph.matchAll(/<a /g)].length === [...graph.matchAll(/tabindex="-1"/g)].length, 'nobody tabs into what a screen reader is not told of');
  });

  test('its time: bars, and the same as a table', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepConfig();
    const { text } = await page.get();
    assert.equal([...text.matchAll(/<div class="row/g)].length, 8);
    assert.equal([...text.matchAll(/<div class="row critical"/g)].length, 2);
    has(text, /<i class="phase queue passed" style="left:0.62%;width:1.98%">/);
    const table = text.slice(text.indexOf('id="timing-table"'));
    has(table, /<th scope="row"><a href="[^"]*\?slice=1">unit tests · slice 1<\/a><\/th><td class="number">48 s<\/td><td class="number">2.2 s<\/td><td class="number">1.8 s<\/td><td class="number">2.0 s<\/td>/);
  });

  test('a running pipeline looks again by itself, and says why something waits', async (t) => {
    const { text } = await (await pageOf(t, runningView())).get();
    has(text, 'data-open');
    has(rowOf(text, 'browser tests'), /waiting<\/span>.*waits for room on a builder of class large/s);
    has(rowOf(text, 'staging'), 'waits for unit tests, browser tests, image');
    has(text, /<form method="post" action="\/acme\/rocket\/7\/cancel">/);
    lacks(text, 'Rerun all');
  });

  const stands: [what: string, view: PipelineView, says: RegExp][] = [
    ['one that waits for its turn', { ...runningView(), state: 'waiting', reason: 'as many pipelines run as may', workflows: [] }, /waiting<\/span>[^]*Waits: as many pipelines run as may[^]*Nothing of it has begun\./],
    ['one whose config is being read', { ...runningView(), workflows: [] }, /Its config is being read\./],
    ['one of which nothing ran', { ...failedView(), outcome: 'skipped', trust: null, reason: 'no .circle.yml at abcdef012345: nothing to run', workflows: [] }, /skipped<\/span>[^]*no \.circle\.yml at abcdef012345[^]*Nothing was run\./],
    ['a canceled one', { ...failedView(), outcome: 'canceled', reason: 'canceled before it began', workflows: [] }, /canceled<\/span>[^]*canceled before it began/],
  ];
  for (const [what, view, says] of stands) test(what, async (t) => has((await (await pageOf(t, view)).get()).text, says));

  test('a summary of an earlier version has no graph and no queue, and all the rest', async (t) => {
    const { status, text } = await (await pageOf(t, oldView())).get();
    assert.equal(status, 200);
    lacks(text, 'class="graph"');
    lacks(text, 'class="class"');
    lacks(text, 'phase queue');
    lacks(text, 'critical path:');
    assert.equal([...text.matchAll(/<div class="row/g)].length, 8);
    has(rowOf(text, 'unit tests'), /failed<\/span>/);
  });

  test('a fork’s pull request is named, linked, and trusted with nothing', async (t) => {
    const view = failedView();
    view.trust = 'T0';
    Object.assign(view.trigger, { ref: 'refs/pull/3/head', event: 'pull_request', pullRequest: { number: 3, url: `${repositoryUrl}/pull/3`, headRepositoryId: 99, headOwner: 'coyote', headName: 'rocket', baseRef: 'main' } });
    const { text } = await (await pageOf(t, view)).get();
    has(text, '<a href="/acme/rocket?pull=3" title="Its pipelines">pull request 3 from coyote/rocket</a>');
    has(text, `href="${repositoryUrl}/pull/3"`);
    has(text, /Trust level T0: from a fork/);
  });

  test('a thousand slices are told as numbers, with the failed ones by a link', async (t) => {
    const view = failedView();
    view.workflows[0]!.jobs[2]!.slices = Array.from({ length: 1000 }, (_, i) => sliceOf(i, [48, 50, 100], i % 100 === 7 ? 'failed' : 'passed', Array.from({ length: 8 }, (_, step) => [`step ${step}`, 50 + step, 1])));
    const { text } = await (await pageOf(t, view)).get();
    has(rowOf(text, 'unit tests'), /1000 slices: <span class="passed">990 passed<\/span>, <span class="failed">10 failed<\/span>\. Look at <a class="slice" href="[^"]*\?slice=7"/);
    assert.ok(text.length < 300_000, `${text.length} characters`);
    has(text, 'unit tests (1000 slices)');
  });

  test('more jobs than anybody can see at once are listed, and not drawn', async (t) => {
    const view = failedView();
    view.workflows[0]!.jobs = Array.from({ length: 400 }, (_, i) => jobOf(`job ${i}`, i === 0 ? [] : ['job 0'], [sliceOf(0, [0, 1, 2], 'passed')], 'passed'));
    const { text } = await (await pageOf(t, view)).get();
    has(text, '400 jobs are too many for a drawing.');
    lacks(text, 'class="graph"');
    has(rowOf(text, 'job 399'), 'passed');
  });

  test('no such pipeline: a plain answer on each of its pages', async (t) => {
    const page = await pageOf(t, failedView());
    for (const path of ['', '/config', '/tests', '/artifacts']) {
      const { status, text } = await page.get(`/acme/rocket/8${path}`);
      assert.equal(status, 404, path);
      has(text, 'There is no such pipeline that you may see.');
    }
    page.permission.of = 'none';
    for (const path of ['', '/config', '/tests', '/artifacts']) assert.equal((await page.get(path)).status, 404, path);
  });
});

suite('config', () => {
  test('the source with numbers that can be linked to, beside what became of it', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepConfig();
    const { text } = await page.get('/config');
    has(text, /<div class="l" id="L4"><a href="#L4"[^>]*><\/a>    docker: \[\{image: &#34;debian:bookworm&#34;\}\]<\/div>/);
    has(text, `href="${repositoryUrl}/blob/abcdef0123456789abcdef0123456789abcdef01/.circle.yml"`);
    has(text, />  - name: ci</);
    has(text, />    parallelism: 4</);
    lacks(text, 'entrypoint');
  });

  test('a warning leads to its line', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepConfig(configText.replace('      - run: npm test', "      - when: {condition: 'false', steps: [checkout]}\n      - run: npm test"));
    const { text } = await page.get('/config');
    const line = /<li class="warning"><a href="#L(\d+)">/.exec(text)?.[1];
    has(text, `<div class="l marked" id="L${line}">`);
  });

  test('a config that could not be run: the pipeline says why, and each fault stands on its line', async (t) => {
    const page = await pageOf(t, configErrorView());
    page.keepFaultyConfig('version: 2.1\njobs:\n  build: <b>\n', [{ message: 'jobs.build: must be a map, is <b>.', line: 3 }, { message: 'workflows: is missing.', line: 1 }]);
    const jobs = (await page.get()).text;
    has(jobs, '.circle.yml: jobs.build.steps: must be a list, is a text. Put a dash before each step.');
    has(jobs, '<a href="/acme/rocket/7/config">See its faults, each on its line</a>');
    const { text } = await page.get('/config');
    has(text, '2 faults');
    has(text, '<a href="#L3">line 3, column 1</a>: jobs.build: must be a map, is &lt;b&gt;.');
    has(text, /<div class="l marked" id="L3"><a[^>]*><\/a>  build: &#60;b&#62;<\/div>/);
  });

  test('both configs of a pipeline that went on, and the faults of one that could not', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepConfig();
    const key = [...page.store.keys()].find((name) => name.endsWith('plan.json'))!;
    const record = JSON.parse(Buffer.from(page.store.get(key)!).toString()) as { plan: { setup: boolean } };
    record.plan.setup = true;
    page.put(key, record);
    page.keepFaultyConfig('version: 2.1\njobs: <b>\n', [{ message: 'jobs: must be a map.', line: 2 }]);
    const refused = (await page.get('/config')).text;
    has(refused, 'handed in by a job: the pipeline could not go on with it');
    has(refused, '<a href="#N2">line 2, column 1</a>: jobs: must be a map.');
    has(refused, /id="L4"/);

    const warning = { severity: 'warning', message: 'is odd.', line: 3, column: 1 };
    page.put(key, { ...record, continuation: { config: { path: 'next.yml', text: 'version: 2.1\n# <i>\njobs: {}\n' }, warnings: [warning], setup: record.plan } });
    const { text } = await page.get('/config');
    has(text, 'next.yml <span class="quiet beside">handed in by a job: the pipeline went on with it</span>');
    has(text, '<a href="#N3">line 3, column 1</a>: is odd.');
    has(text, /<div class="l" id="N2"><a[^>]*><\/a># &#60;i&#62;<\/div>/);
    lacks(text, 'could not go on');
  });

  test('a record of an earlier version has no source, a pipeline without a config nothing, and both say so', async (t) => {
    const page = await pageOf(t, failedView());
    has((await page.get('/config')).text, 'No config was kept of this pipeline: there was none to run.');
    page.keepConfig();
    const key = [...page.store.keys()].find((name) => name.endsWith('plan.json'))!;
    const { config: _, ...old } = JSON.parse(Buffer.from(page.store.get(key)!).toString()) as { config: unknown };
    page.put(key, old);
    has((await page.get('/config')).text, 'Its source was not kept: this pipeline is of an earlier version of Roundhouse.');
  });
});

suite('tests', () => {
  const cases = [
    { name: 'burns', seconds: 0.5 },
    { name: 'bangs', seconds: 3, outcome: 'failed' as const, message: 'expected <boom>', detail: 'at fuse.ts:1\n'.repeat(2000), file: 'test/fuse.ts', line: 4 },
    { name: 'sleeps', outcome: 'skipped' as const },
    { name: 'waits', seconds: 60 },
  ];
  const named = (text: string): string[] => [...text.matchAll(/<details class="test [^]*?<span class="name">([^<]*)/g)].map(([, name]) => name!);

  test('failed ones first and open, with what they said; then what took longest', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepTests('ci', 'unit tests', 1, 3, cases);
    const { text } = await page.get('/tests');
    assert.deepEqual(named(text), ['bangs', 'waits', 'burns', 'sleeps']);
    has(text, '166 tests, 2 failed, 3 skipped in 1 job.');
    has(text, /<details class="test failed" open>/);
    has(text, '<p class="message">expected &lt;boom&gt;</p>');
    has(text, '<code>test/fuse.ts:4</code>');
    has(text, '?slice=1">slice 1</a>');
    assert.ok(text.length < 30_000, 'long output is cut');
    has(text, '3 reports are not there any more');
  });

  test('job, outcome, name and order stand in the address', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepTests('ci', 'unit tests', 1, 3, cases);
    for (const [query, expected] of [['status=failed', ['bangs']], ['status=passed', ['waits', 'burns']], ['status=skipped', ['sleeps']], ['name=BA', ['bangs']], ['sort=slow', ['waits', 'bangs', 'burns', 'sleeps']], ['job=ci%2Funit%20tests&name=waits', ['waits']], ['job=ci%2Fnone', []], ['status=%3Cscript%3E', ['bangs', 'waits', 'burns', 'sleeps']], ['page=99', ['bangs', 'waits', 'burns', 'sleeps']]] as [string, string[]][]) {
      assert.deepEqual(named((await page.get(`/tests?${query}`)).text), expected, query);
    }
    has((await page.get('/tests?status=failed&name=x')).text, 'No test is like that.');
    has((await page.get('/tests?name=%22%3E%3Cscript%3E')).text, 'value="&quot;&gt;&lt;script&gt;"');
  });

  test('many are shown in pages that keep what was asked', async (t) => {
    const page = await pageOf(t, failedView());
    page.keepTests('ci', 'unit tests', 1, 3, Array.from({ length: 250 }, (_, i) => ({ name: `t${i}`, seconds: 250 - i })));
    const { text } = await page.get('/tests?name=t&page=2');
    assert.equal(named(text).length, 100);
    assert.equal(named(text)[0], 't100');
    has(text, '<span>101 to 200 of 250</span>');
    has(text, '/acme/rocket/7/tests?name=t&amp;page=3');
  });

  test('without any, how to have some', async (t) => {
    const view = failedView();
    for (const job of view.workflows[0]!.jobs) for (const slice of job.slices) slice.steps = [];
    has((await (await pageOf(t, view)).get('/tests')).text, 'No job stored test results.');
  });
});

test('artifacts of all jobs, by job and slice, with their sizes', async (t) => {
  const page = await pageOf(t, failedView());
  page.keepArtifacts('ci', 'build', 0, 3, [{ path: 'dist/app.js', bytes: 4_100_000 }, { path: 'a\u202eb.html', bytes: 100_000 }]);
  const { text } = await page.get('/artifacts');
  has(text, '2 files, 4.2 MB.');
  has(text, '<a href="/acme/rocket/7/ci/build/0/artifacts">ci / build</a>');
  has(text, /<a href="\/acme\/rocket\/7\/ci\/build\/0\/artifacts\/dist\/app\.js"[^>]*>dist\/app\.js<\/a><\/td><td class="number">4\.1 MB/);
  has(text, '>a\ufffdb.html<');
  page.store.clear();
  has((await page.get('/artifacts')).text, 'Their time was over, and they were removed.');
});

test('every text is a text, on every page', async (t) => {
  const evil = '"\'><script>alert(1)</script><img src=x onerror=alert(1)>';
  const view = failedView();
  Object.assign(view.trigger, { ref: `refs/heads/${evil}`, sender: { id: 1, login: evil }, commit: { subject: evil, authorLogin: null } });
  view.reason = evil;
  const [workflow] = view.workflows;
  workflow!.name = evil;
  const [build, , tests] = workflow!.jobs;
  Object.assign(build!, { name: evil, reason: evil });
  tests!.requires = [evil];
  for (const slice of build!.slices) Object.assign(slice, { resourceClass: evil, outcome: 'failed' satisfies Outcome });
  const page = await pageOf(t, view);
  page.keepConfig(configText.replace('npm ci', "'echo \"<script>alert(1)</script>\"'"));
  page.keepTests(evil, 'unit tests', 1, 3, [{ name: evil, classname: evil, file: evil, outcome: 'failed', message: evil, detail: evil }]);
  page.keepArtifacts(evil, evil, 0, 3, [{ path: evil, bytes: 1 }]);
  for (const path of ['', '/config', '/tests', '/artifacts', `/tests?job=${encodeURIComponent(evil)}&name=${encodeURIComponent(evil)}`]) {
    const { status, text } = await page.get(path);
    assert.equal(status, 200, path);
    lacks(text, /<script>|<img|"'>/, path);
    has(text, /script&(gt|#62);alert\(1\)/, path);
  }
  const key = [...page.store.keys()].find((name) => name.endsWith('plan.json'))!;
  page.put(key, { ...(JSON.parse(Buffer.from(page.store.get(key)!).toString()) as object), repositoryUrl: 'javascript:alert(1)', pullRequestUrls: ['javascript:alert(1)'] });
  const view2 = { ...view, number: 7 };
  const second = await pageOf(t, view2);
  for (const [name, bytes] of page.store) second.store.set(name, bytes);
  lacks((await second.get()).text, 'javascript:');
});

suite('cancel', () => {
  test('asked for twice without a script, done once, and back at the page', async (t) => {
    const canceled: string[] = [];
    const page = await pageOf(t, runningView(), { cancel: (view, part, { who, from }) => Promise.resolve(void canceled.push(`${view.number} ${JSON.stringify(part)} by ${who} from ${from.split(' at ')[0]}`)) });
    has((await page.get()).text, /<details id="cancel" class="cancel"><summary>Cancel …<\/summary><form[^>]*>.*Cancel acme\/rocket #7<\/button>/s);
    const { status, location } = await page.post('/cancel');
    assert.deepEqual([status, location], [303, '/acme/rocket/7']);
    assert.deepEqual(canceled, ['7 {} by github:9 ada from page']);
  });

  test('a job is, by the button in its row, and a workflow where there are several', async (t) => {
    const canceled: unknown[] = [];
    const view = runningView();
    view.workflows.push({ name: 'docs', outcome: 'passed', jobs: [jobOf('write', [], [sliceOf(0, [0, 1, 2], 'passed')], 'passed')] });
    const page = await pageOf(t, view, { cancel: (_view, part) => Promise.resolve(void canceled.push(part)) });
    const { text } = await page.get();
    has(rowOf(text, 'unit tests'), '<button name="job" value="unit tests" formaction="/acme/rocket/7/cancel" aria-label="Cancel unit tests">Cancel</button>');
    lacks(rowOf(text, 'staging'), '<button', 'a job that waits for others');
    has(text, '<button formaction="/acme/rocket/7/cancel" aria-label="Cancel workflow ci">Cancel</button>');
    has(text, '<button aria-label="Rerun workflow docs">Rerun</button>');
    assert.equal((await page.post('/cancel', { csrf: 'token', workflow: 'ci', job: 'unit tests' })).location, '/acme/rocket/7');
    assert.equal((await page.post('/cancel', { csrf: 'token', workflow: 'ci' })).status, 303);
    assert.deepEqual(canceled, [{ workflow: 'ci', job: 'unit tests' }, { workflow: 'ci' }]);
  });

  test('what has ended is not canceled, and says so', async (t) => {
    const ended = await pageOf(t, failedView(), { cancel: () => Promise.reject(new Refused('pipeline #7 has ended, so there is nothing to cancel.')) });
    const { status, text } = await ended.post('/cancel');
    assert.equal(status, 409);
    has(text, 'pipeline #7 has ended, so there is nothing to cancel.');
    lacks((await ended.get()).text, '/cancel');
  });
});

suite('run again', () => {
  test('by the person who asks, and on to the new pipeline', async (t) => {
    const asked: unknown[] = [];
    const page = await pageOf(t, failedView(), { rerun: (view, what, by) => Promise.resolve((asked.push([view.number, what, by]), 8)) });
    has((await page.get()).text, /<form method="post" action="\/acme\/rocket\/7\/rerun"><input type="hidden" name="csrf" value="token"><button name="what" value="failed">Rerun failed<\/button><button>Rerun all<\/button>/);
    const { status, location } = await page.post('/rerun');
    assert.deepEqual([status, location], [303, '/acme/rocket/8']);
    assert.deepEqual(asked, [[7, { kind: 'all' }, { id: 9, login: 'ada' }]]);
  });

  test('a part of it: what failed, a workflow, a job, a slice', async (t) => {
    const asked: unknown[] = [];
    const page = await pageOf(t, failedView(), { rerun: (_view, what) => Promise.resolve((asked.push(what), 8)) });
    const { text } = await page.get();
    has(rowOf(text, 'unit tests'), '<button name="job" value="unit tests" aria-label="Rerun unit tests">Rerun</button>');
    lacks(rowOf(text, 'staging'), '<button', 'a job that did not run because of another');
    has((await page.get('/ci/unit%20tests?slice=2')).text, '<button>Rerun job</button><button name="slice" value="2">Rerun slice 2</button>');
    for (const fields of [{ what: 'failed' }, { workflow: 'ci', what: 'failed' }, { workflow: 'ci' }, { workflow: 'ci', job: 'lint' }, { workflow: 'ci', job: 'unit tests', slice: '2' }]) assert.equal((await page.post('/rerun', { csrf: 'token', ...(fields as Record<string, string>) })).location, '/acme/rocket/8');
    assert.deepEqual(asked, [{ kind: 'failed' }, { kind: 'failed', workflow: 'ci' }, { kind: 'workflow', workflow: 'ci' }, { kind: 'job', workflow: 'ci', job: 'lint' }, { kind: 'job', workflow: 'ci', job: 'unit tests', slice: 2 }]);
  });

  test('in place while it is open, and back at the page that asked', async (t) => {
    const view = runningView();
    Object.assign(view.workflows[0]!.jobs[1]!, { outcome: 'failed' });
    const page = await pageOf(t, view, { rerun: () => Promise.resolve(7) });
    const { text } = await page.get();
    has(text, '<button name="what" value="failed">Rerun failed</button>');
    lacks(text, 'Rerun all');
    assert.equal((await page.post('/rerun', { csrf: 'token', workflow: 'ci', job: 'lint' })).location, '/acme/rocket/7');
    assert.equal((await page.post('/rerun', { csrf: 'token', workflow: 'ci', job: 'lint', page: 'job' })).location, '/acme/rocket/7/ci/lint');
  });

  test('when its number is long in coming, the list will show it', async (t) => {
    const page = await pageOf(t, failedView(), { rerun: () => Promise.resolve(null) });
    assert.equal((await page.post('/rerun')).location, '/acme/rocket');
  });

  test('a refusal is a sentence', async (t) => {
    const page = await pageOf(t, failedView(), { rerun: () => Promise.reject(new Refused('The GitHub App is not installed on acme/rocket any more.')) });
    const { status, text } = await page.post('/rerun');
    assert.equal(status, 409);
    has(text, 'The GitHub App is not installed on acme/rocket any more.');
    const away = await pageOf(t, failedView(), { rerun: () => Promise.reject(Object.assign(new Error('GitHub does not answer.'), { name: 'ForgeUnavailable' })) });
    assert.equal((await away.post('/rerun')).status, 503);
  });

  test('nothing that came from a work tree', async (t) => {
    const view = failedView();
    view.trigger.event = 'local';
    const { text } = await (await pageOf(t, view)).get();
    lacks(text, />Rerun/);
  });
});

suite('approvals', () => {
  const waitingView = (): PipelineView => {
    const view = runningView();
    view.workflows[0]!.jobs.push(jobOf('ship it', ['build'], [], null, { type: 'approval', reason: 'waits for an approval' }), jobOf('later', ['staging'], [], null, { type: 'approval' }));
    return view;
  };

  test('what waits is told to everybody, and approved by who may write', async (t) => {
    const approved: unknown[] = [];
    const page = await pageOf(t, waitingView(), { approve: (_view, job, { who }) => Promise.resolve(void approved.push([job, who])) });
    const form = /<form method="post" action="\/acme\/rocket\/7\/approve">[^]*?<button class="approve">Approve ship it<\/button><\/form>/;
    for (const path of ['', '/ci/ship%20it']) has((await page.get(path)).text, form, path);
    lacks((await page.get()).text, 'Approve later', 'one that does not wait yet');
    const { status, location } = await page.post('/approve', { csrf: 'token', workflow: 'ci', job: 'ship it' });
    assert.deepEqual([status, location, approved], [303, '/acme/rocket/7', [[{ workflow: 'ci', job: 'ship it' }, 'github:9 ada']]]);
    page.permission.of = 'read';
    for (const path of ['', '/ci/ship%20it']) {
      const { text } = await page.get(path);
      has(text, '<strong>ship it</strong> of ci waits for an approval.', path);
      lacks(text, '<button class="approve"', path);
    }
  });

  test('of two at once the second hears who was first', async (t) => {
    const page = await pageOf(t, waitingView(), { approve: () => Promise.reject(new Refused('ship it was approved by grace, so there is nothing to approve.')) });
    const { status, text } = await page.post('/approve', { csrf: 'token', workflow: 'ci', job: 'ship it' });
    assert.equal(status, 409);
    has(text, 'ship it was approved by grace');
  });

  test('afterwards it says who did', async (t) => {
    const view = failedView();
    view.workflows[0]!.jobs.push(jobOf('ship it', ['build'], [], 'passed', { type: 'approval', approvedBy: 'grace' }));
    has(rowOf((await (await pageOf(t, view)).get()).text, 'ship it'), '<div class="quiet">approved by grace</div>');
  });
});

suite('a rerun in part', () => {
  /** Of #5: all but the unit tests, of which one slice ran anew. */
  const rerunView = (): PipelineView => {
    const view = failedView();
    for (const job of view.workflows[0]!.jobs) if (job.name !== 'unit tests') job.carriedFrom = 5;
    for (const slice of view.workflows[0]!.jobs[2]!.slices) if (slice.index !== 1) slice.carriedFrom = 5;
    return view;
  };

  test('what was taken over says from where, with what is kept there, and takes no time of this one', async (t) => {
    const page = await pageOf(t, rerunView());
    page.keepConfig();
    const { text } = await page.get();
    has(rowOf(text, 'build'), '<div class="quiet">from <a href="/acme/rocket/5/ci/build">#5</a></div>');
    has(rowOf(text, 'unit tests'), '3 of 4 slices from <a href="/acme/rocket/5/ci/unit%20tests">#5</a>');
    has(text, '<title>build: passed · from #5</title>');
    has(text, '<a class="node passed carried"');
    assert.equal([...text.matchAll(/<div class="row/g)].length, 1, 'bars');

    page.put(artifactIndexKey(artifactsKey({ repositoryId: 42, pipeline: 5, workflow: 'ci', job: 'build', slice: 0 }, 1, 3)), { version: 1, files: [{ path: 'dist/app.js', file: 0, bytes: 1, sha256: '0'.repeat(64) }] });
    has((await page.get('/artifacts')).text, 'dist/app.js');
    page.keepTests('ci', 'unit tests', 1, 3, [{ name: 'ran here' }]);
    page.put(testReportKey({ repositoryId: 42, pipeline: 5, workflow: 'ci', job: 'unit tests', slice: 0 }, 1, 3), { version: 1, cases: [{ name: 'ran there', classname: null, file: null, line: null, seconds: null, outcome: 'passed', message: null, detail: null, suite: null }] });
    const tests = (await page.get('/tests')).text;
    has(tests, 'ran here');
    has(tests, 'ran there');
  });

  test('the page of a job leads to where it ran', async (t) => {
    const page = await pageOf(t, rerunView());
    has((await page.get('/ci/build')).text, 'This job ran in <a href="/acme/rocket/5/ci/build?slice=0">#5</a>');
    has((await page.get('/ci/unit%20tests?slice=0')).text, 'Slice 0 ran in <a href="/acme/rocket/5/ci/unit%20tests?slice=0">#5</a>');
    lacks((await page.get('/ci/unit%20tests?slice=1')).text, ' ran in ');
  });
});

suite('who may', () => {
  for (const action of ['/cancel', '/rerun', '/approve']) {
    test(`${action}: writers, by our own form`, async (t) => {
      const page = await pageOf(t, action === '/rerun' ? failedView() : runningView());
      assert.equal((await page.post(action, {})).status, 403, 'without the token');
      assert.equal((await page.post(action, { csrf: 'another' })).status, 403, 'with a wrong one');
      page.permission.of = 'read';
      const { status, text } = await page.post(action);
      assert.equal(status, 403);
      has(text, 'Only somebody with write access to the repository on GitHub may do this.');
      lacks((await page.get()).text, `7${action}"`, 'a reader');
      page.permission.of = 'none';
      assert.equal((await page.post(action)).status, 404, 'who may not even know of it');
      page.permission.of = 'admin';
      page.viewer.csrf = null;
      assert.equal((await page.post(action)).status, 403, 'who changes nothing');
      lacks((await page.get()).text, `7${action}"`, 'who changes nothing');
      assert.equal((await page.get(action)).status, 404, 'by a link');
    });
  }
});
