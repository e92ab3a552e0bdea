// How does what this process remembers stay out of core files?

import koffi from 'koffi';

/**
 * From now on the kernel writes no core file of this process, whatever the limits and the pattern say, and lets nobody but root trace it
 * or read its memory and its environment. It holds for this process alone: not for programs that it starts, nor after `execve`.
 */
export function forbidCoreDumps(): void {
  // Of five arguments, of which the kernel wants the unused ones to be zero. Loaded here: only few processes need it.
  const prctl = koffi.load('libc.so.6').func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
  if (prctl(setDumpable, 0, 0, 0, 0) !== 0 || prctl(getDumpable, 0, 0, 0, 0) !== 0) throw new Error('the kernel does not forbid core dumps of this process (prctl PR_SET_DUMPABLE)');
}

const getDumpable = 3; // PR_GET_DUMPABLE
const setDumpable = 4; // PR_SET_DUMPABLE
