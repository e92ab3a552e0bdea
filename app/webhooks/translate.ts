// What does a webhook of GitHub's mean to us? GitHub's payloads end here; past this file there are our own words only.

import type { z } from 'zod';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import { noCommit } from '../../config-schema/trigger.ts';
import { parseCheckId } from '../../config-schema/check-id.ts';
import { deedOfButton, deedOfComment, deedOfLabel, deedOfRerun, type Command } from './command.ts';
import * as payloads from './payloads.ts';

export type Webhook = {
  /** The `X-GitHub-Event` header. */
  name: string;
  /** The `X-GitHub-Delivery` header. */
  deliveryId: string;
  /** ISO 8601. */
  receivedAt: string;
  payload: unknown;
};

export type Translation =
  | { kind: 'trigger'; trigger: Trigger }
  | { kind: 'command'; command: Command }
  | { kind: 'repository'; change: RepositoryChange; repository: Repository }
  | { kind: 'installation'; change: 'added' | 'removed'; installationId: number; repositories: { id: number; owner: string; name: string }[] }
  | { kind: 'ignored'; reason: string }
  /** Signed by GitHub and yet not what GitHub documents: somebody should know. */
  | { kind: 'unreadable'; reason: string };

/** What became of a repository; `repository` of the translation is how it is now. */
export type RepositoryChange = 'renamed' | 'transferred' | 'deleted' | 'privatized' | 'publicized' | 'default-branch';

/** `appId`: check events of other Apps are ignored. */
export function translate(webhook: Webhook, appId: number): Translation {
  const reader = readers.get(webhook.name);
  if (!reader) return ignored(`${webhook.name} events mean nothing to Roundhouse`);
  return reader(webhook, appId);
}

/** A Map, because the event's name is the sender's: an object would also have a `constructor`. */
const readers = new Map<string, (webhook: Webhook, appId: number) => Translation>(Object.entries({
  push: reading(payloads.push, fromPush),
  pull_request: reading(payloads.pullRequest, fromPullRequest),
  check_run: reading(payloads.checkRun, fromCheckRun),
  check_suite: reading(payloads.checkSuite, fromCheckSuite),
  issue_comment: reading(payloads.issueComment, fromComment),
  merge_group: () => ignored('the push of the merge queue’s branch starts the pipeline'),
  repository: reading(payloads.repositoryEvent, fromRepository),
  installation: reading(payloads.installation, fromInstallation),
  installation_repositories: reading(payloads.installationRepositories, fromInstallationRepositories),
}));

function fromPush(webhook: Webhook, push: payloads.Push): Translation {
  if (push.deleted || isNoCommit(push.after)) return ignored(`${push.ref} was deleted`);
  if (!/^refs\/(heads|tags)\/./.test(push.ref)) return ignored(`${push.ref} is neither a branch nor a tag`);
  // The `after` of an annotated tag is the tag object; what is built is the commit that it names.
  const isTag = push.ref.startsWith('refs/tags/');
  const sha = isTag ? (push.head_commit?.id ?? push.after) : push.after;
  return trigger(webhook, push, {
    event: 'push',
    ...happened(push.repository.pushed_at),
    ref: push.ref,
    before: push.before,
    sha,
    // A push with a deploy key may come without a sender.
    sender: push.sender ?? { id: 0, login: push.pusher.name },
    commit: { subject: subjectOf(push.head_commit?.message ?? ''), authorLogin: push.head_commit?.author?.username ?? null },
    pullRequest: null,
  });
}

/** Of a fork's pull request. A commit that had its pipeline when the draft was opened has no second one when it is ready. */
const startingActions = ['opened', 'synchronize', 'reopened', 'ready_for_review'];

