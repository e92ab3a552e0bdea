// What do `<< pipeline.… >>` stand for?

import type { PipelineValues } from './language/processed.ts';
import { branchOf, noCommit, originOf, tagOf, type Trigger } from './trigger.ts';

/** What is known of a pipeline beside its trigger and number. */
export type PipelineFacts = {
  /** A UUID. */
  id: string;
  /** Where the config lies in the repository. */
  configPath: string;
  /** The repository's page, such as `https://github.com/acme/shop`. */
  repositoryUrl: string;
  /** The commit's message without its first line; null: not known. */
  commitBody: string | null;
  /** Pages of the open pull requests of the branch. */
  pullRequestUrls: readonly string[];
  /** The pull request that it came by, or the only open one of its branch. Absent where there is none, and in what was kept before it was asked for. */
  pullRequest?: PullRequestFacts;
};

/** As GitHub tells of it when the pipeline begins. */
export type PullRequestFacts = { number: number; url: string; title: string; draft: boolean; merged: boolean; headRef: string; baseRef: string; baseSha: string };

/**
 * Every name of the original's, without `pipeline.`; null where there is no value, which expressions take for undefined. A rerun has
 * the values of what it runs again, and the work tree of `roundhouse run` those of a push.
 */
export function pipelineValues(trigger: Trigger, number: number, facts: PipelineFacts): PipelineValues {
  const { repository, sha, pullRequest, sender, commit } = trigger;
  const { id, configPath, repositoryUrl, commitBody, pullRequestUrls, pullRequest: pull } = facts;
  const branch = builtBranch(trigger);
  const tag = tagOf(trigger.ref);
  const origin = originOf(trigger);
  const { event, source, type } = names[origin];
  const base = trigger.before === noCommit || trigger.before === '' ? null : trigger.before;
  const commitUrl = `${repositoryUrl}/commit/${sha}`;
  return {
    id,
    number,
    name: null,
    'definition.id': null,
    integration_source: 'github_app',
    'project.git_url': repositoryUrl,
    'project.type': 'github',
    'project.slug': `gh/${repository.owner}/${repository.name}`,

    'git.branch': branch,
    'git.branch.is_default': branch === null ? null : branch === repository.defaultBranch,
    'git.tag': tag,
    'git.revision': sha,
    'git.base_revision': base,
    'git.repo_url': repositoryUrl,
    'git.repo_owner': repository.owner,
    'git.repo_name': repository.name,
    'git.repo_id': String(repository.id),
    'git.commit.url': commitUrl,
    'git.commit.subject': commit.subject,
    'git.commit.body': commitBody,
    'git.commit.author_login': commit.authorLogin,

    'config.repository.name': repository.name,
    'config.repository.url': repositoryUrl,
    'config.file_path': configPath,
    'config.ref': trigger.ref,
    'config.sha': sha,

    'trigger.id': trigger.deliveryId,
    'trigger.name': null,
    'trigger.type': type,
    'trigger.received_at': trigger.receivedAt,
    trigger_source: source,
    'schedule.name': trigger.schedule?.name ?? null,
    'schedule.id': null,

    'event.name': event,
    'event.action': null,
    'event.context.github.pr_url': pullRequest?.url ?? pullRequestUrls[0] ?? null,
    'event.github.ref': event === 'push' ? trigger.ref : null,
    'event.github.after': event === 'push' ? sha : null,
    'event.github.head_commit.url': event === 'push' ? commitUrl : null,
    'event.github.sender.login': sender.login,
    'event.github.sender.id': sender.id,
    'event.github.sender.type': null,
    'event.github.sender.avatar_url': null,
    'event.github.repository.id': repository.id,
    'event.github.repository.name': repository.name,
    'event.github.repository.full_name': `${repository.owner}/${repository.name}`,
    'event.github.repository.url': repositoryUrl,
    'event.github.repository.html_url': repositoryUrl,
    'event.github.repository.private': repository.private,
    'event.github.repository.default_branch': repository.defaultBranch,
    'event.github.repository.owner.login': repository.owner,
    'event.github.pull_request.number': pullRequest?.number ?? pull?.number ?? null,
    'event.github.pull_request.url': pullRequest?.url ?? pull?.url ?? null,
    'event.github.pull_request.title': pull?.title ?? null,
    'event.github.pull_request.draft': pull?.draft ?? null,
    'event.github.pull_request.merged': pull?.merged ?? null,
    'event.github.pull_request.base.ref': pull?.baseRef ?? pullRequest?.baseRef ?? null,
    'event.github.pull_request.base.sha': pull?.baseSha ?? pullRequest?.baseSha ?? null,
    'event.github.pull_request.head.ref': pull?.headRef ?? null,
    'event.github.pull_request.head.sha': pullRequest || pull ? sha : null,
    'event.github.label': null,
    'event.github.label.name': null,
    'event.github.comment.body': null,

    ...Object.fromEntries(['component_name', 'environment_name', 'target_version', 'current_version', 'namespace', 'reason'].map((key) => [`deploy.${key}`, null])),
    ...deprecatedValues({ branch, event, type, trigger, repositoryUrl }),
  };
}

