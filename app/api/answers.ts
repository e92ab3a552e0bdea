// How do a pipeline, its workflows, jobs, tests and artifacts look to a program? The field names are those of CircleCI's API where it has them.

import * as z from 'zod';
import { builtBranch } from '../../config-schema/pipeline-values.ts';
import { outcomes } from '../../config-schema/outcome.ts';
import { jobState, jobStates, pipelineState, pipelineStates, workflowState, workflowStates } from '../../config-schema/states.ts';
import { tagOf } from '../../config-schema/trigger.ts';
import type { BuildLine, JobView, PipelineView, WorkflowView } from '../../config-schema/view.ts';
import type { ShownArtifact } from '../page/artifacts/artifacts.ts';
import { artifactPath, jobPath, pipelinePath, stepPath, type JobPlace } from '../page/address.ts';
import type { FoundTest } from '../page/pipelines/tests.ts';

/** See activities/uuid.ts. */
export type UuidOf = (kind: 'project' | 'pipeline' | 'workflow' | 'job' | 'continuation', ...names: (string | number)[]) => string;

/** What an answer needs besides its subject. */
export type Around = { uuidOf: UuidOf; /** Of GitHub. */ host: string; publicUrl: string };

const time = z.iso.datetime({ offset: true });
const id = z.uuid();
const named = <T extends z.ZodType>(name: string, schema: T): T => schema.meta({ id: name });

export const pageOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), next_page_token: z.string().nullable().describe('Give it back as `page-token` for what follows; null: there is no more.') });

export const messageAnswer = named('Message', z.strictObject({ message: z.string() }));

export const meAnswer = named('Me', z.strictObject({ id: z.string().describe('GitHub’s number.'), login: z.string(), name: z.string() }));

export const pipelineAnswer = named(
  'Pipeline',
  z.strictObject({
    id,
    number: z.int(),
    project_slug: z.string(),
    state: z.enum(pipelineStates).describe('`created`: its workflows say how it stands. `errored`: its config cannot run.'),
    outcome: z.enum(outcomes).nullable().describe('Roundhouse’s own word for how all of it ended; null until then.'),
    reason: z.string().optional().describe('Why nothing ran, what broke, or for what it waits.'),
    errors: z.array(z.strictObject({ type: z.enum(['config', 'other']), message: z.string() })),
    created_at: time,
    updated_at: time,
    ended_at: time.nullable(),
    trigger: z.strictObject({
      type: z.enum(['webhook', 'api', 'schedule', 'explicit']),
      event: z.string().describe('Roundhouse’s own word.'),
      received_at: time,
      actor: z.strictObject({ login: z.string(), avatar_url: z.string().nullable() }),
    }),
    vcs: z.strictObject({
      provider_name: z.literal('GitHub'),
      origin_repository_url: z.string(),
      target_repository_url: z.string(),
      revision: z.string(),
      branch: z.string().optional(),
      tag: z.string().optional(),
      review_id: z.string().optional().describe('The number of the pull request.'),
      commit: z.strictObject({ subject: z.string() }),
    }),
    url: z.string().describe('Its page.'),
  }),
);

export const workflowAnswer = named(
  'Workflow',
  z.strictObject({ id, name: z.string(), pipeline_id: id, pipeline_number: z.int(), project_slug: z.string(), status: z.enum(workflowStates), created_at: time, stopped_at: time.nullable() }),
);

const jobFields = {
  id,
  name: z.string(),
  type: z.enum(['build', 'approval']),
  status: z.enum(jobStates),
  reason: z.string().optional().describe('Why it ended so, or for what it waits.'),
  project_slug: z.string(),
  dependencies: z.array(id),
  started_at: time.nullable(),
  stopped_at: time.nullable(),
  approval_request_id: id.optional(),
  approved_by: z.string().optional().describe('A login.'),
  web_url: z.string(),
};
export const jobAnswer = named('Job', z.strictObject(jobFields));

export const jobDetailsAnswer = named(
  'JobDetails',
  z.strictObject({
    ...jobFields,
    slices: z.array(
      z.strictObject({
        index: z.int(),
        attempt: z.int(),
        state: z.enum(['waiting', 'running', 'ended']),
        outcome: z.enum(outcomes).nullable(),
        reason: z.string().optional(),
        builder: z.string().nullable(),
        steps: z.array(z.strictObject({ name: z.string(), state: z.enum(['waiting', 'running', 'ended']), outcome: z.enum(outcomes).nullable(), exit_code: z.int().nullable(), log_url: z.string().describe('Its output as text; with `?follow` until it has ended.') })),
      }),
    ),
  }),
);

export const testAnswer = named(
  'Test',
  z.strictObject({ name: z.string(), classname: z.string(), file: z.string().nullable(), result: z.enum(['success', 'failure', 'error', 'skipped']), message: z.string(), run_time: z.number(), source: z.string(), node_index: z.int() }),
);

/** Of what runs again. */
export const againAnswer = z.strictObject({ pipeline_number: z.int().nullable().describe('Where it runs: the same pipeline while that is open, else a new one; null: its number is long in coming.') });

export const artifactAnswer = named('Artifact', z.strictObject({ path: z.string(), node_index: z.int(), url: z.string(), bytes: z.int(), sha256: z.string() }));

