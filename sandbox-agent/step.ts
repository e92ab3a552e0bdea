// What is one step while it lives? A process, its output, and the one state in which it ends.

import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import type { Bell } from './bell.ts';
import { makeBell } from './bell.ts';
import { killFamily } from './kill.ts';
import type { Exit, Launched, NotStarted } from './launch.ts';
import { launch } from './launch.ts';
import type { Output } from './output.ts';
import { takeOutput } from './output.ts';
import type { SystemCalls } from './pipe.ts';
import { markName } from './processes.ts';
import type { StepSpec, StepState } from './protocol.ts';
import { spoolBytes } from './protocol.ts';
import { watchSilence } from './silence.ts';
import { hasContinued, hasHalted } from './task-data.ts';
import type { AgentUser } from './user.ts';
import { Refused } from './refused.ts';
import { completeEnvironment, expandHome, stepUser } from './user.ts';

export type Step = {
  readonly output: Output;
  /** Rings at every output and at the end. */
  readonly bell: Bell;
  state(): StepState;
  /** Resolves when the step has ended and no process of it is left, those included that outlived its end. Repeatable. */
  kill(graceMs: number): Promise<void>;
  /** For an agent that is about to exit: no grace, no waiting. */
  abandon(): void;
};

export type StepPorts = { user: AgentUser; systemCalls: SystemCalls };

const silenceGraceMs = 10_000;

type Ended = Extract<StepState, { state: 'ended' }>;

export function startStep(spec: StepSpec, { user: agent, systemCalls }: StepPorts): Step {
  const startedAt = performance.now();
  const bell = makeBell();
  const mark = `${spec.index}.${randomUUID()}`;
  const kills = new Set<Promise<void>>();
  let how: Ended['how'] | undefined;
  let ended: Ended | undefined;

  const pipe = systemCalls.makePipe();
  const { pid, exit } = begin();
  closeSync(pipe.writeEnd);
  const output = takeOutput(pipe.readEnd, spoolBytes, systemCalls.unread, bell.ring);
  const silence = watchSilence(spec.noOutputTimeoutSeconds, output.lastAt, () => void stop('timed-out', silenceGraceMs));

  function begin(): Launched {
    try {
      const user = spec.user === undefined ? agent : stepUser(spec.user);
      const cwd = expandHome(spec.cwd, user.home);
      return launch({ argv: spec.argv, env: { ...completeEnvironment(spec.env, user, cwd), [markName]: mark }, cwd, user }, pipe.writeEnd, systemCalls.actAs);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { pid: null, exit: Promise.resolve({ reason: error.message }) };
    }
  }

  async function stop(because: 'timed-out' | 'killed', graceMs: number): Promise<void> {
    how ??= because;
    // The number of a leader that has ended may be another session's by now; -1 is nobody's.
    const killing = killFamily({ leader: ended || pid === null ? -1 : pid, mark }, graceMs);
    kills.add(killing);
    await killing;
    kills.delete(killing);
    while (!ended) await bell.next();
  }

  async function finish(result: Exit | NotStarted): Promise<void> {
    silence.stop();
    how ??= 'exited';
    if (!('reason' in result)) await output.finish();
    await Promise.all(kills);
    const durationMs = Math.round(performance.now() - startedAt);
    const common = { index: spec.index, state: 'ended', durationMs, outputBytes: output.spool.written, ...(hasHalted(spec.env) && { halted: true as const }), ...(hasContinued(spec.env) && { continued: true as const }) } as const;
    ended =
      'reason' in result
        ? { ...common, how: 'not-started', exitCode: null, signal: null, reason: result.reason }
        : { ...common, how, exitCode: result.code, signal: result.signal };
    bell.ring();
  }
  void exit.then(finish);

  return {
    output,
    bell,
    state: () => ended ?? { index: spec.index, state: 'running' },
    kill: (graceMs) => stop('killed', graceMs),
    abandon() {
      if (!ended && pid !== null) process.kill(-pid, 'SIGKILL');
    },
  };
}
