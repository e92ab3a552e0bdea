// How does a step run that moves bytes, from its start to its stored log? In the builder, which asks the sandbox's agent for what it needs.

import type { StepResult } from '../../config-schema/outcome.ts';
import { checkFence } from '../fence.ts';
import type { ObjectStore } from '../object-store.ts';
import { answerOf, type DataEnd, type DataRun, type DataSandbox, type DataStep, type DataSteps } from './data-step.ts';
import type { HeldFiles } from './held.ts';
import type { Live } from './live.ts';
import type { Mask } from './masking.ts';
import type { StepLog } from './step-log.ts';

export type DataStepRunner = (live: Live, step: DataStep, about: About, cancel: AbortSignal) => Promise<StepResult>;

type About = Pick<DataRun, 'place' | 'trust' | 'index' | 'environment'> & { newMask: () => Mask };

type Ports = { store: ObjectStore; files: HeldFiles; dataSteps: DataSteps; openLog: (live: Live, index: number) => Promise<StepLog> };

/** One run per step: whoever asks again gets the same, and any of them may cancel it. */
export function dataStepRunner({ store, files, dataSteps, openLog }: Ports): DataStepRunner {
  return (live, step, about, cancel) => {
    const { index } = about;
    const before = live.held.dataResults?.[index];
    if (before) return Promise.resolve(before);
    let running = live.dataRuns.get(index);
    if (!running) {
      const stop = new AbortController();
      running = { stop, result: run(live, step, about, stop.signal).finally(() => live.dataRuns.delete(index)) };
      live.dataRuns.set(index, running);
    }
    const { stop, result } = running;
    if (cancel.aborted) stop.abort();
    cancel.addEventListener('abort', () => stop.abort(), { once: true });
    return result;
  };

  async function run(live: Live, step: DataStep, { newMask, ...about }: About, signal: AbortSignal): Promise<StepResult> {
    const { held, line } = live;
    const { user } = held.handle;
    const startedAt = Date.now();
    const log = await openLog(live, about.index);
    const say = async (text: string): Promise<void> => {
      const mask = newMask();
      await log.append(Buffer.concat([mask.push(Buffer.from(`${text}\n`)), mask.end()]));
    };
    const tool: DataSandbox['tool'] = (spec) => line.use((agent) => agent.tool({ cwd: about.place.job.workingDirectory, ...(user !== undefined && { user }), ...spec }, signal));
    try {
      if (log.size > 0) await say('The step begins again: its builder was restarted, or something of ours failed.');
      const end = await endOf(step, {
        ...about,
        slice: held.slice,
        attempt: held.attempt,
        user,
        signal,
        sandbox: {
          tool,
          ask: async (question, input) => (await answerOf(await tool({ program: 'helper', args: [question], stream: 'both' }), input)) as never,
          mount: (spec) => line.use((agent) => agent.mount(spec)),
        },
        say,
        checkFence: () => checkFence(store, held.slice, held.attempt),
      });
      if (end.reason !== undefined) await say(end.reason);
      const result = { name: step.name, exitCode: null, signal: null, durationMs: Date.now() - startedAt, ...end };
      held.dataResults = { ...held.dataResults, [about.index]: result };
      await files.write(held);
      await log.end();
      return result;
    } finally {
      await log.close();
    }
  }

  async function endOf(step: DataStep, run: DataRun): Promise<DataEnd | { outcome: 'canceled'; reason: string }> {
    try {
      return await (dataSteps[step.kind] as (run: DataRun, step: DataStep) => Promise<DataEnd>)(run, step);
    } catch (error) {
      if (run.signal.aborted) return { outcome: 'canceled', reason: 'canceled' };
      throw error;
    }
  }
}
