// How does an app report checks, and who may read them?

import type { Answer, Call, Route } from './route.ts';
import { HttpError } from '../http-error.ts';
import { notFound, paginate, unprocessable, useRepository } from './route.ts';
import type { CheckRun, CheckSuite, Repository } from '../state.ts';
import { createRun as created, requireCommit, updateRun as updated, type RunBody } from '../check-runs.ts';
import { createSuite, findSuite, latestRuns, runShape, runsOf, sendRun, sendSuite, suiteShape } from '../checks.ts';
import { resolveCommit } from '../git.ts';

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

export async function commitOf(call: Call, repository: Repository): Promise<string> {
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
  const run = await created(call.world, app, useRepository(call, 'checks', 'write'), call.body as RunBody & { name: string; head_sha: string }, by(call));
  return { status: 201, body: runShape(call.world, run), headers: { Location: `${call.world.api}/repos/${call.path['owner']}/${call.path['repo']}/check-runs/${run.id}` } };
}

async function updateRun(call: Call): Promise<Answer> {
  const app = appOf(call);
  const run = findRun(call, useRepository(call, 'checks', 'write'));
  await updated(call.world, app, run, (call.body ?? {}) as RunBody, by(call));
  return { status: 200, body: runShape(call.world, run) };
}

const by = ({ request, pathname }: Call): string => `${request.method} ${pathname}`;