/** What the original calls that from which a pipeline came. */
const names: Record<ReturnType<typeof originOf>, { event: string; source: string; type: string }> = {
  push: { event: 'push', source: 'webhook', type: 'github_app' },
  local: { event: 'push', source: 'webhook', type: 'github_app' },
  pull_request: { event: 'pull_request', source: 'webhook', type: 'github_app' },
  api: { event: 'api', source: 'api', type: 'api' },
  schedule: { event: 'schedule', source: 'scheduled_pipeline', type: 'schedule' },
  webhook: { event: 'custom_webhook', source: 'webhook', type: 'webhook' },
};

/** The original calls a fork's pull request `pull/N`. */
export function builtBranch({ ref }: Pick<Trigger, 'ref'>): string | null {
  const [, number] = /^refs\/pull\/(\d+)\//.exec(ref) ?? [];
  return number === undefined ? branchOf(ref) : `pull/${number}`;
}

/** Names that the original gave up in favour of those above; configs still have them. */
function deprecatedValues({ branch, event, type, trigger, repositoryUrl }: { branch: string | null; event: string; type: string; trigger: Trigger; repositoryUrl: string }): PipelineValues {
  const { repository, sha, sender, commit } = trigger;
  const values = {
    'circleci.event_time': trigger.receivedAt,
    'circleci.trigger_type': type,
    'circleci.event_type': event,
    'webhook.body': null,
    'github_app.branch': branch,
    'github_app.checkout_sha': sha,
    'github_app.commit_sha': sha,
    'github_app.commit_title': commit.subject,
    'github_app.commit_message': commit.subject,
    'github_app.commit_timestamp': null,
    'github_app.commit_author_name': commit.authorLogin,
    'github_app.ref': trigger.ref,
    'github_app.repo_name': repository.name,
    'github_app.repo_url': repositoryUrl,
    'github_app.total_commits_count': null,
    'github_app.user_avatar': null,
    'github_app.user_id': String(sender.id),
    'github_app.user_name': sender.login,
    'github_app.user_username': sender.login,
    'github_app.web_url': repositoryUrl,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`trigger_parameters.${name}`, value]));
}

/** The values of a pipeline that might be: a push of `main`, or of the branch or tag that is asked for. To check a config without one. */
export function sampleValues({ branch, tag }: { branch?: string | undefined; tag?: string | undefined } = {}): PipelineValues {
  const trigger: Trigger = {
    event: 'push',
    deliveryId: sampleId,
    receivedAt: '2020-01-01T00:00:00Z',
    repository: { id: 1, owner: 'owner', name: 'name', private: true, defaultBranch: 'main', installationId: null },
    ref: tag === undefined ? `refs/heads/${branch ?? 'main'}` : `refs/tags/${tag}`,
    before: sampleCommit,
    sha: sampleCommit,
    sender: { id: 1, login: 'somebody' },
    commit: { subject: 'A commit', authorLogin: 'somebody' },
    pullRequest: null,
  };
  return pipelineValues(trigger, 1, { id: sampleId, configPath: '.circle.yml', repositoryUrl: 'https://github.com/owner/name', commitBody: '', pullRequestUrls: [] });
}

/** As the original's command line has it. */
const sampleId = '00000000-0000-0000-0000-000000000001';
const sampleCommit = '0123456789abcdef0123456789abcdef01234567';
