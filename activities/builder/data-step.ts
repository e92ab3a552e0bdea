// What does a step have that moves bytes between its sandbox and the builder, instead of running a command?

import type { SliceKey } from '../../config-schema/address.ts';
import type { StepResult } from '../../config-schema/outcome.ts';
import type { PlanStep } from '../../config-schema/plan.ts';
import type { TrustLevel } from '../../config-schema/trigger.ts';
import type { Questions, RunningTool } from '../../sandbox-agent/client.ts';
import type { MountAnswer, MountSpec, ToolSpec } from '../../sandbox-agent/protocol.ts';
import type { StepPlace } from './environment.ts';

const kinds = ['save_cache', 'restore_cache', 'store_artifacts', 'store_test_results', 'persist_to_workspace', 'attach_workspace'] as const;

export type DataStepKind = (typeof kinds)[number];
export type DataStep = Extract<PlanStep, { kind: DataStepKind }>;

export const isDataStep = (step: PlanStep): step is DataStep => (kinds as readonly string[]).includes(step.kind);

/**
 * One run of a data step. It may be run again from its beginning: the builder's process may be killed at any moment, and what was stored
 * by then is stored again under the same keys. Everything rejects when `signal` is aborted, or when the sandbox is gone.
 */
export type DataRun = {
  place: StepPlace;
  slice: SliceKey;
  attempt: number;
  trust: TrustLevel;
  /** The step's place in the job. */
  index: number;
  /** As a command in this place would have it, values of contexts included. */
  environment: Readonly<Record<string, string>>;
  /** The user of the steps; undefined: root. */
  user: string | undefined;
  signal: AbortSignal;
  sandbox: DataSandbox;
  /** A line for the step's log; masked. */
  say(line: string): Promise<void>;
  /** Throws Fenced once a later attempt of the slice has begun: before each write to the store that others read. */
  checkFence(): Promise<void>;
};

/** Programs run as the user of the steps unless `user` says otherwise; `cwd` is the job's working directory unless said. */
export type DataSandbox = {
  tool(spec: Pick<ToolSpec, 'program' | 'args' | 'stream'> & { cwd?: string; user?: string }): Promise<RunningTool>;
  /** Asks the helper in the sandbox. The answer is the sandbox's word, and may be a lie: check what you use of it. */
  ask<Q extends keyof Questions>(question: Q, input: Parameters<Questions[Q]>[0]): Promise<Awaited<ReturnType<Questions[Q]>>>;
  mount(spec: MountSpec): Promise<MountAnswer>;
};

/** `reason` is a sentence for the user. Failures of our own are thrown. */
export type DataEnd = { outcome: 'passed' | 'failed'; reason?: string } & Pick<StepResult, 'tests' | 'artifacts' | 'note'>;

export type DataSteps = { [K in DataStepKind]: (run: DataRun, step: Extract<DataStep, { kind: K }>) => Promise<DataEnd> };

/** An answer of a helper is small; a sandbox must not make us hold more. */
const mostAnswerBytes = 64 * 1024 * 1024;

/** The user's files are too much for it, or the sandbox has run out of something. */
export class HelperFailed extends Error {
  override name = 'HelperFailed';
}

/** What the program printed, whole. Throws HelperFailed when it failed. */
export async function answerOf({ stream, ended }: RunningTool, input: unknown): Promise<unknown> {
  stream.end(JSON.stringify(input));
  const parts: Buffer[] = [];
  let length = 0;
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    parts.push(bytes);
    length += bytes.length;
    if (length > mostAnswerBytes) throw new Error('the helper in the sandbox does not stop answering');
  }
  const { exitCode, signal, errors } = await ended;
  if (exitCode !== 0) throw new HelperFailed(`the helper in the sandbox ended with ${exitCode ?? signal}: ${errors}`);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}
