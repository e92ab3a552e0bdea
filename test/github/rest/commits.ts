// What may be read of commits?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, unprocessable, useRepository } from './route.ts';
import { HttpError } from '../http-error.ts';
import type { World } from '../world.ts';
import type { Repository } from '../state.ts';
import { fullName } from '../state.ts';
import { type Commit, type FileChange, countCommits, diff, log, mergeBase, readCommit, resolveCommit } from '../git.ts';
import { nodeId, userShape } from '../shapes.ts';
import { findByEmail } from '../push.ts';
import { pullListShape } from '../pulls.ts';

type Json = Record<string, unknown>;

/** git's hash of no files at all: what the first commit is compared with. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const mostFiles = 300;

export const commitRoutes: Route[] = [
  {
    operation: 'GET /repos/{owner}/{repo}/commits',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const start = typeof call.query['sha'] === 'string' ? call.query['sha'] : repository.defaultBranch;
      const sha = await resolveCommit(repository.path, start, repository.defaultBranch);
      if (sha === null) throw call.query['sha'] === undefined ? new HttpError(409, 'Git Repository is empty.') : notFound();
      const file = call.query['path'];
      const page = paginate(call, await log(repository.path, [sha, '--', ...(typeof file === 'string' ? [file] : [])]));
      return { status: 200, headers: page.headers, body: page.items.map((commit) => commitShape(call.world, repository, commit)) };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/commits/{ref}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const commit = await commitOf(call, repository, call.path['ref'] ?? '');
      const changes = await diff(repository.path, commit.parents[0] ?? emptyTree, commit.sha);
      const [additions, deletions] = [changes.reduce((sum, change) => sum + change.additions, 0), changes.reduce((sum, change) => sum + change.deletions, 0)];
      return { status: 200, body: { ...commitShape(call.world, repository, commit), stats: { total: additions + deletions, additions, deletions }, files: changes.slice(0, mostFiles).map((change) => fileShape(call, repository, commit.sha, change)) } };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const commit = await readCommit(repository.path, call.path['commit_sha'] ?? '');
      if (commit === null) throw notFound();
      const url = `${call.world.api}/repos/${fullName(repository)}`;
      const html = `${call.world.html}/${fullName(repository)}/commit`;
      return {
        status: 200,
        body: {
          sha: commit.sha,
          node_id: nodeId('C', repository.id),
          url: `${url}/git/commits/${commit.sha}`,
          html_url: `${html}/${commit.sha}`,
          author: commit.author,
          committer: commit.committer,
          tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
          message: commit.message,
          parents: commit.parents.map((sha) => ({ sha, url: `${url}/git/commits/${sha}`, html_url: `${html}/${sha}` })),
          verification: unsigned,
        },
      };
    },
  },
  { operation: 'GET /repos/{owner}/{repo}/compare/{basehead}', handle: compare },
  {
    operation: 'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
    async handle(call) {
      const repository = useRepository(call, 'pull_requests', 'read');
      const commit = await commitOf(call, repository, call.path['commit_sha'] ?? '');
      const page = paginate(call, call.world.state.pulls.filter((pull) => pull.repository === repository && pull.head.sha === commit.sha));
      return { status: 200, headers: page.headers, body: page.items.map((pull) => pullListShape(call.world, pull)) };
    },
  },
];

const unsigned = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };

async function commitOf(call: Call, repository: Repository, name: string): Promise<Commit> {
  const sha = await resolveCommit(repository.path, name, repository.defaultBranch);
  const commit = sha === null ? null : await readCommit(repository.path, sha);
  if (commit === null) throw unprocessable(`No commit found for SHA: ${name}`);
  return commit;
}

export function commitShape(world: World, repository: Repository, commit: Commit): Json {
  const url = `${world.api}/repos/${fullName(repository)}`;
  const html = `${world.html}/${fullName(repository)}/commit`;
  const [author, committer] = [findByEmail(world, commit.author.email), findByEmail(world, commit.committer.email)];
  return {
    url: `${url}/commits/${commit.sha}`,
    sha: commit.sha,
    node_id: nodeId('C', repository.id),
    html_url: `${html}/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      verification: unsigned,
    },
    author: author === undefined ? null : userShape(world, author),
    committer: committer === undefined ? null : userShape(world, committer),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/${sha}` })),
  };
}

export function fileShape(call: Call, repository: Repository, sha: string, change: FileChange): Json {
  const file = change.path.split('/').map(encodeURIComponent).join('/');
  return {
    sha: change.sha,
    filename: change.path,
    ...(change.previous !== undefined && { previous_filename: change.previous }),
    status: change.status,
    additions: change.additions,
    deletions: change.deletions,
    changes: change.additions + change.deletions,
    blob_url: `${call.world.html}/${fullName(repository)}/blob/${sha}/${file}`,
    raw_url: `${call.world.html}/${fullName(repository)}/raw/${sha}/${file}`,
    contents_url: `${call.world.api}/repos/${fullName(repository)}/contents/${file}?ref=${sha}`,
  };
}

/** `BASE...HEAD`: what HEAD has since the two parted. */
async function compare(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const basehead = call.path['basehead'] ?? '';
  const [baseName = '', headName = ''] = basehead.split('...');
  const find = async (name: string): Promise<Commit> => {
    const sha = await resolveCommit(repository.path, name, repository.defaultBranch);
    const commit = sha === null ? null : await readCommit(repository.path, sha);
    if (commit === null) throw notFound();
    return commit;
  };
  const [base, head] = await Promise.all([find(baseName), find(headName)]);
  const common = await mergeBase(repository.path, base.sha, head.sha);
  const start = common === null ? null : await readCommit(repository.path, common);
  if (start === null) throw new HttpError(404, `No common ancestor between ${baseName} and ${headName}.`);
  const [ahead, behind, changes] = await Promise.all([
    log(repository.path, ['--reverse', '--topo-order', head.sha, `^${base.sha}`, '--']),
    countCommits(repository.path, [base.sha, `^${head.sha}`]),
    diff(repository.path, start.sha, head.sha),
  ]);
  const page = paginate(call, ahead);
  const html = `${call.world.html}/${fullName(repository)}/compare`;
  return {
    status: 200,
    headers: page.headers,
    body: {
      url: `${call.world.api}/repos/${fullName(repository)}/compare/${basehead}`,
      html_url: `${html}/${basehead}`,
      permalink_url: `${html}/${repository.owner.login}:${base.sha.slice(0, 12)}...${repository.owner.login}:${head.sha.slice(0, 12)}`,
      diff_url: `${html}/${basehead}.diff`,
      patch_url: `${html}/${basehead}.patch`,
      base_commit: commitShape(call.world, repository, base),
      merge_base_commit: commitShape(call.world, repository, start),
      status: ahead.length > 0 ? (behind > 0 ? 'diverged' : 'ahead') : behind > 0 ? 'behind' : 'identical',
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: page.items.map((commit) => commitShape(call.world, repository, commit)),
      // Files come with the first page alone.
      ...(Number(call.query['page'] ?? 1) === 1 ? { files: changes.slice(0, mostFiles).map((change) => fileShape(call, repository, head.sha, change)) } : {}),
    },
  };
}
