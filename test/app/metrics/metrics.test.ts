// Do the metrics say what happened, to those who may know, and never who, where or which?

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/activity';
import { Hono } from 'hono';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import type { ControlActivities } from '../../../activities/control/activities.ts';
import { measuredActivities } from '../../../app/metrics/activities.ts';
import { endedPipelines } from '../../../app/metrics/ended.ts';
import { githubWatch } from '../../../app/metrics/github.ts';
import { measuredRequests, watchSocket, watchWebhooks } from '../../../app/metrics/http.ts';
import { metricsHandler } from '../../../app/metrics/metrics-handler.ts';
import { bounded, createMetrics, type Metrics } from '../../../app/metrics/metrics.ts';
import { standing } from '../../../app/metrics/standing.ts';
import { temporalWatch } from '../../../app/metrics/temporal.ts';
import type { PipelineView, SliceView } from '../../../config-schema/view.ts';
import { planKey } from '../../../config-schema/address.ts';
import { eventually } from '../page/scene.ts';

const hostile = 'evil"} 1\n# <script>\\';
const sha = 'abcdef0123456789abcdef0123456789abcdef01';

const quietly = (): MockActivityEnvironment => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
const fresh = (): Metrics => createMetrics({ version: '1.2.3', processes: false });
/** Lines of one metric that say something, without its buckets. */
const lines = async (metrics: Metrics, name: string): Promise<string[]> => (await metrics.registry.getSingleMetricAsString(name)).split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'));

const slice = (change: Partial<SliceView>): SliceView => ({ index: 0, attempt: 1, state: 'ended', outcome: 'passed', notes: [hostile], builder: 'b1', resourceClass: 'small', queuedAt: '2026-05-01T12:00:00Z', prepareMs: 2000, startedAt: '2026-05-01T12:00:12Z', endedAt: '2026-05-01T12:01:00Z', steps: [], ...change });
const step = (outcome: 'passed' | 'failed' | 'skipped', durationMs: number) => ({ name: hostile, state: 'ended' as const, startedAt: null, result: { name: hostile, outcome, exitCode: 0, signal: null, durationMs } });
const pipeline = (change: object = {}): PipelineView =>
  ({
    repository: { id: 4242, owner: hostile, name: hostile, defaultBranch: hostile },
    number: 777,
    trigger: { ref: `refs/heads/${hostile}`, sha, sender: { login: hostile }, commit: { subject: hostile } },
    state: 'ended',
    outcome: 'failed',
    reason: hostile,
    startedAt: '2026-05-01T12:00:00Z',
    endedAt: '2026-05-01T12:01:30Z',
    workflows: [{ name: hostile, outcome: 'failed', jobs: [{ name: hostile, state: 'ended', outcome: 'failed', reason: hostile, startedAt: null, endedAt: null, slices: [slice({ steps: [step('passed', 1500), step('failed', 3000), step('skipped', 0), step('passed', 9000)] })] }] }],
    ...change,
  }) as unknown as PipelineView;
const planned = { plan: { workflows: [{ name: hostile, jobs: [{ name: hostile, job: 'j' }] }], jobs: { j: { steps: [{ kind: 'checkout' }, { kind: 'run' }, { kind: 'run' }] } } } };
const storeWith = (record: object | null) => ({ get: (key: string) => Promise.resolve(record && key === planKey(4242, 777) ? Buffer.from(JSON.stringify(record)) : undefined) });

const sight = (change: Partial<BuilderSight>): BuilderSight => ({ id: 'b1', version: '1', classes: { small: { cpus: 1, memoryBytes: 2 } }, capacity: { cpus: 8, memoryBytes: 16 }, used: { cpus: 2, memoryBytes: 4 }, draining: false, sandboxes: [{ name: hostile, address: hostile, startedAt: hostile }], publicKey: {}, connected: true, seenAt: '', ...change });
const openOne = (): PipelineView => pipeline({ state: 'running', outcome: null, endedAt: null, workflows: [{ name: hostile, outcome: null, jobs: [{ name: hostile, state: 'running', outcome: null, startedAt: null, endedAt: null, slices: [slice({ state: 'running' }), slice({ state: 'waiting', startedAt: null, reason: hostile })] }] }] });

