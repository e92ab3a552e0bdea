// Which environment does a step of a job see?

import { branchOf, isFork, tagOf, type Trigger } from '../../config-schema/trigger.ts';
import type { PlanJob, PlanStep } from '../../config-schema/plan.ts';

export type StepPlace = {
  trigger: Trigger;
  pipeline: number;
  workflow: string;
  job: PlanJob;
  jobName: string;
  slice: number;
  sliceTotal: number;
  publicUrl: string;
};

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** CircleCI's precedence: the step's own environment over the job's over the built-in names. */
export function stepEnvironment(place: StepPlace, step: PlanStep): Record<string, string> {
  return {
    PATH: defaultPath,
    LANG: 'C.UTF-8',
    ...builtIn(place),
    ...place.job.environment,
    ...(step.kind === 'run' && step.environment),
  };
}

/** The names of CircleCI's manual ("Built-in environment variables"), as far as their values exist here. */
export function builtIn({ trigger, pipeline, workflow, job, jobName, slice, sliceTotal, publicUrl }: StepPlace): Record<string, string> {
  const { repository, ref, sha, sender, pullRequest } = trigger;
  const branch = branchOf(ref);
  const tag = tagOf(ref);
  const path = [repository.owner, repository.name, pipeline, workflow, jobName].map((part) => encodeURIComponent(part)).join('/');
  return {
    CI: 'true',
    CIRCLECI: 'true',
    ROUNDHOUSE: 'true',
    BASH_ENV: '/tmp/.bash_env',
    ...(branch !== null && { CIRCLE_BRANCH: branch }),
    ...(tag !== null && { CIRCLE_TAG: tag }),
    CIRCLE_SHA1: sha,
    CIRCLE_BUILD_NUM: String(pipeline),
    CIRCLE_BUILD_URL: `${publicUrl}/${path}`,
    CIRCLE_JOB: jobName,
    CIRCLE_NODE_INDEX: String(slice),
    CIRCLE_NODE_TOTAL: String(sliceTotal),
    CIRCLE_PIPELINE_ID: `${repository.id}-${pipeline}`,
    CIRCLE_PROJECT_ID: String(repository.id),
    CIRCLE_PROJECT_REPONAME: repository.name,
    CIRCLE_PROJECT_USERNAME: repository.owner,
    CIRCLE_REPOSITORY_URL: `git@github.com:${repository.owner}/${repository.name}.git`,
    CIRCLE_USERNAME: sender.login,
    CIRCLE_WORKFLOW_ID: `${repository.id}-${pipeline}-${workflow}`,
    CIRCLE_WORKING_DIRECTORY: job.workingDirectory,
    ...(pullRequest && { CIRCLE_PULL_REQUEST: pullRequest.url, CIRCLE_PULL_REQUESTS: pullRequest.url }),
    ...(pullRequest &&
      isFork(trigger) && {
        CIRCLE_PR_NUMBER: String(pullRequest.number),
        CIRCLE_PR_USERNAME: pullRequest.headOwner,
        CIRCLE_PR_REPONAME: pullRequest.headName,
      }),
  };
}
