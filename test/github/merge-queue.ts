// What happens when a pull request enters and leaves the merge queue?

import type { World } from './world.ts';
import type { Account, PullRequest } from './state.ts';
import { sendToAll } from './announce.ts';
import { git, readCommit, resolveCommit, testMerge, zeroSha } from './git.ts';
import { announcePush } from './push.ts';

export type Queued = { headRef: string; headSha: string };

/** The queue's own branch holds what the base would become; pushing it asks for checks. */
export async function enqueue(world: World, pull: PullRequest, sender: Account): Promise<Queued> {
  const { repository } = pull;
  const base = await resolveCommit(repository.path, `refs/heads/${pull.base.ref}`, repository.defaultBranch);
  const headSha = base === null ? null : await testMerge(repository.path, base, pull.head.sha, `Merge pull request #${pull.number} from ${pull.head.repository.owner.login}/${pull.head.ref}\n\n${pull.title}`, world.now());
  if (base === null || headSha === null) throw new Error(`pull request #${pull.number} conflicts with ${pull.base.ref}`);
  const headRef = `refs/heads/gh-readonly-queue/${pull.base.ref}/pr-${pull.number}-${base}`;
  await git(repository.path, ['update-ref', headRef, headSha]);
  await announcePush(world, repository, [{ ref: headRef, before: zeroSha, after: headSha }], sender);
  await sendGroup(world, pull, base, { headRef, headSha }, sender, { action: 'checks_requested' });
  return { headRef, headSha };
}

/** The queue's branch is deleted whatever became of it. */
export async function dequeue(world: World, pull: PullRequest, queued: Queued, reason: 'dequeued' | 'invalidated' | 'merged', sender: Account): Promise<void> {
  const base = queued.headRef.slice(-40);
  await sendGroup(world, pull, base, queued, sender, { action: 'destroyed', reason });
  if (reason === 'merged') {
    const ref = `refs/heads/${pull.base.ref}`;
    await git(pull.repository.path, ['update-ref', ref, queued.headSha, base]);
    await announcePush(world, pull.repository, [{ ref, before: base, after: queued.headSha }], sender);
  }
  await git(pull.repository.path, ['update-ref', '-d', queued.headRef, queued.headSha]);
  await announcePush(world, pull.repository, [{ ref: queued.headRef, before: queued.headSha, after: zeroSha }], sender);
}

async function sendGroup(world: World, pull: PullRequest, base: string, { headRef, headSha }: Queued, sender: Account, what: Record<string, unknown>): Promise<void> {
  const commit = await readCommit(pull.repository.path, headSha);
  if (commit === null) throw new Error(`the merge queue's commit ${headSha} is gone`);
  const person = ({ name, email }: { name: string; email: string }) => ({ name, email });
  const head_commit = { id: commit.sha, tree_id: commit.tree, message: commit.message, timestamp: commit.committer.date, author: person(commit.author), committer: person(commit.committer) };
  sendToAll(world, pull.repository, 'merge_group', sender, { ...what, merge_group: { head_sha: headSha, head_ref: headRef, base_ref: `refs/heads/${pull.base.ref}`, base_sha: base, head_commit } });
}
