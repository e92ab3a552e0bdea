// The control activities: everything that needs the forge, the keys or the history.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { planKey, stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import type { OrbSources, PipelineValues } from '../../config-schema/language/processed.ts';
import { checkConclusion } from '../../config-schema/outcome.ts';
import type { Diagnostic, Plan } from '../../config-schema/plan.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import { buildLine, historyKey, repositoryHistoryKey, summaryKey, type JobView } from '../../config-schema/view.ts';
import { beginAttempt } from '../fence.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import type { Check, ChecksReport, ControlActivities, Limits, PipelineRecord } from './activities.ts';
import { checkOutput, configErrorOutput, forkOutput, jobReport, type JobReport } from './check-output.ts';
import { checkoutAccess, repositoriesAt, type CodeAccess } from './code-access.ts';
import { NoDeployKey } from './deploy-keys.ts';
import { ForgeUnavailable, type CheckRun, type Forge } from './forge.ts';
import type { JobValues } from './job-values.ts';
import { load } from './load.ts';
import { failedTests, keepTimings } from './test-reports.ts';
import type { OrbPorts } from './pipeline-orbs.ts';

export type ControlPorts = {
  forge: Forge;
  store: ObjectStore;
  /** Of what compiles, `notYet` is what this version cannot run. */
  compile: (text: string, options: { path: string; values: PipelineValues; orbs: OrbSources }) => { plan: Plan; notYet: Diagnostic[] } | { errors: Diagnostic[] };
  orbs: Pick<OrbPorts, 'orbReferences' | 'resolveOrbs'>;
  /** Which class a job runs in, and a line for the check when that is not the one it names. */
  resourceClass: (asked: string | null) => Promise<{ name: string; note?: string }>;
  /** Why a slice of this class waits; null when a builder offers it. */
  explainWait: (resourceClass: string) => Promise<string | null>;
  /** When the builder last said something, ISO 8601; null when it never did. */
  builderSeenAt: (builder: string) => Promise<string | null>;
  /** Encrypts for the builder with this public key. */
  seal: (value: unknown, builderKey: Record<string, unknown>) => Promise<string>;
  /** What jobs get of secrets, contexts, variables and keys. */
  values: JobValues;
  /** What a pull request changes about the files of committed secrets, in sentences. */
  secretChanges: (repositoryId: number, before: Record<string, string>, after: Record<string, string>) => Promise<string[]>;
  code: CodeAccess;
  isPipelineOpen: (repositoryId: number, number: number) => Promise<boolean>;
  /** How many pipelines of one repository may run at once; 0: any number. */
  pipelinesAtOnce: number;
  redeliverFailed: () => Promise<number>;
  /** The last lines of a step's log. */
  lastLines: (stepLogKey: string, lines: number) => Promise<string[]>;
  configPaths: readonly string[];
  limits: Limits;
  publicUrl: string;
};

const tailLines = 40;
/** About an hour of tries. A repository that is gone for good, and of whose end we never heard, must not hold a pipeline for ever. */
const mostRefusals = 64;
/** About a minute of tries. A vault whose key is lost opens at none of them, and the job shall say so. */
const mostOpenings = 7;
export function controlActivities(ports: ControlPorts): ControlActivities {
  const { forge, store } = ports;
  return {
    async nextPipelineNumber(repositoryId) {
      for await (const { key } of store.list(`repositories/${repositoryId}/history/`, { limit: 1 })) {
        const newest = await getJson<{ number: number }>(store, key);
        if (newest) return newest.number + 1;
      }
      return 1;
    },

    async stillOpen({ repositoryId, numbers }) {
      const open: number[] = [];
      for (const number of numbers) if (await ports.isPipelineOpen(repositoryId, number)) open.push(number);
      return { open, pipelinesAtOnce: ports.pipelinesAtOnce };
    },

    load: (input) => asking(() => load(ports, input)),

    async report(report) {
      const ids: (number | string)[] = [];
      for (const { id, check } of report.checks) {
        const run = await checkRun(ports, report, check, id);
        ids.push((await asking(() => forge.report(report.repository, run), mostRefusals)).id);
      }
      return { ids };
    },

    loadContinuation: () => Promise.resolve(null),
    joinSerialGroup: () => Promise.resolve(),
    leaveSerialGroup: () => Promise.resolve(),

    beginAttempt: ({ slice, attempt }) => beginAttempt(store, slice, attempt),

    admitJob: (key) => asking(async () => ports.values.refusal(await recordOf(store, key), key), mostOpenings),

    sealValues: ({ slice, builderKey }) =>
      asking(async () => {
        const values = await ports.values.values(await recordOf(store, slice), slice);
        return 'outcome' in values ? values : { sealed: await ports.seal(values, builderKey) };
      }, mostOpenings),

    sealCredential: ({ repository, builderKey, slice, step }) =>
      asking(async () => {
        const further = slice === undefined || step === undefined ? [] : repositoriesAt(await recordOf(store, slice), slice, step);
        return ports.seal(await checkoutAccess(ports.code, repository, further), builderKey);
      }),

    credentialRefused: ({ repository }) => asking(() => ports.code.refused(repository)),

    explainWait: ({ resourceClass }) => ports.explainWait(resourceClass),

    async builderIsBack({ builder, withinSeconds }) {
      const asked = Date.now();
      while (Date.now() - asked < withinSeconds * 1000) {
        const seenAt = await ports.builderSeenAt(builder);
        if (seenAt !== null && Date.parse(seenAt) >= asked) return true;
        await sleep(200);
      }
      return false;
    },

    redeliverFailed: () => ports.redeliverFailed(),

    async finish(view) {
      const { repository, number } = view;
      const line = buildLine(view);
      await keepTimings(store, view);
      await putJson(store, summaryKey(repository.id, number), view);
      await putJson(store, repositoryHistoryKey(repository.id, number), line);
      await putJson(store, historyKey(view.endedAt!, repository.id, number), line);
    },
  };
}

