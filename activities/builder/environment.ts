// Which environment does a step of a job see?

import { builtBranch } from '../../config-schema/pipeline-values.ts';
import type { PlanJob, PlanStep } from '../../config-schema/plan.ts';
import { isFork, noCommit, tagOf, type Trigger } from '../../config-schema/trigger.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import type { StepValues } from '../control/job-values.ts';
import { uuidOf } from '../uuid.ts';
import { dockerEnvironment } from './docker-engine.ts';

export type StepPlace = {
  trigger: Trigger;
  pipeline: number;
  workflow: string;
  job: PlanJob;
  jobName: string;
  slice: number;
  sliceTotal: number;
  publicUrl: string;
  /** The repository's page. */
  repositoryUrl: string;
  /** Pages of the open pull requests of the branch. */
  pullRequestUrls: readonly string[];
  /** The account that the repository belongs to, by its numeric id; absent in a record of 0.1.0. */
  organizationId?: number;
  /** Of a job that may hand in the config with which the pipeline goes on. */
  continuationKey?: string;
};

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the job has beside its config. */
export type Given = {
  values: StepValues;
  /** An `add_ssh_keys` step ran. */
  hasSshAgent: boolean;
  /** What the primary's image sets for each process. */
  imageEnvironment?: Record<string, string>;
};

export const nothingGiven: Given = { values: { variables: {}, secrets: {}, sshKeys: [] }, hasSshAgent: false };

/**
 * CircleCI's precedence: the step's own environment over the job's, over that of the image's entry, over the built-in names, over
 * contexts and project variables, over what the image sets itself. Committed secrets, which the original does not have, go over the
 * job's: they were named. Whatever PATH is, our commands come at its end.
 */
export function stepEnvironment(place: StepPlace, step: PlanStep, { values, hasSshAgent, imageEnvironment }: Given = nothingGiven): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: defaultPath,
    LANG: 'C.UTF-8',
    ...imageEnvironment,
    ...values.variables,
    ...builtIn(place),
    ...(hasSshAgent && { SSH_AUTH_SOCK: paths.sshAgentSocket }),
    ...dockerEnvironment(place.job, step),
    ...(place.job.executor.kind === 'docker' && place.job.executor.environment),
    ...place.job.environment,
    ...secretsFor(place.job, step, values),
    ...(step.kind === 'run' && step.environment),
  };
  return { ...environment, PATH: [environment['PATH'], paths.bin].filter(Boolean).join(':') };
}

/** The job's go to each of its commands, a step's to it alone. */
function secretsFor({ secrets }: PlanJob, step: PlanStep, values: StepValues): Record<string, string> {
  const names = step.kind === 'run' ? [...secrets, ...step.secrets] : [];
  return Object.fromEntries(names.flatMap((name) => (values.secrets[name] === undefined ? [] : [[name, values.secrets[name]]])));
}

/** The names of CircleCI's manual ("Built-in environment variables"), as far as their values exist here. */
export function builtIn({ trigger, pipeline, workflow, job, jobName, slice, sliceTotal, publicUrl, repositoryUrl, pullRequestUrls, organizationId, continuationKey }: StepPlace): Record<string, string> {
  const { repository, ref, sha, sender, pullRequest } = trigger;
  const branch = builtBranch(trigger);
  const tag = tagOf(ref);
  const workflowId = uuidOf('workflow', repository.id, pipeline, workflow);
  const pulls = [...new Set([...(pullRequest ? [pullRequest.url] : []), ...pullRequestUrls])];
  const path = [repository.owner, repository.name, pipeline, workflow, jobName].map((part) => encodeURIComponent(part)).join('/');
  return {
    CI: 'true',
    CIRCLECI: 'true',
    ROUNDHOUSE: 'true',
    // bash reads it before each step: what one step appends, the next ones have.
    BASH_ENV: paths.bashEnv,
    CIRCLE_SHELL_ENV: paths.bashEnv,
    CIRCLE_INTERNAL_TASK_DATA: paths.taskData,
    ...(branch !== null && { CIRCLE_BRANCH: branch }),
    ...(tag !== null && { CIRCLE_TAG: tag }),
    CIRCLE_SHA1: sha,
    CIRCLE_BUILD_NUM: String(pipeline),
    CIRCLE_BUILD_URL: `${publicUrl}/${path}`,
    CIRCLE_JOB: jobName,
    CIRCLE_STAGE: jobName,
    CIRCLE_NODE_INDEX: String(slice),
    CIRCLE_NODE_TOTAL: String(sliceTotal),
    ...(organizationId !== undefined && { CIRCLE_ORGANIZATION_ID: uuidOf('organization', organizationId) }),
    ...(continuationKey !== undefined && { CIRCLE_CONTINUATION_KEY: continuationKey }),
    CIRCLE_PIPELINE_ID: uuidOf('pipeline', repository.id, pipeline),
    CIRCLE_PROJECT_ID: uuidOf('project', repository.id),
    CIRCLE_PROJECT_REPONAME: repository.name,
    CIRCLE_PROJECT_USERNAME: repository.owner,
    CIRCLE_REPOSITORY_URL: `git@${new URL(repositoryUrl).hostname}:${repository.owner}/${repository.name}.git`,
    CIRCLE_USERNAME: sender.login,
    CIRCLE_WORKFLOW_ID: workflowId,
    CIRCLE_WORKFLOW_JOB_ID: uuidOf('job', repository.id, pipeline, workflow, jobName),
    CIRCLE_WORKFLOW_WORKSPACE_ID: workflowId,
    CIRCLE_WORKING_DIRECTORY: job.workingDirectory,
    ...(trigger.before !== noCommit && trigger.before !== '' && { CIRCLE_COMPARE_URL: `${repositoryUrl}/compare/${trigger.before.slice(0, 12)}...${sha.slice(0, 12)}` }),
    ...(pulls[0] !== undefined && { CIRCLE_PULL_REQUEST: pulls[0], CIRCLE_PULL_REQUESTS: pulls.join(','), CI_PULL_REQUEST: pulls[0], CI_PULL_REQUESTS: pulls.join(',') }),
    ...(pullRequest &&
      isFork(trigger) && {
        CIRCLE_PR_NUMBER: String(pullRequest.number),
        CIRCLE_PR_USERNAME: pullRequest.headOwner,
        CIRCLE_PR_REPONAME: pullRequest.headName,
      }),
  };
}
