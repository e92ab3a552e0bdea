// What can be asked of a pull request?

import { fullName, type PullRequest, type Repository } from '../state.ts';
import { maySee } from '../tokens.ts';
import { git, mergeBase } from '../git.ts';
import { nodeId } from '../shapes.ts';
import { connection, type Page } from './connection.ts';
import type { Context, Fields } from './context.ts';

export const pullState = (pull: PullRequest): string => (pull.mergedAt !== null ? 'MERGED' : pull.state.toUpperCase());

export function pullFields({ world, caller, types }: Context, pull: PullRequest): Fields {
  const { repository, head, base } = pull;
  return {
    __typename: 'PullRequest',
    id: nodeId('PR', repository.id, pull.id),
    // Its numbers have outgrown 32 bits.
    databaseId: null,
    fullDatabaseId: String(pull.id),
    number: pull.number,
    title: pull.title,
    body: pull.body ?? '',
    bodyText: pull.body ?? '',
    state: pullState(pull),
    isDraft: pull.draft,
    merged: pull.mergedAt !== null,
    closed: pull.state === 'closed',
    mergeable: pull.mergeable ? 'MERGEABLE' : 'CONFLICTING',
    url: `${world.html}/${fullName(repository)}/pull/${pull.number}`,
    resourcePath: `/${fullName(repository)}/pull/${pull.number}`,
    createdAt: pull.createdAt,
    updatedAt: pull.updatedAt,
    closedAt: pull.closedAt,
    mergedAt: pull.mergedAt,
    author: () => types.account(pull.author),
    headRefName: head.ref,
    headRefOid: head.sha,
    headRef: () => types.reference(head.repository, `refs/heads/${head.ref}`),
    headRepository: () => (maySee(caller, head.repository) ? types.repository(head.repository) : null),
    headRepositoryOwner: () => types.account(head.repository.owner),
    baseRefName: base.ref,
    baseRefOid: base.sha,
    baseRef: () => types.reference(repository, `refs/heads/${base.ref}`),
    baseRepository: () => types.repository(repository),
    repository: () => types.repository(repository),
    isCrossRepository: head.repository !== repository,
    maintainerCanModify: head.repository !== repository,
    mergeCommit: () => (pull.mergedAt === null || pull.mergeCommitSha === null ? null : types.object(repository, pull.mergeCommitSha)),
  };
}

/** Those that have the commit beyond what their base had when the two parted. */
export async function pullsWith({ world, types }: Context, of: Repository, sha: string, page: Page): Promise<Fields> {
  const chosen: PullRequest[] = [];
  for (const pull of world.state.pulls.filter((candidate) => candidate.repository === of || candidate.head.repository === of)) {
    const start = await mergeBase(pull.repository.path, pull.base.sha, pull.head.sha);
    const own = await git(pull.repository.path, ['rev-list', pull.head.sha, ...(start === null ? [] : [`^${start}`]), '--']);
    if (own.split('\n').includes(sha)) chosen.push(pull);
  }
  return connection('associatedPullRequests', page, chosen, (pull) => types.pullRequest(pull));
}
