// How does an app report checks, and who may read them?

import type { Answer, Call, Route } from './route.ts';
import { HttpError } from '../http-error.ts';
import { notFound, paginate, unprocessable, useRepository } from './route.ts';
import type { Annotation, CheckRun, CheckSuite, Repository } from '../state.ts';
import { isoSeconds } from '../world.ts';
import { createSuite, findSuite, latestRuns, runShape, runsOf, sendRun, sendSuite, suiteShape, summarize } from '../checks.ts';
import { readCommit, resolveCommit, shaPattern } from '../git.ts';

type RunBody = {
  name?: string;
  head_sha?: string;
  details_url?: string;
  external_id?: string;
  status?: CheckRun['status'];
  started_at?: string;
  conclusion?: string;
  completed_at?: string;
  output?: { title?: string; summary?: string; text?: string; annotations?: Partial<Annotation>[] };
  actions?: CheckRun['actions'];
};

const mostActions = 3;
const mostRunsOfOneName = 1_000;

export const checkRoutes: Route[] = [
  { operation: 'POST /repos/{owner}/{repo}/check-runs', handle: createRun },
  { operation: 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', handle: updateRun },
  { operation: 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}', handle: (call) => ({ status: 200, body: runShape(call.world, findRun(call, useRepository(call, 'checks', 'read'))) }) },
  {
    operation: 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations',
    handle(call) {
      const run = findRun(call, useRepository(call, 'checks', 'read'));
      const page = paginate(call, run.output.annotations);
      const blob = `${call.world.html}/${call.path['owner']}/${call.path['repo']}/blob/${run.sha}/`;
      return { status: 200, body: page.items.map((annotation) => ({ ...annotation, blob_href: blob + annotation.path })), headers: page.headers };
    },
  },
  {
    operation: 'POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest',
    handle(call) {
      const run = findRun(call, useRepository(call, 'checks', 'write'));
      sendRun(call.world, run, 'rerequested', call.caller.kind === 'installation' ? call.caller.token.installation.app.bot : run.suite.app.owner);
      return { status: 201, body: {} };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
    async handle(call) {
      const repository = useRepository(call, 'checks', 'read');
      const sha = await commitOf(call, repository);
      return listRuns(call, [...call.world.state.runs.values()].filter((run) => run.suite.repository === repository && run.sha === sha));
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/commits/{ref}/check-suites',
    async handle(call) {
      const repository = useRepository(call, 'checks', 'read');
      const sha = await commitOf(call, repository);
      const appId = call.query['app_id'];
      const named = call.query['check_name'];
      const suites = [...call.world.state.suites.values()].filter((suite) => suite.repository === repository && suite.sha === sha && (appId === undefined || suite.app.id === appId) && (named === undefined || runsOf(call.world, suite).some((run) => run.name === named)));
      const page = paginate(call, suites);
      return { status: 200, body: { total_count: suites.length, check_suites: await Promise.all(page.items.map((suite) => suiteShape(call.world, suite))) }, headers: page.headers };
    },
  },
  {
    operation: 'POST /repos/{owner}/{repo}/check-suites',
    async handle(call) {
      const repository = useRepository(call, 'checks', 'write');
      const app = appOf(call);
      const sha = (call.body as { head_sha: string }).head_sha;
      await requireCommit(repository, sha);
      const known = findSuite(call.world, app, repository, sha);
      const suite = known ?? createSuite(call.world, app, repository, sha, null, null);
      return { status: known === undefined ? 201 : 200, body: await suiteShape(call.world, suite) };
    },
  },
  { operation: 'GET /repos/{owner}/{repo}/check-suites/{check_suite_id}', handle: async (call) => ({ status: 200, body: await suiteShape(call.world, findSuiteById(call, useRepository(call, 'checks', 'read'))) }) },
  { operation: 'GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs', handle: (call) => listRuns(call, runsOf(call.world, findSuiteById(call, useRepository(call, 'checks', 'read')))) },
  {
    operation: 'POST /repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest',
    async handle(call) {
      const suite = findSuiteById(call, useRepository(call, 'checks', 'write'));
      await sendSuite(call.world, suite, 'rerequested', suite.app.bot);
      return { status: 201, body: {} };
    },
  },
];

/** Only an installation may write checks. */
function appOf(call: Call) {
  if (call.caller.kind !== 'installation') throw new HttpError(403, 'You must authenticate via a GitHub App.');
  return call.caller.token.installation.app;
}

async function requireCommit(repository: Repository, sha: string): Promise<void> {
  if (!shaPattern.test(sha) || (await readCommit(repository.path, sha)) === null) throw unprocessable(`No commit found for SHA: ${sha}`);
}

async function commitOf(call: Call, repository: Repository): Promise<string> {
  const sha = await resolveCommit(repository.path, call.path['ref'] ?? '', repository.defaultBranch);
  if (sha === null) throw unprocessable(`No commit found for SHA: ${call.path['ref']}`);
  return sha;
}

function findRun(call: Call, repository: Repository): CheckRun {
  const run = call.world.state.runs.get(Number(call.path['check_run_id']));
  if (run?.suite.repository !== repository) throw notFound();
  return run;
}

function findSuiteById(call: Call, repository: Repository): CheckSuite {
  const suite = call.world.state.suites.get(Number(call.path['check_suite_id']));
  if (suite?.repository !== repository) throw notFound();
  return suite;
}

function listRuns(call: Call, runs: CheckRun[]): Answer {
  const { check_name: name, status, app_id: appId, filter } = call.query;
  const latest = filter === 'all' ? runs : latestRuns(runs);
  const chosen = latest.filter((run) => (name === undefined || run.name === name) && (status === undefined || run.status === status) && (appId === undefined || run.suite.app.id === appId));
  const page = paginate(call, chosen.reverse());
  return { status: 200, body: { total_count: chosen.length, check_runs: page.items.map((run) => runShape(call.world, run)) }, headers: page.headers };
}

async function createRun(call: Call): Promise<Answer> {
  const app = appOf(call);
  const repository = useRepository(call, 'checks', 'write');
  const body = call.body as RunBody & { name: string; head_sha: string };
  check(call, body);
  await requireCommit(repository, body.head_sha);
  const { world } = call;
  const suite = findSuite(world, app, repository, body.head_sha) ?? createSuite(world, app, repository, body.head_sha, null, null);
  if (runsOf(world, suite).filter((run) => run.name === body.name).length >= mostRunsOfOneName) throw unprocessable(`The check suite already has ${mostRunsOfOneName} check runs of this name.`);
  const run: CheckRun = {
    id: world.state.nextId('run'),
    suite,
    name: body.name,
    sha: body.head_sha,
    externalId: '',
    detailsUrl: null,
    status: 'queued',
    conclusion: null,
    startedAt: isoSeconds(world.now()),
    completedAt: null,
    output: { title: null, summary: null, text: null, annotations: [] },
    actions: [],
  };
  apply(call, run, body);
  world.state.runs.set(run.id, run);
  sendRun(world, run, 'created', app.bot);
  if (run.status === 'completed') await complete(call, run);
  return { status: 201, body: runShape(world, run), headers: { Location: `${world.api}/repos/${call.path['owner']}/${call.path['repo']}/check-runs/${run.id}` } };
}

async function updateRun(call: Call): Promise<Answer> {
  const app = appOf(call);
  const repository = useRepository(call, 'checks', 'write');
  const run = findRun(call, repository);
  if (run.suite.app !== app) throw new HttpError(403, 'Invalid app_id `' + app.id + '` - check run can only be modified by the GitHub App that created it.');
  const body = (call.body ?? {}) as RunBody;
  check(call, body);
  const wasCompleted = run.status === 'completed';
  apply(call, run, body);
  if (run.status === 'completed' && !wasCompleted) await complete(call, run);
  return { status: 200, body: runShape(call.world, run) };
}

/** The limits that GitHub's documentation states and its schema does not. To exceed one is a fault, as misfitting the schema is. */
function check(call: Call, body: RunBody): void {
  const refuse = (field: string, message: string): HttpError => {
    call.world.fault(`${call.request.method} ${call.pathname}: ${message}`);
    return unprocessable('Validation Failed', { resource: 'CheckRun', field, code: 'custom', message });
  };
  if (body.status === 'completed' && body.conclusion === undefined) throw refuse('conclusion', 'a completed check run needs a conclusion');
  if (body.conclusion !== undefined && body.status !== undefined && body.status !== 'completed') throw refuse('status', 'status must be completed when a conclusion is given');
  if ((body.actions?.length ?? 0) > mostActions) throw refuse('actions', `actions exceeds a maximum quantity of ${mostActions}`);
  for (const action of body.actions ?? []) {
    if (action.label.length > 20 || action.identifier.length > 20 || action.description.length > 40) throw refuse('actions', 'label, description or identifier is too long');
  }
}

/** What is not named stays; annotations are added to those there are. */
function apply(call: Call, run: CheckRun, body: RunBody): void {
  run.name = body.name ?? run.name;
  run.detailsUrl = body.details_url ?? run.detailsUrl;
  run.externalId = body.external_id ?? run.externalId;
  run.startedAt = body.started_at ?? run.startedAt;
  run.actions = body.actions ?? run.actions;
  if (body.output !== undefined) {
    run.output.title = body.output.title ?? run.output.title;
    run.output.summary = body.output.summary ?? run.output.summary;
    run.output.text = body.output.text ?? run.output.text;
    for (const annotation of body.output.annotations ?? []) {
      run.output.annotations.push({
        path: annotation.path ?? '',
        start_line: annotation.start_line ?? 1,
        end_line: annotation.end_line ?? 1,
        start_column: annotation.start_column ?? null,
        end_column: annotation.end_column ?? null,
        annotation_level: annotation.annotation_level ?? null,
        title: annotation.title ?? null,
        message: annotation.message ?? null,
        raw_details: annotation.raw_details ?? null,
      });
    }
  }
  if (body.conclusion !== undefined) {
    run.status = 'completed';
    run.conclusion = body.conclusion;
    run.completedAt = body.completed_at ?? isoSeconds(call.world.now());
  } else if (body.status !== undefined) {
    run.status = body.status;
    run.conclusion = null;
    run.completedAt = null;
  }
  run.suite.updatedAt = isoSeconds(call.world.now());
}

async function complete(call: Call, run: CheckRun): Promise<void> {
  sendRun(call.world, run, 'completed', run.suite.app.bot);
  if (summarize(call.world, run.suite).status === 'completed') await sendSuite(call.world, run.suite, 'completed', run.suite.app.bot);
}