async function recordOf(store: ObjectStore, { repositoryId, pipeline }: Pick<SliceKey, 'repositoryId' | 'pipeline'>): Promise<PipelineRecord> {
  const record = await getJson<PipelineRecord>(store, planKey(repositoryId, pipeline));
  if (!record) throw new Error(`the object store lacks ${planKey(repositoryId, pipeline)}`);
  return record;
}

async function checkRun(ports: ControlPorts, { repository, sha, pipeline }: ChecksReport, check: Check, id?: number | string): Promise<CheckRun> {
  const address = [repository.owner, repository.name, pipeline].map(String).map(encodeURIComponent).join('/');
  const known = { sha, ...(id !== undefined && { id }) };
  if (check.kind === 'config-errors') {
    const now = new Date().toISOString();
    return {
      ...known,
      externalId: `${repository.id}/${pipeline}/config`,
      name: 'Roundhouse config',
      detailsUrl: `${ports.publicUrl}/${address}`,
      status: 'completed',
      startedAt: now,
      completedAt: now,
      conclusion: 'failure',
      output: configErrorOutput(check.path, check.errors, check.because),
    };
  }
  if (check.kind === 'fork') {
    return {
      ...known,
      externalId: `${repository.id}/${pipeline}/fork`,
      name: 'Roundhouse: build this fork',
      detailsUrl: `${ports.publicUrl}/${address}`,
      status: 'completed',
      conclusion: check.outcome === null ? 'action_required' : checkConclusion(check.outcome),
      completedAt: new Date().toISOString(),
      output: forkOutput(check.wouldRun, check.outcome, check.reason),
    };
  }
  const { job, workflow, name } = check;
  const detailsUrl = `${ports.publicUrl}/${address}/${encodeURIComponent(workflow)}/${encodeURIComponent(job.name)}`;
  const failing = job.outcome === null ? [] : await failedTests(ports.store, { repositoryId: repository.id, pipeline, workflow, job: job.name }, job);
  const failingTail = job.outcome === null ? undefined : await tailOfFailure(ports, repository, pipeline, workflow, job);
  return {
    ...known,
    externalId: `${repository.id}/${pipeline}/${workflow}/${job.name}`,
    name,
    detailsUrl,
    ...(job.startedAt !== null && { startedAt: job.startedAt }),
    ...(job.outcome === null && job.type === 'approval' && job.reason !== undefined
      ? { status: 'completed' as const, conclusion: 'action_required' as const, completedAt: new Date().toISOString() }
      : job.outcome === null
      ? { status: job.state === 'running' ? ('in_progress' as const) : ('queued' as const) }
      : { status: 'completed' as const, conclusion: checkConclusion(job.outcome), completedAt: job.endedAt! }),
    output: checkOutput(jobReport(job, { detailsUrl, notes: check.notes, failedTests: failing, ...(failingTail && { failingTail }) })),
  };
}

async function tailOfFailure(ports: ControlPorts, repository: Repository, pipeline: number, workflow: string, job: JobView): Promise<JobReport['failingTail']> {
  for (const slice of job.slices) {
    const step = slice.steps.findIndex(({ result }) => result !== null && result.outcome !== 'passed' && result.outcome !== 'skipped');
    if (step < 0) continue;
    const key: SliceKey = { repositoryId: repository.id, pipeline, workflow, job: job.name, slice: slice.index };
    const lines = await ports.lastLines(stepLogKey(key, slice.attempt, step), tailLines);
    return { slice: slice.index, step: slice.steps[step]!.name, lines };
  }
  return undefined;
}

/** Temporal tries again when the forge says it may, and after other failures `mostTries` times. */
async function asking<T>(work: () => Promise<T>, mostTries = Infinity): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ForgeUnavailable)) {
      if (!(error instanceof NoDeployKey) && Context.current().info.attempt < mostTries) throw error;
      throw ApplicationFailure.create({ message: error instanceof Error ? error.message : String(error), nonRetryable: true, ...(error instanceof Error && { cause: error }) });
    }
    throw ApplicationFailure.create({
      type: 'ForgeUnavailable',
      message: error.message,
      cause: error,
      ...(error.retryAfterSeconds !== null && { nextRetryDelay: `${error.retryAfterSeconds}s` }),
    });
  }
}
