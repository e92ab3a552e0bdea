// What do programs see and change through the API, by which tokens?

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { idKeysOf, rememberIds } from '../../../activities/control/ids.ts';
import { uuidOf } from '../../../activities/uuid.ts';
import { artifactIndexKey, artifactsKey } from '../../../config-schema/artifact.ts';
import { testReportKey } from '../../../config-schema/test-report.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import { configErrorView, failedView, jobOf, runningView } from '../page/pipeline-scene.ts';
import { apiOf, type Answer } from './api-scene.ts';

const project = '/project/gh/acme/rocket';
const pipelineId = uuidOf('pipeline', 42, 7);
const workflowId = uuidOf('workflow', 42, 7, 'ci');
const jobId = (name: string): string => uuidOf('job', 42, 7, 'ci', name);
const told = ({ status, body }: Answer): [number, unknown] => [status, body.message];

/** Its tests have passed, and somebody must approve what follows. */
function heldView(): PipelineView {
  const view = runningView();
  view.workflows[0]!.jobs = [failedView().workflows[0]!.jobs[0]!, jobOf('hold', ['build'], [], null, { type: 'approval', reason: 'waits for an approval' }), jobOf('deploy', ['hold'], [], null)];
  return view;
}

suite('reading by a token', () => {
  test('shows whose it is', async (t) => {
    const scene = await apiOf(t, []);
    const { status, body } = await (await scene.program('ada', 'read')).get('/me');
    assert.deepEqual([status, body.login, body.name], [200, 'ada', 'ada']);
    const circle = await scene.program('ada', 'read');
    assert.equal((await scene.programWith('', { 'circle-token': circle.token }).get('/me')).status, 200);
  });

  test('shows the pipelines of a repository page by page, and one by its number or its id', async (t) => {
    const older = { ...failedView(), number: 6 };
    const scene = await apiOf(t, [runningView(), older, { ...configErrorView(), number: 5, trigger: { ...failedView().trigger, ref: 'refs/heads/main' } }]);
    const ada = await scene.program('ada', 'read');
    const first = await ada.get(`${project}/pipeline?limit=2`);
    assert.deepEqual([first.body.items.map(({ number }: { number: number }) => number), first.body.next_page_token], [[7, 6], '2']);
    const rest = await ada.get(`/project/github/acme/rocket/pipeline?limit=2&page-token=2`);
    assert.deepEqual(rest.body.items.map(({ number, state, errors }: any) => [number, state, errors[0].type]), [[5, 'errored', 'config']]);
    assert.equal((await ada.get(`${project}/pipeline?branch=main`)).body.items.length, 1);
    assert.equal((await ada.get('/pipeline')).body.items.length, 3);

    const { body } = await ada.get(`${project}/pipeline/7`);
    assert.equal(body.id, pipelineId);
    assert.deepEqual([body.project_slug, body.state, body.outcome, body.vcs.branch, body.vcs.revision, body.trigger.type, body.trigger.actor.login], ['gh/acme/rocket', 'created', null, 'feature/boosters', failedView().trigger.sha, 'webhook', 'wile']);
    assert.equal(body.url, 'https://ci.example.org/acme/rocket/7');
    assert.deepEqual((await ada.get(`/pipeline/${pipelineId}`)).body, body);
  });

  test('shows workflows and jobs of an open pipeline, and of an ended one by what was kept at its end', async (t) => {
    const views = [runningView()];
    const scene = await apiOf(t, views);
    const ada = await scene.program('ada', 'read');
    const workflows = (await ada.get(`/pipeline/${pipelineId}/workflow`)).body.items;
    assert.deepEqual(workflows.map(({ id, name, status, stopped_at }: any) => [id, name, status, stopped_at]), [[workflowId, 'ci', 'running', null]]);
    const jobs = (await ada.get(`/workflow/${workflowId}/job`)).body.items;
    assert.deepEqual(jobs.map(({ name, status }: any) => `${name}: ${status}`), ['build: success', 'lint: success', 'unit tests: running', 'browser tests: queued', 'image: running', 'staging: blocked', 'smoke tests: blocked']);
    assert.deepEqual(jobs[2].dependencies, [jobId('build')]);

    views[0] = failedView();
    assert.equal((await ada.get(`/workflow/${workflowId}`)).status, 404, 'nobody has kept it');
    await rememberIds(scene.store, views[0]);
    assert.deepEqual((await ada.get(`/workflow/${workflowId}`)).body.status, 'failed');
    assert.equal((await ada.get(`/pipeline/${pipelineId}`)).body.outcome, 'failed');
    assert.deepEqual(idKeysOf(views[0]), [`ids/${pipelineId}.json`, `ids/${workflowId}.json`]);
  });

  test('shows a job with its slices, where their logs are, and why', async (t) => {
    const scene = await apiOf(t, [failedView()]);
    const ada = await scene.program('ada', 'read');
    const job = (await ada.get(`${project}/pipeline/7/workflow/ci/job/unit%20tests`)).body;
    assert.deepEqual([job.id, job.status, job.slices.length, job.slices[1].outcome], [jobId('unit tests'), 'failed', 4, 'failed']);
    assert.deepEqual((await ada.get(`${project}/pipeline/7/workflow/ci/job`)).body.items.map(({ name }: any) => name).slice(0, 2), ['build', 'lint']);
    for (const path of ['workflow/no/job', 'workflow/ci/job/no', 'workflow/no/job/lint/tests']) assert.equal((await ada.get(`${project}/pipeline/7/${path}`)).status, 404, path);
    assert.equal((await ada.get(`${project}/pipeline/8`)).status, 404);
    assert.deepEqual(job.slices[1].steps[2], { name: 'npm test', state: 'ended', outcome: 'failed', exit_code: 1, log_url: 'https://ci.example.org/acme/rocket/7/ci/unit%20tests/1/2/log.txt' });
    const why = (await ada.get(`${project}/pipeline/7/why?workflow=ci&job=staging`)).body.items;
    assert.deepEqual(why, [{ subject: 'ci/staging', answer: 'did not run; requires unit tests, which ended as failed' }]);
    assert.match(told(await ada.get(`${project}/pipeline/7/why?workflow=no`)).join(' '), /^422 acme\/rocket#7 has no workflow no/);
    const slice = { repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'unit tests', slice: 1 };
    const failed = { name: 'flies', classname: 'Rocket', file: 'rocket.test.ts', line: null, seconds: 1.5, outcome: 'failed', message: 'it fell', detail: null };
    await scene.store.put(testReportKey(slice, 1, 3), Buffer.from(JSON.stringify({ version: 1, cases: [failed] })));
    const tests = (await ada.get(`${project}/pipeline/7/workflow/ci/job/unit%20tests/tests`)).body.items;
    assert.deepEqual(tests, [{ name: 'flies', classname: 'Rocket', file: 'rocket.test.ts', result: 'failure', message: 'it fell', run_time: 1.5, source: 'junit', node_index: 1 }]);
    const stored = artifactsKey({ ...slice, job: 'build', slice: 0 }, 1, 3);
    await scene.store.put(artifactIndexKey(stored), Buffer.from(JSON.stringify({ version: 1, files: [{ path: 'dist/a b.js', file: 0, bytes: 7, sha256: 'sha' }] })));
    const artifacts = (await ada.get(`${project}/pipeline/7/workflow/ci/job/build/artifacts`)).body.items;
    assert.deepEqual(artifacts, [{ path: 'dist/a b.js', node_index: 0, url: 'https://ci.example.org/acme/rocket/7/ci/build/0/artifacts/dist/a%20b.js', bytes: 7, sha256: 'sha' }]);
    for (const what of ['tests', 'artifacts']) assert.deepEqual((await ada.get(`${project}/pipeline/7/workflow/ci/job/lint/${what}`)).body, { items: [], next_page_token: null });
  });

  test('of a repository that is not theirs to see is as of one that is not there', async (t) => {
    const scene = await apiOf(t, [runningView()]);
    const eve = await scene.program('eve', 'write');
    const paths = [`${project}/pipeline`, `${project}/pipeline/7`, `${project}/pipeline/7/workflow/ci/job/lint`, '/project/gh/acme/nothing/pipeline', '/project/bb/acme/rocket/pipeline'];
    const ids = [`/pipeline/${pipelineId}`, `/workflow/${workflowId}/job`, `/workflow/${uuidOf('workflow', 42, 7, 'no')}`, '/workflow/..'];
    for (const path of paths) assert.deepEqual(told(await eve.get(path)), [404, 'There is no such repository that you may see.'], path);
    for (const path of ids.slice(0, 3)) assert.match(String(told(await eve.get(path))), /^404,There is no such (pipeline|workflow) that you may see\.$/, path);
    assert.equal((await eve.get('/pipeline')).body.items.length, 0);
    assert.equal((await eve.post(`/workflow/${workflowId}/cancel`)).status, 404);
    assert.equal((await eve.post(`${project}/pipeline`, { branch: 'gone' })).status, 404);
    assert.deepEqual(scene.done, []);
  });
});

suite('who comes', () => {
  test('without a token, by one that is no more, or by a cookie, hears 401', async (t) => {
    const scene = await apiOf(t, [runningView()]);
    const browser = await scene.signedIn('ada');
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const headers of [{}, { cookie, host: 'ci.example.org' }, { authorization: 'Basic YTpi' }, { authorization: 'Bearer rh_x' }]) assert.equal((await scene.anybody.get('/me', headers)).status, 401);
    assert.equal((await scene.anybody.get('/no/such/thing')).status, 401);
    assert.equal((await scene.anybody.get('/me?circle-token=x')).status, 401);
    const badge = await scene.program('ada', 'badge', scene.repository);
    assert.deepEqual(told(await badge.get('/me')), [401, 'This token is for badges only: it stands in their address, as ?token=TOKEN.']);
    const ada = await scene.program('ada', 'write');
    assert.equal((await ada.get('/no/such/thing')).status, 404);
    await scene.door.tokens.end((await scene.door.tokens.list()).find(({ kind }) => kind === 'write')!.key);
    assert.equal((await ada.get('/me')).status, 401);
  });

  test('by a token for one repository sees no other', async (t) => {
    const scene = await apiOf(t, [runningView()]);
    assert.equal((await (await scene.program('ada', 'write', scene.repository)).get(`${project}/pipeline/7`)).status, 200);
    assert.equal((await (await scene.program('ada', 'write', { ...scene.repository, id: 43 })).get(`${project}/pipeline/7`)).status, 404);
  });

  test('too often in a minute waits for the next', async (t) => {
    const scene = await apiOf(t, [], { mostPerMinute: 4 });
    const [ada, again] = [await scene.program('ada', 'read'), await scene.program('ada', 'read')];
    for (const program of [ada, again, ada, again]) assert.equal((await program.get('/me')).status, 200);
    const refused = await ada.get('/me');
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60']);
    assert.equal((await (await scene.program('rae', 'read')).get('/me')).status, 200);
    scene.pass(60);
    assert.equal((await ada.get('/me')).status, 200);
  });
});