suite('of an ended pipeline', () => {
  test('how long it, its steps by their kinds, and the wait for a builder took', async () => {
    const metrics = fresh();
    await endedPipelines(metrics, storeWith(planned))(pipeline());
    assert.deepEqual(await lines(metrics, 'cicd_pipeline_run_duration_seconds'), ['cicd_pipeline_run_duration_seconds_sum{cicd_pipeline_result="failure",cicd_pipeline_run_state="executing"} 90', 'cicd_pipeline_run_duration_seconds_count{cicd_pipeline_result="failure",cicd_pipeline_run_state="executing"} 1']);
    assert.deepEqual(await lines(metrics, 'roundhouse_slice_wait_seconds'), ['roundhouse_slice_wait_seconds_sum{class="small"} 10', 'roundhouse_slice_wait_seconds_count{class="small"} 1']);
    assert.deepEqual((await lines(metrics, 'roundhouse_step_duration_seconds')).filter((line) => line.includes('_sum')), ['roundhouse_step_duration_seconds_sum{kind="checkout",outcome="passed"} 1.5', 'roundhouse_step_duration_seconds_sum{kind="run",outcome="failed"} 3', 'roundhouse_step_duration_seconds_sum{kind="service",outcome="passed"} 9']);
    assert.deepEqual(await lines(metrics, 'cicd_pipeline_run_errors_total'), ['cicd_pipeline_run_errors_total{error_type="failed"} 1']);
  });

  test('what was taken over from an earlier pipeline was counted there', async () => {
    const metrics = fresh();
    const view = pipeline();
    const [job] = view.workflows[0]!.jobs;
    view.workflows[0]!.jobs = [{ ...job!, carriedFrom: 776 }, { ...job!, outcome: 'passed', slices: job!.slices.map((each) => ({ ...each, carriedFrom: 776 })) }];
    await endedPipelines(metrics, storeWith(planned))(view);
    for (const name of ['roundhouse_slice_wait_seconds', 'roundhouse_step_duration_seconds', 'cicd_pipeline_run_errors_total']) assert.deepEqual(await lines(metrics, name), [], name);
  });

  test('without its plan, steps are of an unknown kind', async () => {
    const metrics = fresh();
    await endedPipelines(metrics, storeWith(null))(pipeline());
    assert.deepEqual((await lines(metrics, 'roundhouse_step_duration_seconds')).filter((line) => line.includes('_sum')), ['roundhouse_step_duration_seconds_sum{kind="unknown",outcome="passed"} 10.5', 'roundhouse_step_duration_seconds_sum{kind="unknown",outcome="failed"} 3']);
  });

  const results: [outcome: string, result: string][] = [['passed', 'success'], ['timed-out', 'timeout'], ['canceled', 'cancellation'], ['skipped', 'skip'], ['broken', 'error']];
  for (const [outcome, result] of results) {
    test(`${outcome} is ${result}`, async () => {
      const metrics = fresh();
      await endedPipelines(metrics, storeWith(null))(pipeline({ outcome, workflows: [] }));
      assert.match((await lines(metrics, 'cicd_pipeline_run_duration_seconds'))[1]!, new RegExp(`result="${result}"`));
      assert.equal((await lines(metrics, 'cicd_system_errors_total')).length, outcome === 'broken' ? 1 : 0);
    });
  }
});

