// How do check suites and check runs come to be, change, and become known?

import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, App, CheckRun, CheckSuite, PullRequest, Repository } from './state.ts';
import { findInstallation, fullName } from './state.ts';
import { surroundings } from './announce.ts';
import { appHookShape, appShape, nodeId, repositoryLiteShape } from './shapes.ts';
import { readCommit } from './git.ts';

type Json = Record<string, unknown>;

/** One suite per app and commit. */
export function findSuite(world: World, app: App, repository: Repository, sha: string): CheckSuite | undefined {
  return [...world.state.suites.values()].find((suite) => suite.app === app && suite.repository === repository && suite.sha === sha);
}

export function createSuite(world: World, app: App, repository: Repository, sha: string, branch: string | null, before: string | null): CheckSuite {
  const now = isoSeconds(world.now());
  const suite: CheckSuite = { id: world.state.nextId('suite'), app, repository, sha, branch, before, createdAt: now, updatedAt: now };
  world.state.suites.set(suite.id, suite);
  return suite;
}

/** A branch was pushed: every app that may write checks is asked for a suite, unless it has one for this commit. */
export async function requestSuites(world: World, repository: Repository, sha: string, branch: string, before: string | null, sender: Account): Promise<void> {
  for (const installation of world.state.installations.values()) {
    const { app } = installation;
    if (installation.suspendedAt !== null || installation.permissions['checks'] !== 'write' || findInstallation(world.state, app, repository) !== installation) continue;
    if (findSuite(world, app, repository, sha) !== undefined) continue;
    const suite = createSuite(world, app, repository, sha, branch, before);
    await sendSuite(world, suite, 'requested', sender);
  }
}

export async function sendSuite(world: World, suite: CheckSuite, action: 'requested' | 'rerequested' | 'completed', sender: Account): Promise<void> {
  const installation = findInstallation(world.state, suite.app, suite.repository) ?? null;
  const { rerequestable, runs_rerequestable, ...core } = await suiteHookShape(world, suite);
  // The published schema of `rerequested` lacks the two fields.
  const shape = action === 'rerequested' ? core : { ...core, rerequestable, runs_rerequestable };
  const payload = { action, check_suite: shape, ...surroundings(world, suite.repository, sender, installation) };
  world.webhooks.send(suite.app, 'check_suite', payload, { installation, repository: suite.repository });
}

/** Every app that listens hears of a run; being asked to do something is for the run's own app alone. */
export function sendRun(world: World, run: CheckRun, action: 'created' | 'completed' | 'rerequested' | 'requested_action', sender: Account, identifier?: string): void {
  const { repository } = run.suite;
  for (const installation of world.state.installations.values()) {
    if (findInstallation(world.state, installation.app, repository) !== installation || installation.suspendedAt !== null) continue;
    if (installation.permissions['checks'] === undefined || ((action === 'rerequested' || action === 'requested_action') && installation.app !== run.suite.app)) continue;
    const payload = { action, check_run: runHookShape(world, run), ...(identifier === undefined ? {} : { requested_action: { identifier } }), ...surroundings(world, repository, sender, installation) };
    world.webhooks.send(installation.app, 'check_run', payload, { installation, repository });
  }
}

export const runsOf = (world: World, suite: CheckSuite): CheckRun[] => [...world.state.runs.values()].filter((run) => run.suite === suite);

/** The newest run of each name. */
export function latestRuns(runs: readonly CheckRun[]): CheckRun[] {
  const newest = new Map<string, CheckRun>();
  for (const run of runs) newest.set(`${run.suite.id} ${run.name}`, run);
  return [...newest.values()];
}

