// What does a webhook of GitHub's mean to us? GitHub's payloads end here; past this file there are our own words only.

import type { z } from 'zod';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import { noCommit } from '../../config-schema/trigger.ts';
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
    ref: push.ref,
    before: push.before,
    sha,
    // A push with a deploy key may come without a sender.
    sender: push.sender ?? { id: 0, login: push.pusher.name },
    commit: { subject: subjectOf(push.head_commit?.message ?? ''), authorLogin: push.head_commit?.author?.username ?? null },
    pullRequest: null,
  });
}

const startingActions = ['opened', 'synchronize', 'reopened'];

function fromPullRequest(webhook: Webhook, event: payloads.PullRequest): Translation {
  const pull = event.pull_request;
  if (!startingActions.includes(event.action)) return ignored(`pull request #${pull.number} was ${event.action}: its commits are the same`);
  if (!pull.head.repo) return ignored(`the repository that pull request #${pull.number} came from is gone`);
  if (pull.head.repo.id === event.repository.id) return ignored(`pull request #${pull.number} comes from this repository and shares the pipeline of its push`);
  return trigger(webhook, event, {
    event: 'pull_request',
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
    },
  });
}

function fromCheckRun(webhook: Webhook, event: payloads.CheckRun, appId: number): Translation {
  const run = event.check_run;
  if (run.app?.id !== appId) return ignored('the check run is another App’s');
  if (event.action !== 'rerequested') return ignored(`check run ${event.action}: nothing to do`);
  return rerun(webhook, event, run.check_suite, run.head_sha);
}

function fromCheckSuite(webhook: Webhook, event: payloads.CheckSuite, appId: number): Translation {
  const suite = event.check_suite;
  if (suite.app?.id !== appId) return ignored('the check suite is another App’s');
  if (event.action !== 'rerequested') return ignored(`check suite ${event.action}: the push starts the pipeline`);
  return rerun(webhook, event, suite, suite.head_sha);
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

const isNoCommit = (sha: string): boolean => /^0+$/.test(sha);

const longestSubject = 256;
const subjectOf = (message: string): string => (message.split('\n', 1)[0] ?? '').slice(0, longestSubject);

function named({ id, full_name }: { id: number; full_name: string }): { id: number; owner: string; name: string } {
  const [owner = '', name = ''] = full_name.split('/');
  return { id, owner, name };
}