suite('of what stands now', () => {
  test('builders, classes, pipelines and the queue', async () => {
    const metrics = fresh();
    const now = Date.parse('2026-05-01T12:02:00Z');
    await standing(metrics, { sights: async () => [sight({}), sight({ id: 'b2', draining: true, sandboxes: [] }), sight({ id: 'b3', connected: false })], openViews: async () => [openOne(), pipeline({ state: 'waiting' })] }, () => now)();
    const said = await metrics.registry.metrics();
    for (const line of [
      'roundhouse_builders{state="takes-work"} 1', 'roundhouse_builders{state="draining"} 1', 'roundhouse_builders{state="gone"} 1',
      'cicd_worker_count{cicd_worker_state="available"} 1', 'cicd_worker_count{cicd_worker_state="busy"} 1', 'cicd_worker_count{cicd_worker_state="offline"} 1',
      'roundhouse_builder_cpus{builder="b1"} 8', 'roundhouse_builder_cpus_used{builder="b1"} 2', 'roundhouse_builder_sandboxes{builder="b1"} 1',
      'roundhouse_class_builders{class="small"} 1', 'roundhouse_class_room{class="small"} 6',
      'cicd_pipeline_run_active{cicd_pipeline_run_state="pending"} 1', 'cicd_pipeline_run_active{cicd_pipeline_run_state="executing"} 1',
      'roundhouse_slices_waiting{class="small"} 1', 'roundhouse_slices_running{class="small"} 1', 'roundhouse_queue_longest_wait_seconds{class="small"} 120',
    ]) assert.ok(said.includes(`\n${line}\n`), `${line} in\n${said}`);
    assert.doesNotMatch(said, /builder="b3"/);
  });

  test('what cannot be known is left out, and what has gone does not stay', async () => {
    const metrics = fresh();
    let away = false;
    const refresh = standing(metrics, { sights: async () => (away ? [] : [sight({})]), openViews: () => (away ? Promise.reject(new Error('away')) : Promise.resolve([openOne()])) });
    await refresh();
    away = true;
    await refresh();
    for (const name of ['roundhouse_builder_cpus', 'roundhouse_slices_waiting', 'cicd_pipeline_run_active']) assert.deepEqual(await lines(metrics, name), []);
    assert.deepEqual(await lines(metrics, 'cicd_system_errors_total'), ['cicd_system_errors_total{cicd_system_component="metrics",error_type="pipelines-unknown"} 1']);
  });

  test('ever new builders and classes do not become ever new labels', async () => {
    const metrics = fresh();
    for (let round = 0; round < 3; round++) {
      const sights = Array.from({ length: 200 }, (_, i) => sight({ id: `b${round}-${i}`, classes: { [`c${round}-${i}`]: { cpus: 1, memoryBytes: 1 } } }));
      await standing(metrics, { sights: async () => sights, openViews: async () => [] })();
    }
    assert.ok((await lines(metrics, 'roundhouse_builder_cpus')).length <= 201);
    const name = bounded(2);
    assert.deepEqual(['a', 'b', 'c', 'a'].map(name), ['a', 'b', 'other', 'a']);
  });
});

suite('of GitHub', () => {
  const headers = (remaining: number, resetsAt: number, resource = 'core') => (name: string) => ({ 'x-ratelimit-remaining': String(remaining), 'x-ratelimit-limit': '5000', 'x-ratelimit-reset': String(resetsAt), 'x-ratelimit-resource': resource })[name] ?? null;
  const later = Math.floor(Date.now() / 1000) + 1000;

  test('requests, and the limit of the installation that is nearest to its end', async () => {
    const metrics = fresh();
    const watch = githubWatch(metrics);
    watch.answered({ installation: 1, method: 'GET', status: 200, ms: 100, header: headers(4000, later) });
    watch.answered({ installation: 2, method: 'POST', status: 201, ms: 100, header: headers(30, later) });
    watch.answered({ installation: 1, method: 'GET', status: 200, ms: 100, header: headers(3999, later) });
    watch.answered({ installation: null, method: hostile, status: null, ms: 100, header: () => null });
    assert.deepEqual(await lines(metrics, 'roundhouse_github_rate_limit_remaining'), ['roundhouse_github_rate_limit_remaining{resource="core"} 30']);
    assert.deepEqual(await lines(metrics, 'roundhouse_github_rate_limit_reset_timestamp_seconds'), [`roundhouse_github_rate_limit_reset_timestamp_seconds{resource="core"} ${later}`]);
    assert.deepEqual((await lines(metrics, 'roundhouse_github_request_duration_seconds')).filter((line) => line.includes('_count')), ['GET",status="200"} 2', 'POST",status="201"} 1', 'other",status="error"} 1'].map((end) => `roundhouse_github_request_duration_seconds_count{method="${end}`));
  });

  test('a limit that was reset is forgotten, and a resource is one that GitHub has', async () => {
    const metrics = fresh();
    const watch = githubWatch(metrics);
    watch.answered({ installation: 1, method: 'GET', status: 200, ms: 1, header: headers(3, later - 2000) });
    watch.answered({ installation: 2, method: 'GET', status: 200, ms: 1, header: headers(4999, later) });
    watch.answered({ installation: 2, method: 'GET', status: 200, ms: 1, header: headers(9, later, hostile) });
    assert.deepEqual(await lines(metrics, 'roundhouse_github_rate_limit_remaining'), ['roundhouse_github_rate_limit_remaining{resource="core"} 4999', 'roundhouse_github_rate_limit_remaining{resource="other"} 9']);
  });

  test('waits, and requests that were put off', async () => {
    const metrics = fresh();
    const watch = githubWatch(metrics);
    watch.waited(0, false);
    watch.waited(2000, false);
    watch.waited(9000, true);
    assert.deepEqual(await lines(metrics, 'roundhouse_github_limiter_wait_seconds'), ['roundhouse_github_limiter_wait_seconds_sum 2', 'roundhouse_github_limiter_wait_seconds_count 2']);
    assert.deepEqual(await lines(metrics, 'roundhouse_github_limiter_put_off_total'), ['roundhouse_github_limiter_put_off_total 1']);
  });
});

