// How does a comment on a pull request come to be, and become known?

import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, App, Comment, PullRequest } from './state.ts';
import { fullName } from './state.ts';
import { sendToAll } from './announce.ts';
import { associationOf, pullListShape } from './pulls.ts';
import { nodeId, userShape } from './shapes.ts';

type Json = Record<string, unknown>;

export function addComment(world: World, pull: PullRequest, author: Account, app: App | null, body: string): Comment {
  const now = isoSeconds(world.now());
  const comment: Comment = { id: world.state.nextId('comment'), repository: pull.repository, issue: pull.number, author, app, body, createdAt: now, updatedAt: now };
  world.state.comments.push(comment);
  sendComment(world, pull, comment, { action: 'created' }, author);
  return comment;
}

export function editComment(world: World, pull: PullRequest, comment: Comment, body: string, sender: Account): void {
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = isoSeconds(world.now());
  sendComment(world, pull, comment, { action: 'edited', changes: { body: { from } } }, sender);
}

function sendComment(world: World, pull: PullRequest, comment: Comment, what: Json, sender: Account): void {
  sendToAll(world, pull.repository, 'issue_comment', sender, { ...what, issue: issueShape(world, pull), comment: commentShape(world, comment) });
}

export function commentShape(world: World, comment: Comment): Json {
  const api = `${world.api}/repos/${fullName(comment.repository)}`;
  const url = `${api}/issues/comments/${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId('IC', comment.repository.id, comment.id),
    url,
    html_url: `${world.html}/${fullName(comment.repository)}/pull/${comment.issue}#issuecomment-${comment.id}`,
    issue_url: `${api}/issues/${comment.issue}`,
    user: userShape(world, comment.author),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: associationOf(comment.repository, comment.author),
    reactions: reactions(url),
    performed_via_github_app: null,
  };
}

/** A pull request in its other guise. */
function issueShape(world: World, pull: PullRequest): Json {
  const { html_url, diff_url, patch_url, merged_at, ...shape } = pullListShape(world, pull);
  const url = String(shape['issue_url']);
  const kept = ['node_id', 'number', 'state', 'locked', 'title', 'user', 'body', 'created_at', 'updated_at', 'closed_at', 'assignee', 'assignees', 'labels', 'milestone', 'author_association', 'active_lock_reason', 'draft'];
  return {
    ...Object.fromEntries(kept.map((name) => [name, shape[name]])),
    id: pull.id,
    url,
    repository_url: `${world.api}/repos/${fullName(pull.repository)}`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url,
    comments: world.state.comments.filter((comment) => comment.repository === pull.repository && comment.issue === pull.number).length,
    pull_request: { url: shape['url'], html_url, diff_url, patch_url, merged_at },
    reactions: reactions(url),
    performed_via_github_app: null,
  };
}

const reactions = (url: string): Json => ({ url: `${url}/reactions`, total_count: 0, '+1': 0, '-1': 0, laugh: 0, hooray: 0, confused: 0, heart: 0, rocket: 0, eyes: 0 });
