// `roundhouse login`: which Roundhouse do the commands here speak to, and by whose token?

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { callApi } from './remote.ts';
import { Problem } from './problem.ts';
import { say } from './say.ts';
import { readValue } from './secret-value.ts';

/** `url` has no slash at its end. */
export type Remote = { url: string; token: string };

type Environment = Record<string, string | undefined>;

const kept = z.object({ url: z.string(), token: z.string() });

/** ROUNDHOUSE_URL and ROUNDHOUSE_TOKEN, else what `login` has kept; null: the Roundhouse of this machine. Throws Problem. */
export async function remoteHere(env: Environment = process.env): Promise<Remote | null> {
  const { ROUNDHOUSE_URL: url, ROUNDHOUSE_TOKEN: token } = env;
  if (url && token) return { url: urlOf(url, 'ROUNDHOUSE_URL'), token };
  if (url || token) throw new Problem(`${url ? 'ROUNDHOUSE_URL' : 'ROUNDHOUSE_TOKEN'} is set without ${url ? 'ROUNDHOUSE_TOKEN' : 'ROUNDHOUSE_URL'}. Set both, or neither.`, 2);
  const path = loginPath(env);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const read = kept.safeParse(parsed(text));
  if (!read.success) throw new Problem(`${path} is not as \`roundhouse login\` writes it. Log in again, or remove it: roundhouse logout`, 2);
  return read.data;
}

/** Takes the token from standard input, or asks for it. Throws Problem when it is not taken there. */
export async function logIn(url: string, env: Environment = process.env): Promise<void> {
  const remote = { url: urlOf(url, 'the address'), token: (await readValue('token')).trim() };
  const { login } = await callApi<{ login: string }>(remote, 'GET', '/me');
  if (remote.url.startsWith('http:') && !isLoopback(remote.url)) say(`${remote.url} is not encrypted: whoever is on the way sees the token.`);
  const path = loginPath(env);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  // Never readable by others, not for a moment, and never half written.
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(`${JSON.stringify(remote)}\n`);
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  say(`You are ${login} at ${remote.url}. Kept in ${path}`);
}

export async function logOut(env: Environment = process.env): Promise<void> {
  const path = loginPath(env);
  await rm(path, { force: true });
  say(`${path} is gone. The token itself lives on until it expires, or you revoke it on the page under your name.`);
}

/** By the XDG base directory specification, which ignores a relative path. */
export function loginPath({ XDG_CONFIG_HOME, HOME }: Environment): string {
  const base = XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(HOME ?? homedir(), '.config');
  return join(base, 'roundhouse', 'login.json');
}

function urlOf(text: string, what: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') throw new Problem(`${what}: ${text} is no address of a Roundhouse. Write it as in the browser: https://ci.example.org`, 2);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

const isLoopback = (url: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
