// The control activities: everything that needs the forge, the keys or the history.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { planKey, type SliceKey } from '../../config-schema/address.ts';
import type { Choices } from '../../config-schema/choices.ts';
import type { Compiled } from '../../config-schema/compile.ts';
import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import type { OrbSources, PipelineValues } from '../../config-schema/language/processed.ts';
import { buildLine, historyKey, repositoryHistoryKey, summaryKey } from '../../config-schema/view.ts';
import { beginAttempt } from '../fence.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import type { ControlActivities, Limits, PipelineRecord } from './activities.ts';
import { checkRun } from './check-run.ts';
import { checkoutAccess, repositoriesAt, type CodeAccess } from './code-access.ts';
import { loadContinuation } from './continuation.ts';
import { NoDeployKey } from './deploy-keys.ts';
import { ForgeUnavailable, type Forge } from './forge.ts';
import type { JobValues } from './job-values.ts';
import { rememberIds } from './ids.ts';
import { load } from './load.ts';
import { fireSchedule, type SchedulePorts } from './schedules.ts';
import { keepTimings } from './test-reports.ts';
import type { OrbPorts } from './pipeline-orbs.ts';

export type ControlPorts = {
  forge: Forge;
  store: ObjectStore;
  /** Of what compiles, `notYet` is what this version cannot run. */
  compile: (text: string, options: { path: string; values: PipelineValues; parameters: Readonly<Record<string, unknown>>; scheduled?: string; orbs: OrbSources; changed?: ChangedPaths }) => Compiled;
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
  serialGroups: Pick<ControlActivities, 'joinSerialGroup' | 'leaveSerialGroup'>;
  /** What holds for the repository now. */
  choices: (repositoryId: number) => Promise<Choices>;
  redeliverFailed: () => Promise<number>;
  startMissed: () => Promise<number>;
  /** Absent where nothing runs by the clock. */
  clock?: SchedulePorts;
  /** The last lines of a step's log. */
  lastLines: (stepLogKey: string, lines: number) => Promise<string[]>;
  configPaths: readonly string[];
  limits: Limits;
  publicUrl: string;
};

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
      return { open, pipelinesAtOnce: (await ports.choices(repositoryId)).pipelinesAtOnce };
    },

    load: (input) => asking(() => load(ports, input)),

    async report(report) {
      const checks = await Promise.all(report.checks.map(({ id, check }) => checkRun(ports, report, check, id)));
      const { info, log } = Context.current();
      const reported = await asking(() => forge.report(report.repository, checks, info.attempt > 1), mostRefusals);
      for (const [index, each] of reported.entries()) if ('refused' in each) log.warn('the forge refused a check', { check: checks[index]!.name, why: each.refused });
      return { ids: reported.map((each) => ('id' in each ? each.id : null)) };
    },

    loadContinuation: (input) => asking(() => loadContinuation(ports, input)),
    ...ports.serialGroups,

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

    startMissed: () => ports.startMissed(),

    fireSchedule: (input) =>
      asking(async () => {
        if (!ports.clock) throw new Error('nothing runs by the clock here');
        return fireSchedule({ ...ports.clock, store }, input);
      }),

    async finish(view) {
      const { repository, number } = view;
      const line = buildLine(view);
      await keepTimings(store, view);
      await rememberIds(store, view);
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
