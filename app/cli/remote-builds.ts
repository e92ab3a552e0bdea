// `roundhouse builds` of a Roundhouse elsewhere.

import type * as z from 'zod';
import type { pageOf, pipelineAnswer } from '../api/answers.ts';
import { printLines, type ShownLine } from './builds.ts';
import type { Remote } from './login.ts';
import { Problem } from './problem.ts';
import { callApi, projectPath } from './remote.ts';

type Pipeline = z.infer<typeof pipelineAnswer>;
type Page = z.infer<ReturnType<typeof pageOf<typeof pipelineAnswer>>>;

const mostPerPage = 100;

export async function printRemoteBuilds(remote: Remote, repository: string | undefined, { limit, json }: { limit: number; json?: true }): Promise<void> {
  if (repository !== undefined && !/^[^/]+\/[^/]+$/.test(repository)) throw new Problem(`${repository} is no repository. Write OWNER/NAME.`, 2);
  const path = `${repository === undefined ? '' : projectPath(repository)}/pipeline`;
  const lines: ShownLine[] = [];
  for (let token: string | null = ''; token !== null && lines.length < limit; ) {
    const page: Page = await callApi<Page>(remote, 'GET', `${path}?${new URLSearchParams({ limit: String(Math.min(limit - lines.length, mostPerPage)), ...(token && { 'page-token': token }) }).toString()}`);
    lines.push(...page.items.map(lineOf));
    token = page.next_page_token;
  }
  printLines(lines, json);
}

function lineOf({ project_slug, number, outcome, state, reason, created_at, ended_at, trigger, vcs }: Pipeline): ShownLine {
  const [, owner = '', name = ''] = project_slug.split('/');
  const ref = vcs.tag !== undefined ? `refs/tags/${vcs.tag}` : vcs.branch?.startsWith('pull/') ? `refs/${vcs.branch}/head` : `refs/heads/${vcs.branch ?? ''}`;
  return {
    owner,
    name,
    number,
    event: trigger.event as ShownLine['event'],
    ref,
    sha: vcs.revision,
    subject: vcs.commit.subject,
    sender: trigger.actor.login,
    state: ended_at !== null ? 'ended' : state === 'pending' ? 'waiting' : 'running',
    outcome,
    ...(reason !== undefined && { reason }),
    startedAt: created_at,
    endedAt: ended_at,
  };
}
