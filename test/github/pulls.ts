// What happens to pull requests when they are opened, and when branches move?

import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, Label, PullRequest, Repository } from './state.ts';
import { fullName, permissionOf } from './state.ts';
import { type RefChange, countCommits, diff, git, isAncestor, mergeBase, resolveCommit, testMerge, zeroSha } from './git.ts';
import { nodeId, repositoryHookShape, userShape } from './shapes.ts';
import { sendToAll } from './announce.ts';

type Json = Record<string, unknown>;

export type NewPull = { repository: Repository; base?: string; head: string; headRepository?: Repository; title: string; body?: string; draft?: boolean; author: Account };

export async function openPull(world: World, wanted: NewPull): Promise<PullRequest> {
  const { repository } = wanted;
  const headRepository = wanted.headRepository ?? repository;
  const baseRef = wanted.base ?? repository.defaultBranch;
  const [headSha, baseSha] = await Promise.all([
    resolveCommit(headRepository.path, `refs/heads/${wanted.head}`, headRepository.defaultBranch),
    resolveCommit(repository.path, `refs/heads/${baseRef}`, repository.defaultBranch),
  ]);
  if (headSha === null || baseSha === null) throw new Error(`no branch ${headSha === null ? `${wanted.head} in ${fullName(headRepository)}` : `${baseRef} in ${fullName(repository)}`}`);
  const now = isoSeconds(world.now());
  const pull: PullRequest = {
    id: world.state.nextId('pull'),
    number: repository.nextNumber++,
    repository,
    head: { repository: headRepository, ref: wanted.head, sha: headSha },
    base: { ref: baseRef, sha: baseSha },
    title: wanted.title,
    body: wanted.body ?? null,
    author: wanted.author,
    draft: wanted.draft ?? false,
    state: 'open',
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    mergedAt: null,
    mergedBy: null,
    mergeCommitSha: null,
    mergeable: true,
    labels: [],
  };
  await updatePullRefs(world, pull);
  world.state.pulls.push(pull);
  await sendPull(world, pull, 'opened', wanted.author);
  return pull;
}

/** A branch moved: pull requests from it are synchronized or closed, pull requests into it that now contain their head are merged. */
export async function branchMoved(world: World, repository: Repository, branch: string, change: RefChange, sender: Account): Promise<void> {
  for (const pull of world.state.pulls.filter((candidate) => candidate.state === 'open')) {
    if (pull.repository === repository && pull.base.ref === branch && change.after !== zeroSha) {
      if (await isAncestor(repository.path, pull.head.sha, change.after)) await closePull(world, pull, sender, change.after);
      else if (pull.head.repository !== repository || pull.head.ref !== branch) await updatePullRefs(world, pull);
    }
    if (pull.state === 'open' && pull.head.repository === repository && pull.head.ref === branch) {
      if (change.after === zeroSha) {
        await closePull(world, pull, sender, null);
        continue;
      }
      pull.head.sha = change.after;
      pull.updatedAt = isoSeconds(world.now());
      await updatePullRefs(world, pull);
      await sendPull(world, pull, 'synchronize', sender, { before: change.before, after: change.after });
    }
  }
}

/** `mergeCommit`: what the base became, or null where the pull request ends unmerged. */
export async function closePull(world: World, pull: PullRequest, sender: Account, mergeCommit: string | null): Promise<void> {
  pull.state = 'closed';
  pull.closedAt = pull.updatedAt = isoSeconds(world.now());
  if (mergeCommit !== null) {
    pull.mergedAt = pull.closedAt;
    pull.mergedBy = sender;
    pull.mergeCommitSha = mergeCommit;
  }
  await sendPull(world, pull, 'closed', sender);
}

export async function reopenPull(world: World, pull: PullRequest, sender: Account): Promise<void> {
  pull.state = 'open';
  pull.closedAt = null;
  await sendPull(world, pull, 'reopened', sender);
}

/** A label that the repository does not have yet is made. One that is on already tells nobody anything. */
export async function labelPull(world: World, pull: PullRequest, name: string, sender: Account): Promise<void> {
  const { repository } = pull;
  const label = labelOf(world, repository, name);
  if (pull.labels.includes(label)) return;
  pull.labels.push(label);
  pull.updatedAt = isoSeconds(world.now());
  await sendPull(world, pull, 'labeled', sender, { label: labelShape(world, label) });
}

export async function unlabelPull(world: World, pull: PullRequest, name: string, sender: Account): Promise<void> {
  const label = labelOf(world, pull.repository, name);
  if (!pull.labels.includes(label)) return;
  pull.labels = pull.labels.filter((each) => each !== label);
  pull.updatedAt = isoSeconds(world.now());
  await sendPull(world, pull, 'unlabeled', sender, { label: labelShape(world, label) });
}