suite('of control activities', () => {
  test('each is timed; a failure counts, but not GitHub’s silence; an ended pipeline is told', async () => {
    const metrics = fresh();
    const told: PipelineView[] = [];
    const ours: Partial<ControlActivities> = {
      finish: () => Promise.resolve(),
      redeliverFailed: () => Promise.reject(new Error('broken')),
      explainWait: () => Promise.reject(ApplicationFailure.create({ type: 'ForgeUnavailable', message: 'GitHub is away' })),
    };
    const activities = measuredActivities(ours as ControlActivities, metrics, async (view) => void told.push(view));
    const environment = quietly();
    await environment.run(activities.finish, pipeline());
    await assert.rejects(environment.run(activities.redeliverFailed), /broken/);
    await assert.rejects(environment.run(activities.explainWait, { resourceClass: 'small' }), /away/);
    assert.equal(told.length, 1);
    assert.deepEqual((await lines(metrics, 'roundhouse_activity_duration_seconds')).filter((line) => line.includes('_count')).map((line) => line.slice(line.indexOf('{'))), ['{activity="finish",result="ok"} 1', '{activity="redeliverFailed",result="failed"} 1', '{activity="explainWait",result="failed"} 1']);
    assert.equal((await lines(metrics, 'roundhouse_activity_schedule_to_start_seconds')).filter((line) => line.includes('_count')).length, 3);
    assert.deepEqual(await lines(metrics, 'cicd_system_errors_total'), ['cicd_system_errors_total{cicd_system_component="controller",error_type="redeliverFailed"} 1']);
  });

  test('an ended pipeline that cannot be counted is stored all the same', async () => {
    const metrics = fresh();
    const activities = measuredActivities({ finish: () => Promise.resolve() } as Partial<ControlActivities> as ControlActivities, metrics, () => Promise.reject(new Error('no plan')));
    await quietly().run(activities.finish, pipeline());
    assert.equal((await lines(metrics, 'cicd_system_errors_total')).length, 1);
  });
});

test('of Temporal: calls by operation and status', async () => {
  const metrics = fresh();
  temporalWatch(metrics)('QueryWorkflow', 0, 20);
  assert.deepEqual(await lines(metrics, 'roundhouse_temporal_request_duration_seconds'), ['roundhouse_temporal_request_duration_seconds_sum{operation="QueryWorkflow",status="0"} 0.02', 'roundhouse_temporal_request_duration_seconds_count{operation="QueryWorkflow",status="0"} 1']);
});

