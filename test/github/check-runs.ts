// What becomes of a check run when its app makes or changes it, by REST or by GraphQL?

import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import { HttpError } from './http-error.ts';
import { readCommit, shaPattern } from './git.ts';
import type { Annotation, App, CheckRun, Repository } from './state.ts';
import { createSuite, findSuite, runsOf, sendRun, sendSuite, summarize } from './checks.ts';
import { unprocessable } from './rest/route.ts';

/** As REST spells it. */
export type RunBody = {
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
const mostAnnotations = 50;
const longestSummary = 65_535;
const mostRunsOfOneName = 1_000;

/** `by` names the request, for faults. */
export async function createRun(world: World, app: App, repository: Repository, body: RunBody & { name: string; head_sha: string }, by: string): Promise<CheckRun> {
  check(world, body, by);
  await requireCommit(repository, body.head_sha);
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
  apply(world, run, body);
  world.state.runs.set(run.id, run);
  sendRun(world, run, 'created', app.bot);
  if (run.status === 'completed') await complete(world, run);
  return run;
}

export async function updateRun(world: World, app: App, run: CheckRun, body: RunBody, by: string): Promise<void> {
  if (run.suite.app !== app) throw new HttpError(403, 'Invalid app_id `' + app.id + '` - check run can only be modified by the GitHub App that created it.');
  check(world, body, by);
  const wasCompleted = run.status === 'completed';
  apply(world, run, body);
  if (run.status === 'completed' && !wasCompleted) await complete(world, run);
}

export async function requireCommit(repository: Repository, sha: string): Promise<void> {
  if (!shaPattern.test(sha) || (await readCommit(repository.path, sha)) === null) throw unprocessable(`No commit found for SHA: ${sha}`);
}

/** The limits that GitHub's documentation states and its schema does not. To exceed one is a fault, as misfitting the schema is. */
function check(world: World, body: RunBody, by: string): void {
  const refuse = (field: string, message: string): HttpError => {
    world.fault(`${by}: ${message}`);
    return unprocessable('Validation Failed', { resource: 'CheckRun', field, code: 'custom', message });
  };
  if (body.status === 'completed' && body.conclusion === undefined) throw refuse('conclusion', 'a completed check run needs a conclusion');
  if (body.conclusion !== undefined && body.status !== undefined && body.status !== 'completed') throw refuse('status', 'status must be completed when a conclusion is given');
  if ((body.output?.annotations?.length ?? 0) > mostAnnotations) throw refuse('annotations', `annotations exceeds a maximum quantity of ${mostAnnotations}`);
  if ((body.output?.summary?.length ?? 0) > longestSummary) throw refuse('summary', `summary exceeds a maximum bytesize of ${longestSummary}`);
  if ((body.actions?.length ?? 0) > mostActions) throw refuse('actions', `actions exceeds a maximum quantity of ${mostActions}`);
  for (const action of body.actions ?? []) {
    if (action.label.length > 20 || action.identifier.length > 20 || action.description.length > 40) throw refuse('actions', 'label, description or identifier is too long');
  }
}

/** What is not named stays; annotations are added to those there are. */
function apply(world: World, run: CheckRun, body: RunBody): void {
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
    run.completedAt = body.completed_at ?? isoSeconds(world.now());
  } else if (body.status !== undefined) {
    run.status = body.status;
    run.conclusion = null;
    run.completedAt = null;
  }
  run.suite.updatedAt = isoSeconds(world.now());
}

async function complete(world: World, run: CheckRun): Promise<void> {
  sendRun(world, run, 'completed', run.suite.app.bot);
  if (summarize(world, run.suite).status === 'completed') await sendSuite(world, run.suite, 'completed', run.suite.app.bot);
}