/** Their names are compared without case, as GitHub does. */
function labelOf(world: World, repository: Repository, name: string): Label {
  const known = world.state.labels.find((each) => each.repository === repository && each.name.toLowerCase() === name.toLowerCase());
  const label = known ?? { id: world.state.nextId('label'), repository, name };
  if (!known) world.state.labels.push(label);
  return label;
}

const labelShape = (world: World, { id, repository, name }: Label): Json => ({
  id,
  node_id: nodeId('LA', repository.id, id),
  url: `${world.api}/repos/${fullName(repository)}/labels/${encodeURIComponent(name)}`,
  name,
  color: 'ededed',
  default: false,
  description: '',
});

/** refs/pull/N/head, with its objects if they come from a fork, and refs/pull/N/merge where the two do not conflict. */
async function updatePullRefs(world: World, pull: PullRequest): Promise<void> {
  const { path } = pull.repository;
  const ref = `refs/pull/${pull.number}`;
  if (pull.head.repository !== pull.repository) await git(path, ['fetch', '--quiet', '--no-tags', pull.head.repository.path, `+refs/heads/${pull.head.ref}:${ref}/head`]);
  await git(path, ['update-ref', `${ref}/head`, pull.head.sha]);
  const base = await resolveCommit(path, `refs/heads/${pull.base.ref}`, pull.repository.defaultBranch);
  const merge = base === null ? null : await testMerge(path, base, pull.head.sha, `Merge ${pull.head.sha} into ${base}`, world.now());
  pull.mergeable = merge !== null;
  pull.mergeCommitSha = merge;
  if (merge !== null) await git(path, ['update-ref', `${ref}/merge`, merge]);
}

async function sendPull(world: World, pull: PullRequest, action: string, sender: Account, extra: Json = {}): Promise<void> {
  sendToAll(world, pull.repository, 'pull_request', sender, { action, number: pull.number, pull_request: await pullShape(world, pull), ...extra });
}

const pullEnd = (world: World, repository: Repository, ref: string, sha: string): Json => ({
  label: `${repository.owner.login}:${ref}`,
  ref,
  sha,
  user: userShape(world, repository.owner),
  repo: repositoryHookShape(world, repository),
});

/** What a list of pull requests shows of one. */
export function pullListShape(world: World, pull: PullRequest): Json {
  const { repository } = pull;
  const api = `${world.api}/repos/${fullName(repository)}`;
  const [url, issue, html] = [`${api}/pulls/${pull.number}`, `${api}/issues/${pull.number}`, `${world.html}/${fullName(repository)}/pull/${pull.number}`];
  const links = {
    self: url,
    html,
    issue,
    comments: `${issue}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${api}/statuses/${pull.head.sha}`,
  };
  return {
    url,
    id: pull.id,
    node_id: nodeId('PR', repository.id, pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userShape(world, pull.author),
    body: pull.body,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: pull.labels.map((label) => labelShape(world, label)),
    milestone: null,
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    head: pullEnd(world, pull.head.repository, pull.head.ref, pull.head.sha),
    base: pullEnd(world, repository, pull.base.ref, pull.base.sha),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: associationOf(repository, pull.author),
    auto_merge: null,
    active_lock_reason: null,
  };
}

export function associationOf(repository: Repository, person: Account): string {
  if (person === repository.owner) return 'OWNER';
  if (repository.owner.members.has(person.id)) return 'MEMBER';
  return repository.collaborators.has(person.id) ? 'COLLABORATOR' : permissionOf(repository, person) === null ? 'NONE' : 'CONTRIBUTOR';
}

/** One pull request with everything that must be counted. */
export async function pullShape(world: World, pull: PullRequest): Promise<Json> {
  const { path } = pull.repository;
  const start = (await mergeBase(path, pull.base.sha, pull.head.sha)) ?? pull.base.sha;
  const [changes, commits] = await Promise.all([diff(path, start, pull.head.sha), countCommits(path, [`${start}..${pull.head.sha}`])]);
  return {
    ...pullListShape(world, pull),
    merged: pull.mergedAt !== null,
    mergeable: pull.state === 'open' ? pull.mergeable : null,
    rebaseable: pull.state === 'open' ? pull.mergeable : null,
    mergeable_state: pull.state === 'closed' ? 'unknown' : pull.mergeable ? 'clean' : 'dirty',
    merged_by: pull.mergedBy === null ? null : userShape(world, pull.mergedBy),
    comments: world.state.comments.filter((comment) => comment.repository === pull.repository && comment.issue === pull.number).length,
    review_comments: 0,
    maintainer_can_modify: pull.head.repository !== pull.repository,
    commits,
    additions: changes.reduce((sum, change) => sum + change.additions, 0),
    deletions: changes.reduce((sum, change) => sum + change.deletions, 0),
    changed_files: changes.length,
  };
}
