import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PipelineValues } from '../../config-schema/language/processed.ts';
import { compileConfig } from '../../config-schema/compile.ts';
import { pipelineValues, sampleValues, type PipelineFacts, type PullRequestFacts } from '../../config-schema/pipeline-values.ts';
import { noCommit, type Trigger } from '../../config-schema/trigger.ts';

const sha = 'a'.repeat(40);
const push: Trigger = {
  event: 'push',
  deliveryId: 'd-1',
  receivedAt: '2026-01-02T03:04:05Z',
  repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'trunk', installationId: 1 },
  ref: 'refs/heads/feature/x',
  before: 'b'.repeat(40),
  sha,
  sender: { id: 9, login: 'ada' },
  commit: { subject: 'Mend it', authorLogin: 'grace' },
  pullRequest: null,
};
const pull = { number: 5, url: 'https://github.com/acme/shop/pull/5', headRepositoryId: 8, headOwner: 'eve', headName: 'shop', baseRef: 'trunk' };
const asked: PullRequestFacts = { number: 5, url: 'https://github.com/acme/shop/pull/5', title: '<< pipeline.number >> "}\'\n- run: evil', draft: true, merged: false, headRef: 'patch', baseRef: 'trunk', baseSha: 'c'.repeat(40) };
const facts: PipelineFacts = { id: 'e6b1…', configPath: '.circleci/config.yml', repositoryUrl: 'https://github.com/acme/shop', commitBody: 'Because it was broken.', pullRequestUrls: [] };
const of = (change: Partial<Trigger> = {}, more: Partial<PipelineFacts> = {}): PipelineValues => pipelineValues({ ...push, ...change }, 12, { ...facts, ...more });