function fromPullRequest(webhook: Webhook, event: payloads.PullRequest): Translation {
  const pull = event.pull_request;
  if (event.action === 'closed' && pull.head.repo?.id !== event.repository.id) return command(webhook, event, { kind: 'withdraw', pull: pull.number }, { kind: 'commit', sha: pull.head.sha });
  if (event.action === 'labeled') return fromLabel(webhook, event);
  if (!startingActions.includes(event.action)) return ignored(`pull request #${pull.number} was ${event.action}: its commits are the same`);
  if (!pull.head.repo) return ignored(`the repository that pull request #${pull.number} came from is gone`);
  if (pull.head.repo.id === event.repository.id) return ignored(`pull request #${pull.number} comes from this repository and shares the pipeline of its push`);
  return trigger(webhook, event, {
    event: 'pull_request',
    ...happened(pull.updated_at),
    ref: `refs/pull/${pull.number}/head`,
    before: event.before ?? noCommit,
    sha: pull.head.sha,
    sender: event.sender,
    // The payload does not carry the commit; loading puts its own subject here.
    commit: { subject: subjectOf(pull.title), authorLogin: pull.user?.login ?? null },
    pullRequest: {
      number: pull.number,
      url: pull.html_url,
      headRepositoryId: pull.head.repo.id,
      headOwner: pull.head.repo.owner.login,
      headName: pull.head.repo.name,
      baseRef: pull.base.ref,
      baseSha: pull.base.sha,
      ...(pull.user && { authorId: pull.user.id }),
    },
  });
}

function fromCheckRun(webhook: Webhook, event: payloads.CheckRun, appId: number): Translation {
  const run = event.check_run;
  if (run.app?.id !== appId) return ignored('the check run is another App’s');
  const parsed = parseCheckId(run.external_id ?? '');
  const check = parsed?.repositoryId === event.repository.id ? parsed : null;
  if (event.action === 'requested_action') {
    const identifier = event.requested_action?.identifier ?? '';
    const deed = check && deedOfButton(identifier, check);
    return deed ? command(webhook, event, deed, { kind: 'pipeline', number: check.pipeline, sha: run.head_sha }) : ignored(`the check run has no button ${identifier}`);
  }
  if (event.action !== 'rerequested') return ignored(`check run ${event.action}: nothing to do`);
  if (check) return command(webhook, event, deedOfRerun(check), { kind: 'pipeline', number: check.pipeline, sha: run.head_sha });
  return rerun(webhook, event, run.check_suite, run.head_sha);
}

function fromCheckSuite(webhook: Webhook, event: payloads.CheckSuite, appId: number): Translation {
  const suite = event.check_suite;
  if (suite.app?.id !== appId) return ignored('the check suite is another App’s');
  if (event.action !== 'rerequested') return ignored(`check suite ${event.action}: the push starts the pipeline`);
  // GitHub tells neither branch nor pull request of a fork's commit.
  if (!suite.head_branch && suite.pull_requests.length === 0) return command(webhook, event, { kind: 'rerun', what: { kind: 'all' } }, { kind: 'commit', sha: suite.head_sha });
  return rerun(webhook, event, suite, suite.head_sha);
}

/** For the commit that was the head when the label was put on, and no later one. */
function fromLabel(webhook: Webhook, event: payloads.PullRequest): Translation {
  const { label, sender, pull_request: pull } = event;
  // Programs label by what a pull request contains, and that is whoever opened it who decides.
  if (sender.type !== 'User') return ignored('the label is not put on by a person');
  const deed = deedOfLabel(label?.name ?? '');
  return deed ? command(webhook, event, deed, { kind: 'commit', sha: pull.head.sha }) : ignored(`the label ${label?.name ?? ''} of pull request #${pull.number} is no command`);
}

/** What was written later into a comment, or taken out of it, counts for nothing. */
function fromComment(webhook: Webhook, event: payloads.IssueComment): Translation {
  const { issue, comment } = event;
  if (event.action !== 'created') return ignored(`comment ${event.action}: only new ones can be commands`);
  if (!issue.pull_request) return ignored(`#${issue.number} is not a pull request`);
  if (comment.user?.type !== 'User') return ignored('the comment is not a person’s');
  const deed = deedOfComment(comment.body);
  return deed ? command(webhook, event, deed, { kind: 'pull-request', number: issue.number, writtenAt: comment.created_at }) : ignored('the comment has no command');
}

function command(webhook: Webhook, event: payloads.OfRepository & { sender?: Command['sender'] | null | undefined }, deed: Command['deed'], of: Command['of']): Translation {
  if (!event.sender) return ignored('nobody asked for it');
  const { id, login } = event.sender;
  return { kind: 'command', command: { deliveryId: webhook.deliveryId, repository: repositoryOf(event), sender: { id, login }, deed, of } };
}

/**
 * The head branch of a suite is only a name, and a fork may have a branch of any name. So the ref is claimed here and no more:
 * loading asks GitHub whether the ref holds the commit, and refuses the rerun otherwise.
 */
