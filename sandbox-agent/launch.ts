// How does a step's process begin? In a session of its own, with exactly its environment, its output on one pipe, and doomed first by the OOM killer.

import { spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve as normalized } from 'node:path';
import type { ActAs } from './identity.ts';
import { makeFolders } from './make-folders.ts';
import type { AgentUser } from './user.ts';

export type Exit = { code: number | null; signal: NodeJS.Signals | null };
export type NotStarted = { reason: string };

export type Launch = { argv: readonly string[]; env: Record<string, string>; cwd: string; user: AgentUser };

export type Launched = {
  /** null when it did not start; `exit` says why. */
  pid: number | null;
  exit: Promise<Exit | NotStarted>;
};

/** Of 1000. The agent keeps its own score, so that the kernel takes steps long before it. */
const stepOomScore = '500';
const ownOomScoreFile = '/proc/self/oom_score_adj';

export function launch({ argv, env, cwd, user }: Launch, output: number, actAs: ActAs): Launched {
  const [program = '', ...args] = argv;
  try {
    makeFolder(normalized(cwd), user, actAs);
    const child = withOomScore(stepOomScore, () => actAs(user, () => spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', output, output] })));
    const exit = new Promise<Exit | NotStarted>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => resolve({ reason: whyNotStarted(error, program, env, cwd) }));
    });
    return { pid: child.pid ?? null, exit };
  } catch (error) {
    return { pid: null, exit: Promise.resolve({ reason: whyNotStarted(error as NodeJS.ErrnoException, program, env, cwd) }) };
  }
}

/** With its parents, as the user; where he may not make it, it is made for him all the same. */
export function makeFolder(path: string, user: AgentUser, actAs: ActAs): void {
  try {
    actAs(user, () => makeFolders(path));
  } catch (error) {
    const { uid, gid } = user.ids;
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || uid === undefined || gid === undefined) throw error;
    const first = makeFolders(path);
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) chownSync(made, uid, gid);
  }
}

/** A child inherits the score at its birth; setting it afterwards would miss grandchildren of the first moment. */
function withOomScore<T>(score: string, act: () => T): T {
  let own: string | undefined;
  try {
    own = readFileSync(ownOomScoreFile, 'utf8');
    writeFileSync(ownOomScoreFile, score);
  } catch {
    // No /proc, or the agent's own score is higher already: then the steps' is, too.
  }
  try {
    return act();
  } finally {
    try {
      if (own !== undefined) writeFileSync(ownOomScoreFile, own);
    } catch {
      // Lowering is refused only below what the sandbox was started with.
    }
  }
}

export function whyNotStarted(error: NodeJS.ErrnoException, program: string, env: Record<string, string>, cwd: string): string {
  if (error.syscall === 'mkdir') return `The working directory ${cwd} could not be made: ${error.message}.`;
  switch (error.code) {
    case 'ENOENT':
      if (!program.includes('/')) return `There is no program "${program}" in this image (PATH is ${env['PATH'] ?? 'empty'}).`;
      return existsSync(program) ? `"${program}" names an interpreter in its first line that this image does not have.` : `There is no program "${program}" in this image.`;
    case 'EACCES':
      return `"${program}" may not be executed in this image, or its working directory ${cwd} may not be entered.`;
    case 'ENOTDIR':
      return `The working directory ${cwd} is not a directory.`;
    case 'E2BIG':
      return `The arguments and the environment of "${program}" are too long for the kernel.`;
    case undefined:
    default:
      return `"${program}" could not be started: ${error.message}.`;
  }
}
