// Who is the agent in this sandbox, and what does a step's environment lack?

import { readFileSync } from 'node:fs';

export type AgentUser = { name: string; home: string };

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** HOME of the agent's own environment, where somebody has set it, goes before the image's passwd file. */
export function agentUser(environment: NodeJS.ProcessEnv = process.env, passwdFile = '/etc/passwd', uid = process.getuid?.() ?? 0): AgentUser {
  const user = listedUser(passwdFile, uid) ?? (uid === 0 ? { name: 'root', home: '/root' } : { name: String(uid), home: '/' });
  return { name: user.name, home: environment['HOME'] || user.home };
}

/** Read by hand: the C library's way would load the image's name service modules into our own C library. */
function listedUser(passwdFile: string, uid: number): AgentUser | undefined {
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
