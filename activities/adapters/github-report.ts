// How do check runs become what they shall be, many in one request and however often we are asked?

import type { Repository } from '../../config-schema/trigger.ts';
import type { Annotation, CheckRun, Reported } from '../control/forge.ts';
import { cutMarkdown, cutText } from '../control/markdown.ts';
import type { GitHubClient } from './github-client.ts';
import { forgeError } from './github-errors.ts';
import { costs } from './github-limiter.ts';

/** GitHub's limits on one check of a request (REST, "Create a check run"). */
const mostAnnotations = 50;
const longestSummaryBytes = 65_535;
const longestMessageBytes = 64 * 1024;
const longestTitle = 255;
/** GitHub ends a request after ten seconds. */
const mostAtOnce = 25;
const mostBytesAtOnce = 1_000_000;

/** `told`: how many annotations GitHub has. */
type Run = { check: CheckRun; id: string | null; annotations: object[]; told: number; refused?: string };

export async function report(client: GitHubClient, installationId: number, repository: Repository, checks: readonly CheckRun[], mayExist: boolean): Promise<Reported[]> {
  const there = await whatIsThere(client, installationId, repository, checks, mayExist);
  const repositoryId = await nodeIdOf(client, installationId, repository);
  const runs = checks.filter((check) => !isThere(check, there)).map((check): Run => {
    const known = there.get(check.externalId);
    const id = idOf(check) ?? known?.id ?? null;
    return { check, id, annotations: (check.output?.annotations ?? []).map(annotation), told: known?.annotations ?? 0 };
  });
  // GitHub adds the annotations of each request to those that are there: only what is missing is sent, the first of it with the verdict.
  for (let left = runs; left.length > 0; left = runs.filter((run) => run.refused === undefined && run.told < run.annotations.length)) {
    for (const some of requestsOf(left)) await tell(client, installationId, repository, repositoryId, some);
  }
  return checks.map((check) => {
    const run = runs.find((each) => each.check === check);
    return run?.refused === undefined ? { id: run?.id ?? null } : { refused: run.refused };
  });
}

const isThere = ({ unlessThere, name, externalId }: CheckRun, there: ReadonlyMap<string, Known>): boolean =>
  unlessThere === true && !there.has(externalId) && [...there.values()].some((known) => known.name === name);

/** Ids that are numbers were kept by a version that spoke REST. */
const idOf = ({ id }: CheckRun): string | null => (typeof id === 'string' ? id : null);

type Known = { id: string; name: string; annotations: number };

