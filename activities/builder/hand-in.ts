// How does the config that a job hands in get from its sandbox to the object store? Once for each pipeline.

import { isDeepStrictEqual } from 'node:util';
import { planKey, type SliceKey } from '../../config-schema/address.ts';
import { continuationKey, faultOfContinuation, type Continuation, type StoredContinuation } from '../../config-schema/continuation.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import type { PipelineRecord } from '../control/activities.ts';
import { checkFence } from '../fence.ts';
import { getJson, ObjectExists, putJson, type ObjectStore } from '../object-store.ts';
import { uuidOf } from '../uuid.ts';
import { answerOf, HelperFailed } from './data-step.ts';
import type { Live } from './live.ts';
import { untilStored } from './until-stored.ts';

/** Whether jobs of this workflow may: it is of a setup config, and not of one with which a pipeline went on. */
export const mayContinue = ({ plan, continuation }: Pick<PipelineRecord, 'plan' | 'continuation'>, workflow: string): boolean =>
  plan.setup && (continuation?.setup ?? plan).workflows.some(({ name }) => name === workflow);

/** What `CIRCLE_CONTINUATION_KEY` says. It opens nothing. */
export const continuationKeyOf = ({ repositoryId, pipeline, workflow, job, slice }: SliceKey): string => uuidOf('continuation', repositoryId, pipeline, workflow, job, slice);

/** In the sandbox, where its command leaves what is handed in. */
export const continuationFile = (key: string): string => `${paths.taskData}/continuation-${key}`;

/** Why it is refused, in a sentence; null: it is kept. Repeatable; waits for the store until `signal` is aborted. Throws Fenced when the attempt is over. */
export async function handIn(store: ObjectStore, { held: { slice, attempt }, line }: Pick<Live, 'held' | 'line'>, signal: AbortSignal): Promise<string | null> {
  const tool = await line.use((agent) => agent.tool({ program: 'helper', args: ['readContinuation'], cwd: '/', stream: 'both' }));
  const answer = (await answerOf(tool, { path: continuationFile(continuationKeyOf(slice)) }).catch(ofHelper)) as Continuation | { problem: string };
  const problem = 'problem' in answer ? answer.problem : faultOfContinuation(answer);
  if ('problem' in answer || problem !== null) return `The config that was handed in cannot be used: ${problem}.`;
  try {
    // The step's log is closed by now.
    return await untilStored({ signal, say: () => Promise.resolve() }, async () => {
      await checkFence(store, slice, attempt);
      return keep(store, slice, attempt, answer);
    });
  } catch (error) {
    if (signal.aborted) return 'Canceled before the config that was handed in was stored.';
    throw error;
  }
}

/** As handIn, of what somebody outside of the sandbox hands in for the slice. */
export async function handInFor(store: ObjectStore, slice: SliceKey, attempt: number, continuation: Continuation): Promise<string | null> {
  const problem = faultOfContinuation(continuation);
  if (problem !== null) return `The config that was handed in cannot be used: ${problem}.`;
  const record = await getJson<PipelineRecord>(store, planKey(slice.repositoryId, slice.pipeline));
  if (!record || !mayContinue(record, slice.workflow)) return `Job ${slice.job} is not of a setup config, so its pipeline does not go on with another one. Write \`setup: true\` into its config.`;
  return keep(store, slice, attempt, continuation);
}

function ofHelper(error: unknown): { problem: string } {
  if (!(error instanceof HelperFailed)) throw error;
  return { problem: error.message };
}

/** Of a slice that was lost, or is run again before the pipeline has gone on, the later attempt counts. */
export async function keep(store: ObjectStore, slice: SliceKey, attempt: number, { path, configuration, parameters }: Continuation): Promise<string | null> {
  const { repositoryId, pipeline, ...of } = slice;
  const key = continuationKey(repositoryId, pipeline);
  const stored: StoredContinuation = { version: 1, workflow: of.workflow, job: of.job, slice: of.slice, attempt, path, configuration, parameters };
  const isTaken = await putJson(store, key, stored, { ifAbsent: true }).then(() => false, existed);
  if (!isTaken) return null;
  const before = await getJson<StoredContinuation>(store, key);
  if (isDeepStrictEqual(before, stored)) return null;
  const isOwn = before !== undefined && before.workflow === of.workflow && before.job === of.job && before.slice === of.slice && before.attempt < attempt;
  if (isOwn && !(await getJson<PipelineRecord>(store, planKey(repositoryId, pipeline)))?.continuation) {
    await putJson(store, key, stored);
    return null;
  }
  return `A pipeline goes on once, and job ${before?.job ?? 'of another name'} has handed in a config before.`;
}

function existed(error: unknown): true {
  if (!(error instanceof ObjectExists)) throw error;
  return true;
}
