// How does a check run become what it shall be, however often we are asked?

import type { Repository } from '../../config-schema/trigger.ts';
import type { Annotation, CheckRun } from '../control/forge.ts';
import { cutMarkdown, cutText } from '../control/markdown.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** GitHub's limits on one request (REST, "Create a check run"). */
const mostAnnotations = 50;
const longestSummaryBytes = 65_535;
const longestMessageBytes = 64 * 1024;
const longestTitle = 255;

type Known = { id: number; annotations: number };

export async function report(client: GitHubClient, installationId: number, repository: Repository, check: CheckRun): Promise<{ id: number }> {
  const where = { owner: repository.owner, repo: repository.name };
  const annotations = (check.output?.annotations ?? []).map(annotation);
  const body = bodyOf(check);
  const what = `report ${check.name} on ${repository.owner}/${repository.name}`;

  const annotated = (from: number): object => (body.output ? { output: { ...body.output, annotations: annotations.slice(from, from + mostAnnotations) } } : {});
  const create = (): Promise<Known> =>
    client.as(installationId, what, costs.create, async (octokit) => {
      return known((await octokit.request('POST /repos/{owner}/{repo}/check-runs', { ...where, ...body, ...annotated(0), head_sha: check.sha } as never)).data as Answer);
    });
  const look = (id: number): Promise<Known> =>
    client.as(installationId, what, costs.read, async (octokit) => known((await octokit.request('GET /repos/{owner}/{repo}/check-runs/{check_run_id}', { ...where, check_run_id: id })).data as Answer));
  const update = (id: number, changed: object): Promise<Known> =>
    client.as(installationId, what, costs.change, async (octokit) => {
      return known((await octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', { ...where, ...changed, check_run_id: id } as never)).data as Answer);
    });

  const id = check.id === undefined ? await find(client, installationId, repository, check) : Number(check.id);
  // GitHub adds the annotations of each request to those that are there: only what is missing is sent, the first of it with the verdict.
  const there = id === null || annotations.length === 0 ? 0 : (await look(id)).annotations;
  let now = id === null ? await create() : await update(id, { ...body, ...(annotations.length > there && annotated(there)) });
  while (now.annotations < annotations.length) {
    const before = now.annotations;
    now = await update(now.id, annotated(before));
    if (now.annotations <= before) break;
  }
  return { id: now.id };
}

type Answer = { id: number; external_id: string | null; output: { annotations_count: number } };
const known = ({ id, output }: Answer): Known => ({ id, annotations: output.annotations_count });

/** The newest of ours on this commit with this external id. */
async function find(client: GitHubClient, installationId: number, repository: Repository, check: CheckRun): Promise<number | null> {
  const perPage = 100;
  for (let page = 1; ; page++) {
    const runs = await client.as(installationId, `list the checks of ${check.sha}`, costs.read, async (octokit) => {
      const { data } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', {
        owner: repository.owner,
        repo: repository.name,
        ref: check.sha,
        check_name: check.name,
        app_id: client.appId,
        filter: 'all',
        per_page: perPage,
        page,
      });
      return data.check_runs;
    });
    const found = runs.find((run) => run.external_id === check.externalId);
    if (found) return Number(found.id);
    if (runs.length < perPage) return null;
  }
}

function bodyOf(check: CheckRun) {
  const { output } = check;
  return {
    name: check.name,
    external_id: check.externalId,
    details_url: check.detailsUrl,
    status: check.status,
    ...(check.startedAt !== undefined && { started_at: check.startedAt }),
    ...(check.completedAt !== undefined && { completed_at: check.completedAt }),
    ...(check.conclusion !== undefined && { conclusion: check.conclusion }),
    ...(output && { output: { title: cutText(output.title, longestTitle), summary: cutMarkdown(output.summary, longestSummaryBytes) } }),
  };
}

function annotation({ path, startLine, endLine, level, message, title }: Annotation) {
  return {
    path,
    start_line: startLine,
    end_line: endLine,
    annotation_level: level,
    message: cutText(message, longestMessageBytes),
    ...(title !== undefined && { title: cutText(title, longestTitle) }),
  };
}
