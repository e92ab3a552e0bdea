// What may be read of pull requests, and how does one comment?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, requirePermission, seeRepository, useRepository } from './route.ts';
import type { Account, PullRequest, Repository } from '../state.ts';
import { diff, log, mergeBase } from '../git.ts';
import { addComment, commentShape, editComment } from '../comments.ts';
import { pullListShape, pullShape } from '../pulls.ts';
import { commitShape, fileShape } from './commits.ts';

export const pullRoutes: Route[] = [
  {
    operation: 'GET /repos/{owner}/{repo}/pulls',
    handle(call) {
      const repository = useRepository(call, 'pull_requests', 'read');
      const { state = 'open', head, base } = call.query;
      const chosen = call.world.state.pulls.filter(
        (pull) =>
          pull.repository === repository &&
          (state === 'all' || pull.state === state) &&
          (head === undefined || `${pull.head.repository.owner.login}:${pull.head.ref}` === head) &&
          (base === undefined || pull.base.ref === base),
      );
      const page = paginate(call, call.query['direction'] === 'asc' ? chosen : chosen.reverse());
      return { status: 200, headers: page.headers, body: page.items.map((pull) => pullListShape(call.world, pull)) };
    },
  },
  { operation: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', handle: async (call) => ({ status: 200, body: await pullShape(call.world, findPull(call, useRepository(call, 'pull_requests', 'read'))) }) },
  {
    operation: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/files',
    async handle(call) {
      const repository = useRepository(call, 'pull_requests', 'read');
      const pull = findPull(call, repository);
      const start = (await mergeBase(repository.path, pull.base.sha, pull.head.sha)) ?? pull.base.sha;
      const page = paginate(call, await diff(repository.path, start, pull.head.sha));
      return { status: 200, headers: page.headers, body: page.items.map((change) => fileShape(call, repository, pull.head.sha, change)) };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/commits',
    async handle(call) {
      const repository = useRepository(call, 'pull_requests', 'read');
      const pull = findPull(call, repository);
      const page = paginate(call, await log(repository.path, ['--reverse', '--topo-order', pull.head.sha, `^${pull.base.sha}`, '--']));
      return { status: 200, headers: page.headers, body: page.items.map((commit) => commitShape(call.world, repository, commit)) };
    },
  },
  { operation: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', handle: createComment },
  {
    operation: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
    handle(call) {
      const repository = useRepository(call, 'pull_requests', 'read');
      const pull = issueOf(call, repository);
      const page = paginate(call, call.world.state.comments.filter((comment) => comment.repository === repository && comment.issue === pull.number));
      return { status: 200, headers: page.headers, body: page.items.map((comment) => commentShape(call.world, comment)) };
    },
  },
  {
    operation: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
    handle(call) {
      const repository = seeRepository(call);
      const comment = call.world.state.comments.find((candidate) => candidate.repository === repository && candidate.id === Number(call.path['comment_id']));
      if (comment === undefined) throw notFound();
      requireComments(call, repository);
      const pull = call.world.state.pulls.find((candidate) => candidate.repository === repository && candidate.number === comment.issue);
      if (pull === undefined) throw notFound();
      editComment(call.world, pull, comment, (call.body as { body: string }).body, senderOf(call, repository));
      return { status: 200, body: commentShape(call.world, comment) };
    },
  },
];

function findPull(call: Call, repository: Repository): PullRequest {
  const pull = call.world.state.pulls.find((candidate) => candidate.repository === repository && candidate.number === Number(call.path['pull_number']));
  if (pull === undefined) throw notFound();
  return pull;
}

/** Every pull request is an issue; this GitHub has no others. */
function issueOf(call: Call, repository: Repository): PullRequest {
  const pull = call.world.state.pulls.find((candidate) => candidate.repository === repository && candidate.number === Number(call.path['issue_number']));
  if (pull === undefined) throw notFound();
  return pull;
}

/** Either permission will do for a comment on a pull request. */
function requireComments(call: Call, repository: Repository): void {
  const may = call.caller.kind === 'installation' && call.caller.token.permissions['issues'] === 'write';
  if (call.caller.kind === 'user') return;
  requirePermission(call, repository, may ? 'issues' : 'pull_requests', 'write');
}

function createComment(call: Call): Answer {
  const repository = seeRepository(call);
  requireComments(call, repository);
  const pull = issueOf(call, repository);
  const { caller, world } = call;
  const app = caller.kind === 'installation' ? caller.token.installation.app : null;
  const comment = addComment(world, pull, senderOf(call, repository), app, (call.body as { body: string }).body);
  const body = commentShape(world, comment);
  return { status: 201, body, headers: { Location: String(body['url']) } };
}

function senderOf({ caller }: Call, repository: Repository): Account {
  return caller.kind === 'user' ? caller.account : caller.kind === 'installation' ? caller.token.installation.app.bot : repository.owner;
}
