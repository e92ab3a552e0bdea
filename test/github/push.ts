// What follows from a push?

import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, Repository } from './state.ts';
import { fullName } from './state.ts';
import { type Commit, type RefChange, git, isAncestor, listRefs, log, objectType, zeroSha } from './git.ts';
import { repositoryPushShape } from './shapes.ts';
import { sendToAll } from './announce.ts';
import { requestSuites } from './checks.ts';
import { branchMoved } from './pulls.ts';

type Json = Record<string, unknown>;

const mostCommitsInPayload = 2_048;
/** "Events will not be created for tags when more than three tags are pushed at once." The same with 5,000 branches. */
const mostTagsAtOnce = 3;
const mostBranchesAtOnce = 5_000;

/** In GitHub's order for each ref: create or delete, push, then the pull requests and check suites that the move touches. */
export async function announcePush(world: World, repository: Repository, changes: readonly RefChange[], pusher: Account): Promise<void> {
  const tags = changes.filter((change) => change.ref.startsWith('refs/tags/'));
  const branches = changes.filter((change) => change.ref.startsWith('refs/heads/'));
  repository.pushedAt = repository.updatedAt = isoSeconds(world.now());
  const announced = [...(branches.length > mostBranchesAtOnce ? [] : branches), ...(tags.length > mostTagsAtOnce ? [] : tags)];
  for (const { ref, before, after } of branches) {
    const type = before === zeroSha ? 'branch_creation' : after === zeroSha ? 'branch_deletion' : (await isAncestor(repository.path, before, after)) ? 'push' : 'force_push';
    world.state.activities.push({ id: world.state.nextId('activity'), repository, ref, before, after, at: repository.pushedAt, type, actor: pusher });
  }
  for (const change of announced) {
    const payload = await pushPayload(world, repository, change, pusher, branches);
    const refType = change.ref.startsWith('refs/tags/') ? 'tag' : 'branch';
    const shortRef = change.ref.replace(/^refs\/(heads|tags)\//, '');
    const lifecycle = { ref: change.ref, ref_type: refType, pusher_type: 'user' };
    if (change.before === zeroSha) sendToAll(world, repository, 'create', pusher, { ...lifecycle, ref: shortRef, master_branch: repository.defaultBranch, description: repository.description });
    if (change.after === zeroSha) sendToAll(world, repository, 'delete', pusher, { ...lifecycle, ref: shortRef });
    sendToAll(world, repository, 'push', pusher, payload);
    if (refType === 'branch') {
      await branchMoved(world, repository, shortRef, change, pusher);
      if (change.after !== zeroSha) await requestSuites(world, repository, change.after, shortRef, change.before, pusher);
    }
  }
}

async function pushPayload(world: World, repository: Repository, change: RefChange, pusher: Account, pushedBranches: readonly RefChange[]): Promise<Json> {
  const { path } = repository;
  const [created, deleted] = [change.before === zeroSha, change.after === zeroSha];
  const isTag = change.ref.startsWith('refs/tags/');
  const headSha = deleted ? null : await commitOf(path, change.after);
  const forced = !created && !deleted && !(isTag ? false : await isAncestor(path, change.before, change.after));
  // Where the other branches stood before this push: what they had is not new.
  const moved = new Map(pushedBranches.map((other) => [other.ref, other.before]));
  const elsewhere = (await listRefs(path, 'refs/heads')).filter((branch) => branch.ref !== change.ref);
  const known = elsewhere.map((branch) => moved.get(branch.ref) ?? branch.commit).filter((sha) => sha !== zeroSha);
  const range = created ? known.map((sha) => `^${sha}`) : [`^${change.before}`];
  const commits = isTag || headSha === null ? [] : await log(path, ['--topo-order', '--reverse', headSha, ...range, '--']);
  const seen = new Set(known.length === 0 || commits.length === 0 ? [] : (await git(path, ['rev-list', ...known, '--not', ...(created ? [] : [change.before]), '--'])).split('\n'));
  const head = headSha === null ? null : ((await log(path, ['-1', headSha]))[0] ?? null);
  const shape = (commit: Commit): Json => commitShape(world, repository, commit, !seen.has(commit.sha));
  const html = `${world.html}/${fullName(repository)}`;
  return {
    ref: change.ref,
    before: change.before,
    after: change.after,
    created,
    deleted,
    forced,
    base_ref: created && !deleted ? (elsewhere.find((branch) => branch.commit === headSha)?.ref ?? null) : null,
    compare: created ? `${html}/compare/${encodeURI(change.ref.replace(/^refs\/(heads|tags)\//, ''))}` : `${html}/compare/${change.before.slice(0, 12)}...${change.after.slice(0, 12)}`,
    commits: commits.slice(-mostCommitsInPayload).map(shape),
    head_commit: head === null ? null : shape(head),
    repository: repositoryPushShape(world, repository),
    pusher: { name: pusher.login, email: pusher.email },
  };
}

/** The commit that a tag object stands for, at whatever depth. */
async function commitOf(path: string, sha: string): Promise<string | null> {
  return (await objectType(path, sha)) === 'commit' ? sha : git(path, ['rev-parse', '--verify', '--quiet', `${sha}^{commit}`]).then((out) => out.trim(), () => null);
}

function commitShape(world: World, repository: Repository, commit: Commit, distinct: boolean): Json {
  const person = (who: Commit['author']): Json => {
    const account = findByEmail(world, who.email);
    return { name: who.name, email: who.email, ...(account === undefined ? {} : { username: account.login }) };
  };
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${world.html}/${fullName(repository)}/commit/${commit.sha}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: commit.added,
    removed: commit.removed,
    modified: commit.modified,
  };
}

/** GitHub knows a commit's author by the e-mail address alone. */
export function findByEmail(world: World, email: string): Account | undefined {
  return [...world.state.accounts.values()].find((account) => account.email !== null && account.email.toLowerCase() === email.toLowerCase());
}
