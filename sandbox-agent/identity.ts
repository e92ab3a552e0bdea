// How does something happen as another user? For the length of one synchronous call, the agent's main thread is that user.
//
// Node's own way of starting a process as a user, `spawn` with `uid`, takes away all supplementary groups, by which a user may use sudo
// or docker, and makes no folders. What a thread may do is its own matter in Linux, though the C library hides it: these are the bare
// system calls. Root stays as the saved id, to return by; a program that is executed meanwhile does not inherit that one (execve(2)).

import type { AgentUser } from './user.ts';

export type ActAs = <T>(user: AgentUser, act: () => T) => T;

type Syscall = (number: number, ...args: unknown[]) => number;

const numbers = process.arch === 'arm64' ? { setresuid: 147, setresgid: 149, setgroups: 159 } : { setresuid: 117, setresgid: 119, setgroups: 116 };

export function actAsBy(syscall: Syscall, errno: () => number): ActAs {
  const call = (name: keyof typeof numbers, ...args: unknown[]): void => {
    if (syscall(numbers[name], ...args) !== 0) throw new Error(`${name} failed with errno ${errno()}`);
  };
  const setGroups = (groups: readonly number[]): void => call('setgroups', 'long', groups.length, 'void *', Buffer.from(Uint32Array.from(groups).buffer));
  const setIds = (name: 'setresuid' | 'setresgid', id: number): void => call(name, 'long', id, 'long', id, 'long', 0);

  return (user, act) => {
    const { uid, gid } = user.ids;
    if (uid === undefined || gid === undefined) return act();
    const ownGroups = process.getgroups?.() ?? [];
    try {
      setGroups(user.groups);
      setIds('setresgid', gid);
      setIds('setresuid', uid);
      return act();
    } finally {
      setIds('setresuid', 0);
      setIds('setresgid', 0);
      setGroups(ownGroups);
    }
  };
}