function rerun(webhook: Webhook, event: payloads.CheckRun | payloads.CheckSuite, suite: payloads.Suite, sha: string): Translation {
  if (!event.sender) return ignored('nobody asked for the rerun');
  const fromFork = suite.pull_requests.find((pull) => pull.head.repo.id !== event.repository.id && pull.base.repo.id === event.repository.id && pull.head.sha === sha);
  if (!suite.head_branch && !fromFork) return ignored('GitHub does not say which ref the check belongs to; rerun it from its page');
  return trigger(webhook, event, {
    event: 'rerun',
    ref: fromFork ? `refs/pull/${fromFork.number}/head` : `refs/heads/${suite.head_branch}`,
    before: noCommit,
    sha,
    sender: event.sender,
    commit: { subject: subjectOf(suite.head_commit?.message ?? ''), authorLogin: null },
    pullRequest: fromFork
      ? {
          number: fromFork.number,
          url: `${event.repository.html_url}/pull/${fromFork.number}`,
          headRepositoryId: fromFork.head.repo.id,
          headOwner: fromFork.head.repo.url.split('/').at(-2) ?? '',
          headName: fromFork.head.repo.name,
          baseRef: fromFork.base.ref,
        }
      : null,
  });
}

function fromRepository(_webhook: Webhook, event: payloads.RepositoryEvent): Translation {
  const change = event.action === 'edited' && event.changes?.default_branch ? 'default-branch' : changes.find((known) => known === event.action);
  if (!change) return ignored(`repository ${event.action}: nothing depends on it`);
  return { kind: 'repository', change, repository: repositoryOf(event) };
}

const changes: RepositoryChange[] = ['renamed', 'transferred', 'deleted', 'privatized', 'publicized'];

function fromInstallation(_webhook: Webhook, event: payloads.Installation): Translation {
  const change = ['created', 'unsuspend'].includes(event.action) ? 'added' : ['deleted', 'suspend'].includes(event.action) ? 'removed' : null;
  if (change === null) return ignored(`installation ${event.action}: nothing depends on it`);
  return { kind: 'installation', change, installationId: event.installation.id, repositories: event.repositories.map(named) };
}

function fromInstallationRepositories(_webhook: Webhook, event: payloads.InstallationRepositories): Translation {
  const added = event.action === 'added';
  const repositories = added ? event.repositories_added : event.repositories_removed;
  return { kind: 'installation', change: added ? 'added' : 'removed', installationId: event.installation.id, repositories: repositories.map(named) };
}

function trigger(webhook: Webhook, event: payloads.OfRepository, rest: Omit<Trigger, 'deliveryId' | 'receivedAt' | 'repository'>): Translation {
  return {
    kind: 'trigger',
    trigger: { deliveryId: webhook.deliveryId, receivedAt: webhook.receivedAt, repository: repositoryOf(event), ...rest, sender: { id: rest.sender.id, login: rest.sender.login } },
  };
}

function repositoryOf({ repository, installation }: payloads.OfRepository): Repository {
  return {
    id: repository.id,
    owner: repository.owner.login,
    name: repository.name,
    private: repository.private,
    defaultBranch: repository.default_branch,
    installationId: installation?.id ?? null,
  };
}

function reading<T>(schema: z.ZodType<T>, means: (webhook: Webhook, payload: T, appId: number) => Translation) {
  return (webhook: Webhook, appId: number): Translation => {
    const read = schema.safeParse(webhook.payload);
    if (read.success) return means(webhook, read.data, appId);
    const issue = read.error.issues[0];
    return { kind: 'unreadable', reason: `${webhook.name} payload: ${issue?.path.join('.') || 'body'}: ${issue?.message}` };
  };
}

const ignored = (reason: string): Translation => ({ kind: 'ignored', reason });

/** `at`: in seconds since 1970, or ISO 8601. */
function happened(at: number | string | null | undefined): { happenedAt?: string } {
  const ms = typeof at === 'number' ? at * 1000 : Date.parse(at ?? '');
  return Number.isSafeInteger(ms) && Math.abs(ms) <= 8.64e15 ? { happenedAt: new Date(ms).toISOString() } : {};
}

const isNoCommit = (sha: string): boolean => /^0+$/.test(sha);

const longestSubject = 256;
const subjectOf = (message: string): string => (message.split('\n', 1)[0] ?? '').slice(0, longestSubject);

function named({ id, full_name }: { id: number; full_name: string }): { id: number; owner: string; name: string } {
  const [owner = '', name = ''] = full_name.split('/');
  return { id, owner, name };
}