/** Those of ours on the commit by external id, the newest of each; nothing where it does not matter. */
async function whatIsThere(client: GitHubClient, installationId: number, repository: Repository, checks: readonly CheckRun[], mayExist: boolean): Promise<Map<string, Known>> {
  const found = new Map<string, Known>();
  const matters = checks.some((check) => (idOf(check) === null ? mayExist || check.unlessThere || check.id !== undefined : (check.output?.annotations ?? []).length > 0));
  const ref = checks[0]?.sha;
  if (!matters || ref === undefined) return found;
  const perPage = 100;
  for (let page = 1; ; page++) {
    const runs = await client.as(installationId, `list the checks of ${ref}`, costs.read, async (octokit) => {
      const where = { owner: repository.owner, repo: repository.name, ref, app_id: client.appId };
      return (await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', { ...where, filter: 'all', per_page: perPage, page })).data.check_runs;
    });
    for (const { external_id, node_id, name, output } of runs) {
      if (external_id !== null && !found.has(external_id)) found.set(external_id, { id: node_id, name, annotations: output.annotations_count });
    }
    if (runs.length < perPage) return found;
  }
}

async function nodeIdOf(client: GitHubClient, installationId: number, { id, owner, name }: Repository): Promise<string> {
  const known = client.nodeIds.get(id);
  if (known !== undefined) return known;
  const { data } = await client.as(installationId, `find ${owner}/${name}`, costs.read, (octokit) => octokit.request('GET /repos/{owner}/{repo}', { owner, repo: name }));
  if (data.id !== id) throw new Error(`GitHub's ${owner}/${name} is repository ${data.id} now, not ${id}`);
  client.nodeIds.set(id, data.node_id);
  return data.node_id;
}

function* requestsOf(runs: readonly Run[]): Generator<Run[]> {
  let some: Run[] = [];
  let bytes = 0;
  for (const run of runs) {
    const more = JSON.stringify(inputOf(run)).length;
    if (some.length === mostAtOnce || (some.length > 0 && bytes + more > mostBytesAtOnce)) {
      yield some;
      some = [];
      bytes = 0;
    }
    some.push(run);
    bytes += more;
  }
  if (some.length > 0) yield some;
}

type Answer = Record<string, { checkRun: { id: string } | null } | null>;
type GraphQlError = { message: string; path?: (string | number)[] };

async function tell(client: GitHubClient, installationId: number, repository: Repository, repositoryId: string, runs: readonly Run[]): Promise<void> {
  const isNew = (run: Run): boolean => run.id === null;
  const declared = runs.map((run, i) => `$run${i}: ${isNew(run) ? 'CreateCheckRunInput' : 'UpdateCheckRunInput'}!`);
  const fields = runs.map((run, i) => `run${i}: ${isNew(run) ? 'createCheckRun' : 'updateCheckRun'}(input: $run${i}) { checkRun { id } }`);
  const inputs = runs.map((run, i) => [`run${i}`, { repositoryId, ...(isNew(run) ? { headSha: run.check.sha } : { checkRunId: run.id }), ...inputOf(run) }]);
  const what = `report ${runs.length === 1 ? runs[0]!.check.name : `${runs.length} checks`} on ${repository.owner}/${repository.name}`;
  const cost = { points: costs.create.points, content: runs.filter(isNew).length };
  const { answer, errors } = await client.as(installationId, what, cost, (octokit) =>
    octokit.graphql<Answer>(`mutation Report(${declared.join(', ')}) {\n  ${fields.join('\n  ')}\n}`, Object.fromEntries(inputs)).then((answer) => ({ answer, errors: [] as GraphQlError[] }), whatWasTaken),
  );
  for (const [i, run] of runs.entries()) {
    const made = answer[`run${i}`]?.checkRun;
    if (made) {
      run.id = made.id;
      run.told += Math.min(mostAnnotations, Math.max(0, run.annotations.length - run.told));
    } else {
      run.refused = errors.find(({ path }) => path?.[0] === `run${i}`)?.message ?? 'GitHub does not say why';
    }
  }
}

/** GitHub may refuse one of them and take the others. When it took none, or a later try can help, it is an error as any other. */
function whatWasTaken(error: unknown): { answer: Answer; errors: GraphQlError[] } {
  const { data, errors } = error as { data?: Answer | null; errors?: GraphQlError[] };
  if (!data || !errors || Object.values(data).every((each) => !each?.checkRun) || forgeError(error, '', 0) !== error) throw error;
  return { answer: data, errors };
}

/** GraphQL's fields, which are those of REST in other letters. */
function inputOf({ check, annotations, told }: Run) {
  const { output } = check;
  return {
    name: check.name,
    externalId: check.externalId,
    detailsUrl: check.detailsUrl,
    status: check.status.toUpperCase(),
    ...(check.startedAt !== undefined && { startedAt: check.startedAt }),
    ...(check.completedAt !== undefined && { completedAt: check.completedAt }),
    ...(check.conclusion !== undefined && { conclusion: check.conclusion.toUpperCase() }),
    ...(output && {
      output: {
        title: cutText(output.title, longestTitle),
        summary: cutMarkdown(output.summary, longestSummaryBytes),
        ...(annotations.length > told && { annotations: annotations.slice(told, told + mostAnnotations) }),
      },
    }),
    actions: check.actions ?? [],
  };
}

function annotation({ path, startLine, endLine, level, message, title }: Annotation) {
  return {
    path,
    location: { startLine, endLine },
    annotationLevel: level.toUpperCase(),
    message: cutText(message, longestMessageBytes),
    ...(title !== undefined && { title: cutText(title, longestTitle) }),
  };
}