const rows: [what: string, values: PipelineValues, name: string, value: string | number | boolean | null][] = [
  ['the id', of(), 'id', 'e6b1…'],
  ['the number, as an integer', of(), 'number', 12],
  ['the project', of(), 'project.git_url', 'https://github.com/acme/shop'],
  ['the kind of project', of(), 'project.type', 'github'],
  ['the slug', of(), 'project.slug', 'gh/acme/shop'],
  ['no definition', of(), 'definition.id', null],
  ['no name', of(), 'name', null],
  ['the integration', of(), 'integration_source', 'github_app'],
  ['a branch', of(), 'git.branch', 'feature/x'],
  ['no tag on a branch', of(), 'git.tag', null],
  ['a tag', of({ ref: 'refs/tags/v1' }), 'git.tag', 'v1'],
  ['no branch on a tag', of({ ref: 'refs/tags/v1' }), 'git.branch', null],
  ['a fork’s pull request as the original calls it', of({ event: 'pull_request', ref: 'refs/pull/5/head', pullRequest: pull }), 'git.branch', 'pull/5'],
  ['another branch', of(), 'git.branch.is_default', false],
  ['the default branch', of({ ref: 'refs/heads/trunk' }), 'git.branch.is_default', true],
  ['neither on a tag', of({ ref: 'refs/tags/v1' }), 'git.branch.is_default', null],
  ['the commit', of(), 'git.revision', sha],
  ['the commit before', of(), 'git.base_revision', 'b'.repeat(40)],
  ['no commit before a new branch', of({ before: noCommit }), 'git.base_revision', null],
  ['the repository’s page', of(), 'git.repo_url', 'https://github.com/acme/shop'],
  ['its owner', of(), 'git.repo_owner', 'acme'],
  ['its name', of(), 'git.repo_name', 'shop'],
  ['its id', of(), 'git.repo_id', '7'],
  ['the commit’s page', of(), 'git.commit.url', `https://github.com/acme/shop/commit/${sha}`],
  ['its subject', of(), 'git.commit.subject', 'Mend it'],
  ['its body', of(), 'git.commit.body', 'Because it was broken.'],
  ['its author', of(), 'git.commit.author_login', 'grace'],
  ['the config’s repository', of(), 'config.repository.name', 'shop'],
  ['its page', of(), 'config.repository.url', 'https://github.com/acme/shop'],
  ['the config’s path', of(), 'config.file_path', '.circleci/config.yml'],
  ['the config’s ref', of(), 'config.ref', 'refs/heads/feature/x'],
  ['the config’s commit', of(), 'config.sha', sha],
  ['when it came', of(), 'trigger.received_at', '2026-01-02T03:04:05Z'],
  ['the delivery', of(), 'trigger.id', 'd-1'],
  ['the kind of trigger', of(), 'trigger.type', 'github_app'],
  ['the legacy source', of(), 'trigger_source', 'webhook'],
  ['no schedule', of(), 'schedule.name', null],
  ['no schedule’s id', of(), 'schedule.id', null],
  ['a push', of(), 'event.name', 'push'],
  ['a rerun is as its push', of({ event: 'rerun' }), 'event.name', 'push'],
  ['a work tree is as a push of it', of({ event: 'local' }), 'event.name', 'push'],
  ['a pull request', of({ event: 'pull_request', pullRequest: pull }), 'event.name', 'pull_request'],
  ['a rerun of what an operator asked for', of({ event: 'rerun', origin: 'api' }), 'event.name', 'api'],
  ['from the command line', of({ event: 'api' }), 'trigger_source', 'api'],
  ['from the command line', of({ event: 'api' }), 'event.name', 'api'],
  ['nothing was pushed for it', of({ event: 'api' }), 'event.github.after', null],
  ['by a schedule', of({ event: 'schedule', schedule: { name: 'nightly', workflow: null } }), 'trigger_source', 'scheduled_pipeline'],
  ['by a schedule', of({ event: 'schedule', schedule: { name: 'nightly', workflow: null } }), 'event.name', 'schedule'],
  ['by a schedule', of({ event: 'schedule', schedule: { name: 'nightly', workflow: null } }), 'trigger.type', 'schedule'],
  ['the schedule', of({ event: 'schedule', schedule: { name: 'nightly', workflow: null } }), 'schedule.name', 'nightly'],
  ['the schedule of a pipeline that runs again', of({ event: 'rerun', origin: 'schedule', schedule: { name: 'nightly', workflow: 'nightly' } }), 'schedule.name', 'nightly'],
  ['by a token', of({ event: 'webhook' }), 'event.name', 'custom_webhook'],
  ['by a token', of({ event: 'webhook' }), 'trigger_source', 'webhook'],
  ['no action', of(), 'event.action', null],
  ['the pushed commit', of(), 'event.github.after', sha],
  ['the pushed ref', of(), 'event.github.ref', 'refs/heads/feature/x'],
  ['who pushed', of(), 'event.github.sender.login', 'ada'],
  ['where to', of(), 'event.github.repository.full_name', 'acme/shop'],
  ['no pull request', of(), 'event.github.pull_request.number', null],
  ['the pull request', of({ pullRequest: pull }), 'event.github.pull_request.number', 5],
  ['its target', of({ pullRequest: pull }), 'event.github.pull_request.base.ref', 'trunk'],
  ['its commit', of({ pullRequest: pull }), 'event.github.pull_request.head.sha', sha],
  ['its page', of({ pullRequest: pull }), 'event.context.github.pr_url', 'https://github.com/acme/shop/pull/5'],
  ['the page of the branch’s pull request', of({}, { pullRequestUrls: ['https://github.com/acme/shop/pull/6'] }), 'event.context.github.pr_url', 'https://github.com/acme/shop/pull/6'],
  ['what GitHub says of a fork’s', of({ pullRequest: pull }, { pullRequest: asked }), 'event.github.pull_request.title', asked.title],
  ['what GitHub says of a fork’s', of({ pullRequest: pull }, { pullRequest: asked }), 'event.github.pull_request.head.ref', 'patch'],
  ['the base that it has now', of({ pullRequest: pull }, { pullRequest: { ...asked, baseRef: 'next' } }), 'event.github.pull_request.base.ref', 'next'],
  ['the base of the webhook', of({ pullRequest: { ...pull, baseSha: 'd'.repeat(40) } }), 'event.github.pull_request.base.sha', 'd'.repeat(40)],
  ['the branch’s only one', of({}, { pullRequest: asked }), 'event.github.pull_request.number', 5],
  ['its page', of({}, { pullRequest: asked }), 'event.github.pull_request.url', asked.url],
  ['a draft', of({}, { pullRequest: asked }), 'event.github.pull_request.draft', true],
  ['not merged', of({}, { pullRequest: asked }), 'event.github.pull_request.merged', false],
  ['its target’s commit', of({}, { pullRequest: asked }), 'event.github.pull_request.base.sha', 'c'.repeat(40)],
  ['its commit is the one that is built', of({}, { pullRequest: asked }), 'event.github.pull_request.head.sha', sha],
  ['no pull request, no draft', of(), 'event.github.pull_request.draft', null],
  ['a deprecated name', of(), 'trigger_parameters.github_app.checkout_sha', sha],
  ['nothing deployed', of(), 'deploy.target_version', null],
  ['without a pipeline: the id of the original’s command line', sampleValues(), 'id', '00000000-0000-0000-0000-000000000001'],
  ['without a pipeline: number 1', sampleValues(), 'number', 1],
  ['without a pipeline: main', sampleValues(), 'git.branch', 'main'],
  ['without a pipeline: the default branch', sampleValues(), 'git.branch.is_default', true],
  ['without a pipeline: a branch that was asked for', sampleValues({ branch: 'x' }), 'git.branch', 'x'],
  ['without a pipeline: a tag that was asked for', sampleValues({ tag: 'v2' }), 'git.tag', 'v2'],
  ['without a pipeline: a tag has no branch', sampleValues({ tag: 'v2' }), 'git.branch', null],
];
for (const [what, values, name, value] of rows) {
  test(`2.1 §17 pipeline.${name}: ${what}`, () => {
    assert.ok(Object.hasOwn(values, name), 'the name exists');
    assert.equal(values[name], value);
  });
}

test('2.1 §17 a sample has the names of a pipeline, and no other', () => assert.deepEqual(Object.keys(sampleValues()), Object.keys(of())));

test('2.1 §17 the title of a pull request is a text, whatever stands in it', () => {
  const job = (name: string, condition: string): string => `  ${name}:\n    when: ${condition}\n    jobs: [build]\n`;
  const config = `version: 2.1
jobs:
  build:
    docker: [{image: x}]
    environment: {TITLE: << pipeline.event.github.pull_request.title >>}
    steps: [{run: 'true'}]
workflows:
${job('same', "{equal: [<< pipeline.event.github.pull_request.title >>, '<< pipeline.event.github.pull_request.title >>']}")}${job('draft', '<< pipeline.event.github.pull_request.draft >>')}${job('expression', 'pipeline.event.github.pull_request.title == "12"')}`;
  const compiled = compileConfig(config, { path: '.circle.yml', values: of({}, { pullRequest: asked }), parameters: {}, orbs: new Map() });
  assert.ok(!('errors' in compiled), JSON.stringify(compiled));
  assert.deepEqual(compiled.plan.workflows.map(({ name }) => name), ['same', 'draft']);
  const [build, ...more] = Object.values(compiled.plan.jobs);
  assert.deepEqual([build!.environment, build!.steps.length, more.length], [{ TITLE: asked.title }, 1, 0]);
});
