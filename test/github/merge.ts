// What does the green button do?

import type { World } from './world.ts';
import type { Account, PullRequest } from './state.ts';
import { git, resolveCommit, testMerge } from './git.ts';
import { announcePush } from './push.ts';

/** A merge commit on the base, which is a push like any other. */
export async function mergePull(world: World, pull: PullRequest, sender: Account): Promise<string> {
  const { repository } = pull;
  const before = await resolveCommit(repository.path, `refs/heads/${pull.base.ref}`, repository.defaultBranch);
  if (before === null) throw new Error(`the base branch ${pull.base.ref} is gone`);
  const merge = await testMerge(repository.path, before, pull.head.sha, `Merge pull request #${pull.number} from ${pull.head.repository.owner.login}/${pull.head.ref}\n\n${pull.title}`, world.now());
  if (merge === null) throw new Error(`pull request #${pull.number} conflicts with ${pull.base.ref}`);
  const ref = `refs/heads/${pull.base.ref}`;
  await git(repository.path, ['update-ref', ref, merge, before]);
  await announcePush(world, repository, [{ ref, before, after: merge }], sender);
  return merge;
}