suite('of HTTP', () => {
  test('page requests go under their route', async () => {
    const metrics = fresh();
    const app = new Hono();
    app.use(measuredRequests(metrics));
    app.use('/:owner/:name/*', (_c, next) => next());
    app.get('/:owner/:name/:pipeline{[0-9]{1,15}}', (c) => c.text('a pipeline'));
    app.get('/:owner/:name/badge.svg', (c) => c.text('unknown', 404));
    for (const path of ['/acme/secret/1', '/acme/secret/2', '/acme/secret/badge.svg', `/acme/secret/${encodeURIComponent(hostile)}`, '/nowhere']) await app.request(path);
    await app.request('/nowhere', { method: 'PROPFIND' });
    assert.deepEqual((await lines(metrics, 'roundhouse_page_request_duration_seconds')).filter((line) => line.includes('_count')).map((line) => line.slice(line.indexOf('{'))), [
      '{method="GET",route="/:owner/:name/:pipeline{[0-9]{1,15}}",status="200"} 2',
      '{method="GET",route="/:owner/:name/badge.svg",status="404"} 1',
      '{method="GET",route="/:owner/:name/*",status="404"} 1',
      '{method="GET",route="/*",status="404"} 1',
      '{method="other",route="/*",status="404"} 1',
    ]);
  });

  test('webhooks by event and result, and nobody invents events', async (t) => {
    const metrics = fresh();
    const server = createServer((req, res) => res.writeHead(Number(req.headers['x-answer'])).end());
    watchWebhooks(server, metrics);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const send = (event: string, status: number, path = '/api/github/webhooks'): Promise<unknown> => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method: 'POST', headers: { 'x-github-event': event, 'x-answer': String(status) } });
    await send('push', 200);
    await send('push', 401);
    await send('check_run', 503);
    await send('evil"', 200);
    await send('push', 200, '/elsewhere');
    const expected = ['event="push",result="accepted"} 1', 'event="push",result="refused"} 1', 'event="check_run",result="failed"} 1', 'event="other",result="accepted"} 1'].map((end) => `roundhouse_webhooks_total{${end}`);
    await eventually(async () => (await lines(metrics, 'roundhouse_webhooks_total')).length === expected.length);
    assert.deepEqual(await lines(metrics, 'roundhouse_webhooks_total'), expected);
  });

  test('WebSockets while they are open', async () => {
    const metrics = fresh();
    const socket = new PassThrough();
    watchSocket(socket, metrics);
    assert.deepEqual(await lines(metrics, 'roundhouse_page_sockets'), ['roundhouse_page_sockets 1']);
    socket.destroy();
    await once(socket, 'close');
    assert.deepEqual(await lines(metrics, 'roundhouse_page_sockets'), ['roundhouse_page_sockets 0']);
  });
});

suite('who reads them', () => {
  async function serve(t: TestContext, token: string | null): Promise<(headers?: Record<string, string>, path?: string) => Promise<{ status: number; text: string }>> {
    const handler = metricsHandler(createMetrics({ version: '1.2.3' }), () => Promise.resolve(), token);
    const server = createServer((req: IncomingMessage, res: ServerResponse) => void Promise.resolve(handler(req, res)).then((taken) => taken || res.writeHead(418).end()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return async (headers = {}, path = '/metrics') => {
      const asking = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', path, headers }).end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      let text = '';
      for await (const bytes of response) text += String(bytes);
      return { status: response.statusCode!, text };
    };
  }

  test('a program of this machine', async (t) => {
    const { status, text } = await (await serve(t, null))();
    assert.equal(status, 200);
    assert.match(text, /^roundhouse_info\{version="1\.2\.3"\} 1$/m);
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
  });

  const elsewhere = { 'x-forwarded-for': '203.0.113.9' };
  const cases: [title: string, token: string | null, headers: Record<string, string>, status: number][] = [
    ['through a proxy, without a token here: it is not there', null, elsewhere, 404],
    ['under another name, as a web page elsewhere would have it', null, { host: 'evil.example' }, 404],
    ['through a proxy, without the token', 't0ken', elsewhere, 401],
    ['through a proxy, with the token', 't0ken', { ...elsewhere, authorization: 'Bearer t0ken' }, 200],
    ['with another token', 't0ken', { ...elsewhere, authorization: 'Bearer t0kem' }, 401],
    ['with a beginning of the token', 't0ken', { ...elsewhere, authorization: 'Bearer t0k' }, 401],
    ['with a wrong token, even from here', 't0ken', { authorization: 'Bearer no' }, 401],
    ['with any token, where none is set', null, { ...elsewhere, authorization: 'Bearer t0ken' }, 404],
  ];
  for (const [title, token, headers, status] of cases) test(title, async (t) => assert.equal((await (await serve(t, token))(headers)).status, status));
  test('other paths are others’', async (t) => assert.equal((await (await serve(t, null))({}, '/metricsx')).status, 418));
});

test('no run, branch, commit, repository, workflow, job or step is in them, whatever it is called', async () => {
  const metrics = fresh();
  await endedPipelines(metrics, storeWith(planned))(pipeline());
  await standing(metrics, { sights: async () => [sight({})], openViews: async () => [openOne()] })();
  const said = await metrics.registry.metrics();
  assert.match(said, /roundhouse_step_duration_seconds_count/);
  assert.doesNotMatch(said, /evil|script|4242|777|abcdef0/);
  for (const [, labels] of said.matchAll(/^\w+\{([^}]*)\}/gm)) for (const [, label] of labels!.matchAll(/(\w+)=/g)) assert.match(label!, /^(cicd_pipeline_result|cicd_pipeline_run_state|cicd_worker_state|cicd_system_component|error_type|class|kind|outcome|state|builder|version|le)$/);
});