const slugOf = ({ owner, name }: { owner: string; name: string }): string => `gh/${owner}/${name}`;
const repositoryUrl = ({ host }: Around, { owner, name }: { owner: string; name: string }): string => `https://${host}/${owner}/${name}`;

export function showPipeline(around: Around, line: BuildLine): z.input<typeof pipelineAnswer> {
  const { ref, number, outcome, reason, startedAt, endedAt, event } = line;
  const [branch, tag, reasonShown] = [builtBranch(line), tagOf(ref), reason ?? line.waitingFor];
  const state = pipelineState(line);
  const url = repositoryUrl(around, line);
  return {
    id: around.uuidOf('pipeline', line.repositoryId, number),
    number,
    project_slug: slugOf(line),
    state,
    outcome,
    ...(reasonShown !== undefined && { reason: reasonShown }),
    errors: state === 'errored' ? [{ type: outcome === 'failed' ? 'config' : 'other', message: reason ?? 'nothing ran' }] : [],
    created_at: startedAt,
    updated_at: endedAt ?? startedAt,
    ended_at: endedAt,
    trigger: { type: triggerTypes[event], event, received_at: startedAt, actor: { login: line.sender, avatar_url: null } },
    vcs: {
      provider_name: 'GitHub',
      origin_repository_url: url,
      target_repository_url: url,
      revision: line.sha,
      ...(branch !== null && { branch }),
      ...(tag !== null && { tag }),
      ...(line.pullRequest !== undefined && { review_id: String(line.pullRequest) }),
      commit: { subject: line.subject },
    },
    url: `${around.publicUrl}${pipelinePath({ ...line, pipeline: number })}`,
  };
}

const triggerTypes: Record<BuildLine['event'], 'webhook' | 'api' | 'schedule' | 'explicit'> = { push: 'webhook', pull_request: 'webhook', webhook: 'webhook', api: 'api', schedule: 'schedule', rerun: 'explicit', local: 'explicit' };

export function showWorkflow({ uuidOf }: Around, { repository, number, startedAt }: PipelineView, workflow: WorkflowView): z.input<typeof workflowAnswer> {
  const ends = workflow.jobs.flatMap(({ endedAt }) => endedAt ?? []).sort();
  return {
    id: uuidOf('workflow', repository.id, number, workflow.name),
    name: workflow.name,
    pipeline_id: uuidOf('pipeline', repository.id, number),
    pipeline_number: number,
    project_slug: slugOf(repository),
    status: workflowState(workflow),
    created_at: startedAt,
    stopped_at: workflow.outcome === null ? null : (ends.at(-1) ?? startedAt),
  };
}

export const showWorkflows = (around: Around, view: PipelineView) => ({ items: view.workflows.map((workflow) => showWorkflow(around, view, workflow)), next_page_token: null });

export function showJob({ uuidOf, publicUrl }: Around, { repository, number }: PipelineView, { name: workflow, jobs }: WorkflowView, job: JobView): z.input<typeof jobAnswer> {
  const idOf = (name: string): string => uuidOf('job', repository.id, number, workflow, name);
  return {
    id: idOf(job.name),
    name: job.name,
    type: job.type === 'approval' ? 'approval' : 'build',
    status: jobState(job, jobs),
    ...(job.reason !== undefined && { reason: job.reason }),
    project_slug: slugOf(repository),
    dependencies: (job.requires ?? []).map(idOf),
    started_at: job.startedAt,
    stopped_at: job.endedAt,
    ...(job.type === 'approval' && { approval_request_id: idOf(job.name) }),
    ...(job.approvedBy !== undefined && { approved_by: job.approvedBy }),
    web_url: `${publicUrl}${jobPath({ ...repository, pipeline: number, workflow, job: job.name })}`,
  };
}

export const showJobs = (around: Around, view: PipelineView, workflow: WorkflowView) => ({ items: workflow.jobs.map((job) => showJob(around, view, workflow, job)), next_page_token: null });

export function showJobDetails(around: Around, view: PipelineView, workflow: WorkflowView, job: JobView): z.input<typeof jobDetailsAnswer> {
  const place = { owner: view.repository.owner, name: view.repository.name, pipeline: view.number, workflow: workflow.name, job: job.name };
  return {
    ...showJob(around, view, workflow, job),
    slices: job.slices.map((slice) => ({
      index: slice.index,
      attempt: slice.attempt,
      state: slice.state,
      outcome: slice.outcome,
      ...(slice.reason !== undefined && { reason: slice.reason }),
      builder: slice.builder,
      steps: slice.steps.map(({ name, state, result }, step) => ({ name, state, outcome: result?.outcome ?? null, exit_code: result?.exitCode ?? null, log_url: `${around.publicUrl}${stepPath({ ...place, slice: slice.index, step })}/log.txt` })),
    })),
  };
}

const results = { passed: 'success', failed: 'failure', error: 'error', skipped: 'skipped' } as const;

export const showTest = ({ name, classname, file, outcome, message, seconds, slice }: FoundTest): z.input<typeof testAnswer> => ({ name, classname: classname ?? '', file, result: results[outcome], message: message ?? '', run_time: seconds ?? 0, source: 'junit', node_index: slice });

export const showArtifact = ({ publicUrl }: Around, place: JobPlace & { slice: number }, { path, bytes, sha256 }: ShownArtifact): z.input<typeof artifactAnswer> => ({ path, node_index: place.slice, url: `${publicUrl}${artifactPath(place, path)}`, bytes, sha256 });