/** A suite's status and conclusion follow from the latest run of each name: the worst wins. */
export function summarize(world: World, suite: CheckSuite): { status: 'queued' | 'in_progress' | 'completed'; conclusion: string | null } {
  const runs = latestRuns(runsOf(world, suite));
  if (runs.length === 0 || runs.every((run) => run.status === 'queued')) return { status: 'queued', conclusion: null };
  if (runs.some((run) => run.status !== 'completed')) return { status: 'in_progress', conclusion: null };
  const order = ['failure', 'timed_out', 'cancelled', 'action_required', 'stale', 'success', 'neutral', 'skipped'];
  const worst = order.find((conclusion) => runs.some((run) => run.conclusion === conclusion)) ?? 'neutral';
  return { status: 'completed', conclusion: worst === 'skipped' ? 'success' : worst };
}

const repoUrl = (world: World, repository: Repository): string => `${world.api}/repos/${fullName(repository)}`;

/** Open pull requests of the same repository whose head is this commit. */
function pullsOf(world: World, repository: Repository, sha: string): Json[] {
  const reference = (of: Repository): Json => ({ id: of.id, url: repoUrl(world, of), name: of.name });
  return world.state.pulls
    .filter((pull: PullRequest) => pull.repository === repository && pull.head.repository === repository && pull.head.sha === sha && pull.state === 'open')
    .map((pull) => ({
      url: `${repoUrl(world, repository)}/pulls/${pull.number}`,
      id: pull.id,
      number: pull.number,
      head: { ref: pull.head.ref, sha: pull.head.sha, repo: reference(repository) },
      base: { ref: pull.base.ref, sha: pull.base.sha, repo: reference(repository) },
    }));
}

export function runShape(world: World, run: CheckRun): Json {
  const { repository, app } = run.suite;
  const url = `${repoUrl(world, repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId('CR', repository.id, run.id),
    head_sha: run.sha,
    external_id: run.externalId,
    url,
    html_url: `${world.html}/${fullName(repository)}/runs/${run.id}`,
    details_url: run.detailsUrl ?? app.externalUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: { title: run.output.title, summary: run.output.summary, text: run.output.text, annotations_count: run.output.annotations.length, annotations_url: `${url}/annotations` },
    name: run.name,
    check_suite: { id: run.suite.id },
    app: appShape(world, app),
    pull_requests: pullsOf(world, repository, run.sha),
  };
}

function runHookShape(world: World, run: CheckRun): Json {
  return { ...runShape(world, run), app: appHookShape(world, run.suite.app), check_suite: suiteCore(world, run.suite, appHookShape(world, run.suite.app)) };
}

function suiteCore(world: World, suite: CheckSuite, app: Json): Json {
  return {
    id: suite.id,
    node_id: nodeId('CS', suite.repository.id, suite.id),
    head_branch: suite.branch,
    head_sha: suite.sha,
    ...summarize(world, suite),
    url: `${repoUrl(world, suite.repository)}/check-suites/${suite.id}`,
    before: suite.before,
    after: suite.sha,
    pull_requests: pullsOf(world, suite.repository, suite.sha),
    app,
    created_at: suite.createdAt,
    updated_at: suite.updatedAt,
  };
}

async function headCommit(suite: CheckSuite): Promise<Json> {
  const commit = await readCommit(suite.repository.path, suite.sha);
  if (commit === null) throw new Error(`check suite ${suite.id} is for commit ${suite.sha}, which ${fullName(suite.repository)} does not have`);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: commit.committer.date,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
}

async function suiteHookShape(world: World, suite: CheckSuite): Promise<Json> {
  return {
    ...suiteCore(world, suite, appHookShape(world, suite.app)),
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: latestRuns(runsOf(world, suite)).length,
    check_runs_url: `${repoUrl(world, suite.repository)}/check-suites/${suite.id}/check-runs`,
    head_commit: await headCommit(suite),
  };
}

export async function suiteShape(world: World, suite: CheckSuite): Promise<Json> {
  const { rerequestable, runs_rerequestable, ...shape } = await suiteHookShape(world, suite);
  return { ...shape, app: appShape(world, suite.app), repository: repositoryLiteShape(world, suite.repository), rerequestable, runs_rerequestable };
}
