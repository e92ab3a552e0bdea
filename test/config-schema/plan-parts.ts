// Parts of a Plan with every default filled, for tests that need one or two things of it.

import type { CheckoutStep, DockerExecutor, PlanJob, PlanWorkflow, RunStep, WorkflowJob } from '../../config-schema/plan.ts';

export const runStep = (change: Partial<RunStep> = {}): RunStep => ({
  kind: 'run',
  name: 'Test',
  when: 'on_success',
  command: 'make test',
  shell: null,
  environment: {},
  workingDirectory: '.',
  background: false,
  noOutputTimeoutSeconds: 600,
  maxAutoReruns: 0,
  autoRerunDelaySeconds: 0,
  secrets: [],
  deploy: false,
  ...change,
});

export const checkoutStep: CheckoutStep = { kind: 'checkout', name: 'Checkout code', when: 'on_success', path: '.', method: 'blobless', depth: null, repositories: [] };

export const dockerImage = (image: string): DockerExecutor => ({ kind: 'docker', image, name: null, entrypoint: null, command: null, user: null, environment: {}, auth: null, sidecars: [] });

export const planJob = (change: Partial<PlanJob> = {}): PlanJob => ({
  name: 'test',
  unsupported: null,
  executor: dockerImage('debian:bookworm'),
  environment: {},
  workingDirectory: '~/project',
  parallelism: 1,
  resourceClass: null,
  timeoutSeconds: 3600,
  cacheRetentionDays: null,
  ipRanges: false,
  secrets: [],
  noRetry: false,
  egress: null,
  steps: [runStep()],
  ...change,
});

/** The image that the steps of a job run in. */
export function imageOf({ executor }: PlanJob): string {
  if (executor.kind !== 'docker') throw new Error(`the job runs on ${executor.kind}`);
  return executor.image;
}

export const workflowJob = (name: string, requires: WorkflowJob['requires'] = []): WorkflowJob => ({ name, type: 'build', job: name, requires, contexts: [], serialGroup: null, key: null, planName: null });

export const workflowOf = (name: string, jobs: WorkflowJob[]): PlanWorkflow => ({ name, maxAutoReruns: 0, autoCancel: true, jobs });
