// Which processes belong to a step? Those of its session, their descendants, and whoever carries its mark in the environment.

import { readFileSync, readdirSync } from 'node:fs';

export type Process = { pid: number; parent: number; group: number; session: number; startTime: string };

/** In the environment of every process of a step: how those are found that left its session and lost their parent. */
export const markName = 'ROUNDHOUSE_STEP';

export type Family = {
  /** The step's first process, which leads its session. */
  leader: number;
  mark: string;
};

/** Zombies are not counted. `known` holds those found before, by `identity`: they stay members when their parents are gone. */
export function members(family: Family, known: ReadonlySet<string>): Process[] {
  const all = runningProcesses();
  const found = new Map<number, Process>();
  for (const one of all) {
    if (one.pid === process.pid) continue;
    const related = one.session === family.leader || one.pid === family.leader || known.has(identity(one));
    if (related || carriesMark(one.pid, family.mark)) found.set(one.pid, one);
  }
  // Children of members, to any depth.
  for (let grown = found.size > 0; grown; ) {
    grown = false;
    for (const one of all) {
      if (found.has(one.pid) || !found.has(one.parent)) continue;
      found.set(one.pid, one);
      grown = true;
    }
  }
  return [...found.values()];
}

/** A process number is used again; with its start time it is not. */
export const identity = (one: Process): string => `${one.pid}@${one.startTime}`;

function runningProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseStat(readOrNothing(`/proc/${name}/stat`).toString('latin1')))
    .filter((one) => one !== null);
}

/** proc(5), /proc/PID/stat: the program's name stands in brackets and may hold anything, brackets included. */
function parseStat(stat: string): Process | null {
  const [state, parent, group, session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[15];
  if (startTime === undefined || state === 'Z' || state === 'X') return null;
  return { pid: Number.parseInt(stat), parent: Number(parent), group: Number(group), session: Number(session), startTime };
}

function carriesMark(pid: number, mark: string): boolean {
  const environment = readOrNothing(`/proc/${pid}/environ`);
  return `\0${environment.toString('latin1')}`.includes(`\0${markName}=${mark}\0`);
}

/** The process may have ended meanwhile, or be another user's. */
function readOrNothing(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