suite('changing something', () => {
  test('takes a token for writing, of somebody who may write there now', async (t) => {
    const scene = await apiOf(t, [heldView()]);
    const forReading = await scene.program('ada', 'read');
    const [rae, ada] = [await scene.program('rae', 'write'), await scene.program('ada', 'write')];
    const changes = [`${project}/pipeline`, `${project}/pipeline/7/cancel`, `${project}/pipeline/7/rerun`, `${project}/pipeline/7/allow`, `/pipeline/${pipelineId}/allow`, `/workflow/${workflowId}/cancel`, `/workflow/${workflowId}/rerun`, `/workflow/${workflowId}/approve/${jobId('hold')}`];
    for (const path of changes) {
      assert.deepEqual(told(await forReading.post(path)), [403, 'This token is for reading. Make one for reading and writing on the page, under your name.'], path);
      assert.deepEqual(told(await rae.post(path)), [403, 'Only somebody with write access to the repository on GitHub may do this.'], path);
    }
    assert.equal((await rae.post(`${project}/pipeline`, 'no JSON')).status, 403, 'that comes before what was sent is looked at');
    assert.deepEqual(scene.done, []);
    assert.equal((await ada.post(`/workflow/${workflowId}/cancel`)).status, 202);
    scene.github.addCollaborator('acme/rocket', 'ada', 'read');
    scene.pass(61);
    assert.equal((await ada.post(`/workflow/${workflowId}/cancel`)).status, 403);
    assert.deepEqual(scene.done, [{ cancel: 7, workflow: 'ci', who: 'github:N ada' }]);
  });

  test('starts a pipeline, which is found by its id at once', async (t) => {
    const views = [failedView()];
    const scene = await apiOf(t, views);
    const ada = await scene.program('ada', 'write');
    const { status, body } = await ada.post(`${project}/pipeline`, { branch: 'main', parameters: { deploy: true, level: 3, to: 'moon' } });
    assert.deepEqual([status, body.number, body.state, body.id], [201, 8, 'pending', uuidOf('pipeline', 42, 8)]);
    assert.deepEqual(scene.done, [{ trigger: { repository: 'acme/rocket', branch: 'main', tag: undefined, parameters: { deploy: true, level: 3, to: 'moon' } }, by: 'ada', event: 'api', from: 'API' }]);
    views.push({ ...configErrorView(), number: 8 });
    assert.equal((await ada.get(`/pipeline/${body.id}`)).body.number, 8);
    assert.deepEqual(told(await ada.post(`${project}/pipeline`, { branch: 'gone' })), [422, 'acme/rocket has no branch gone. Correct the name, or push it first.']);
    assert.deepEqual(told(await ada.post(`${project}/pipeline`, { parameters: { list: [] } })), [400, 'parameters.list: is a text of at most 512 characters, a whole number, true or false']);
    assert.match(told(await ada.post(`${project}/pipeline`, { brunch: 'x' })).join(' '), /^400 .*brunch/);
    assert.deepEqual(told(await ada.post(`${project}/pipeline`, '{')), [400, 'The body is no JSON.']);
    assert.deepEqual(told(await ada.post(`${project}/pipeline`, { branch: 'x'.repeat(4_200_000) })), [413, 'The body is larger than 4096 KB.']);
    assert.equal(scene.done.length, 1);
  });

  test('approves, cancels, allows and runs again what it names', async (t) => {
    const scene = await apiOf(t, [heldView()]);
    const ada = await scene.program('ada', 'write');
    assert.equal((await ada.get(`/workflow/${workflowId}`)).body.status, 'on_hold');
    const { items } = (await ada.get(`/workflow/${workflowId}/job`)).body;
    assert.deepEqual(items.map(({ type, status }: any) => [type, status]), [['build', 'success'], ['approval', 'on_hold'], ['build', 'blocked']]);
    assert.equal((await ada.post(`/workflow/${workflowId}/approve/${items[1].approval_request_id}`)).status, 202);
    assert.equal((await ada.post(`${project}/pipeline/7/approve`, { workflow: 'ci', job: 'hold' })).status, 202);
    assert.equal((await ada.post(`${project}/pipeline/7/cancel`)).status, 202);
    assert.equal((await ada.post(`${project}/pipeline/7/allow`)).status, 202);
    assert.equal((await ada.post(`/pipeline/${pipelineId}/allow`)).status, 202);
    assert.deepEqual(told(await ada.post(`${project}/pipeline/7/cancel`, { job: 'build' })), [400, 'workflow: say in which workflow the job is.']);
    assert.deepEqual((await ada.post(`/workflow/${workflowId}/rerun`, { from_failed: true })).body, { workflow_id: workflowId, pipeline_number: 7 });
    await ada.post(`/workflow/${workflowId}/rerun`, { jobs: [items[0].id] });
    await ada.post(`/workflow/${workflowId}/rerun`);
    await ada.post(`${project}/pipeline/7/rerun`);
    await ada.post(`${project}/pipeline/7/rerun`, { what: { kind: 'job', workflow: 'ci', job: 'build', slice: 0 } });
    const [workflow, job, rerun, by] = ['ci', 'build', 7, 'ada'];
    assert.deepEqual(scene.done, [
      { approve: 7, workflow, job: 'hold' },
      { approve: 7, workflow, job: 'hold' },
      { cancel: 7, who: 'github:N ada' },
      { allow: 7 },
      { allow: 7 },
      { rerun, what: { kind: 'failed', workflow }, by },
      { rerun, what: { kind: 'job', workflow, job }, by },
      { rerun, what: { kind: 'workflow', workflow }, by },
      { rerun, what: { kind: 'all' }, by },
      { rerun, what: { kind: 'job', workflow, job, slice: 0 }, by },
    ]);
    assert.equal((await ada.post(`/workflow/${workflowId}/approve/${uuidOf('job', 1)}`)).status, 404);
    assert.equal((await ada.post(`/workflow/${workflowId}/rerun`, { jobs: [uuidOf('job', 1)] })).status, 404);
    assert.equal((await ada.post(`/workflow/${workflowId}/rerun`, { jobs: [items[0].id, items[1].id] })).status, 400);
  });

  test('hands in the config with which a pipeline goes on, by the key of a job that runs', async (t) => {
    const scene = await apiOf(t, [runningView()]);
    const ada = await scene.program('ada', 'write');
    const key = uuidOf('continuation', 42, 7, 'ci', 'unit tests', 0);
    assert.deepEqual(told(await ada.post('/pipeline/continue', { 'continuation-key': key, configuration: 'version: 2.1', parameters: { deep: true } })), [200, 'Accepted.']);
    assert.deepEqual(scene.done, [{ handIn: { repositoryId: 42, pipeline: 7, workflow: 'ci', job: 'unit tests', slice: 0 }, attempt: 1, configuration: 'version: 2.1', parameters: { deep: true } }]);
    assert.deepEqual(told(await ada.post('/pipeline/continue', { 'continuation-key': key, configuration: 'again' })), [422, 'A pipeline goes on once, and job setup has handed in a config before.']);
    const ended = uuidOf('continuation', 42, 7, 'ci', 'build', 0);
    assert.deepEqual(told(await ada.post('/pipeline/continue', { 'continuation-key': ended, configuration: 'version: 2.1' })), [404, 'There is no such job that runs that you may see.']);
    assert.equal((await (await scene.program('ada', 'read')).post('/pipeline/continue', { 'continuation-key': key, configuration: 'x' })).status, 403);
    assert.equal((await (await scene.program('eve', 'write')).post('/pipeline/continue', { 'continuation-key': key, configuration: 'x' })).status, 404);
  });

  test('of an ended pipeline begins a new one, whose workflow is found at once', async (t) => {
    const views = [failedView()];
    const scene = await apiOf(t, views);
    await rememberIds(scene.store, views[0]!);
    const ada = await scene.program('ada', 'write');
    const { body } = await ada.post(`/workflow/${workflowId}/rerun`, { from_failed: true });
    assert.deepEqual(body, { workflow_id: uuidOf('workflow', 42, 8, 'ci'), pipeline_number: 8 });
    views.push({ ...failedView(), number: 8 });
    assert.equal((await ada.get(`/workflow/${body.workflow_id}`)).body.pipeline_number, 8);
  });
});

test('a fault of ours and a GitHub that is away are sentences', async (t) => {
  const scene = await apiOf(t, [runningView()]);
  const ada = await scene.program('ada', 'read');
  scene.github.inject({ match: /GET .*\/collaborators\/.*/, status: 502 });
  scene.github.inject({ match: /GET .*\/repos\/acme\/rocket$/, status: 502 });
  assert.equal((await ada.get(`${project}/pipeline/7`)).status, 503);
  await scene.github.settled();
});

test('the description is for anybody, and what is not of the API is left to others', async (t) => {
  const scene = await apiOf(t, []);
  const { body } = await scene.anybody.get('/openapi.json');
  assert.equal(body.openapi, '3.1.0');
  for (const path of ['/api/github/webhooks', '/api/v2x']) assert.equal(await (await fetch(`${scene.url}${path}`)).text(), 'not ours');
});
