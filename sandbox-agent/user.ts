// Who is the agent in this sandbox, and what does a step's environment lack?

import { readFileSync } from 'node:fs';
import { Refused } from './refused.ts';

export type AgentUser = {
  name: string;
  home: string;
  /** What a process of this user is started with; empty: as the agent itself. */
  ids: { uid?: number; gid?: number };
  /** Further groups of this user. */
  groups: number[];
};

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** HOME of the agent's own environment, where somebody has set it, goes before the image's passwd file. */
export function agentUser(environment: NodeJS.ProcessEnv = process.env, passwdFile = '/etc/passwd', uid = process.getuid?.() ?? 0): AgentUser {
  const user = listedUser(passwdFile, uid) ?? (uid === 0 ? { name: 'root', home: '/root' } : { name: String(uid), home: '/' });
  return { name: user.name, home: environment['HOME'] || user.home, ids: {}, groups: [] };
}

/**
 * `name`, `uid`, `name:group` or `uid:gid`, as in the image's configuration. Throws Refused for a name that the image does not know.
 * As with Docker, who asks for a group gets that one only, and whoever else is in the passwd file gets all those that name him.
 */
export function stepUser(text: string, passwdFile = '/etc/passwd', groupFile = '/etc/group'): AgentUser {
  const [who = '', group] = (text || 'root').split(':');
  const groups = lines(groupFile);
  const line = lines(passwdFile).find(([name, , id]) => name === who || id === who) ?? (who === 'root' ? ['root', '', '0', '0', '', '/root'] : undefined);
  if (!line && !/^\d+$/.test(who)) throw new Refused(`There is no user "${who}" in this image.`);
  const [name = who, , uid = who, ownGroup = '0', , home = '/'] = line ?? [];
  const listed = groups.find(([groupName, , id]) => groupName === group || id === group);
  if (group !== undefined && !listed && !/^\d+$/.test(group)) throw new Refused(`There is no group "${group}" in this image.`);
  const gid = group === undefined ? ownGroup : (listed?.[2] ?? group);
  const further = group === undefined && line ? groups.filter(([, , , members]) => members?.split(',').includes(name)).map(([, , id]) => Number(id)) : [];
  return { name, home: home || '/', ids: { uid: Number(uid), gid: Number(gid) }, groups: further };
}

const lines = (file: string): string[][] => readText(file).split('\n').map((line) => line.split(':'));

/** Read by hand: the C library's way would load the image's name service modules into our own C library. */
function listedUser(passwdFile: string, uid: number): Pick<AgentUser, 'name' | 'home'> | undefined {
  for (const line of readText(passwdFile).split('\n')) {
    const [name, , id, , , home] = line.split(':');
    if (name && id === String(uid)) return { name, home: home || '/' };
  }
  return undefined;
}

export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
}

export function completeEnvironment(env: Record<string, string>, user: AgentUser, cwd: string): Record<string, string> {
  return { HOME: user.home, USER: user.name, PATH: usualPath, PWD: cwd, ...env };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
