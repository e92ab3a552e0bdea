// Where do the secrets of this work tree lie, and for which repository and key are they?

import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secretName } from '../../config-schema/secret.ts';
import type { SecretCipher } from '../../activities/control/repository-keys.ts';
import type { Ask } from '../control/ask.ts';
import { workTreeAt } from './config-input.ts';
import { Problem } from './problem.ts';

export type KeyDescription = { fingerprint: string; host: string; repositoryId: number; fullName: string };

export type SecretPorts = {
  ask: Ask;
  cipher: Pick<SecretCipher, 'encryptTo' | 'recipientsOf' | 'encryptionKeyIds'> & { describeKey(armored: string): Promise<KeyDescription | { problem: string }> };
};

/** `secretsFolder` and `recipientFile` of the control activities, in the work tree. */
export const folder = '.circle/secrets';
export const keyFile = `${folder}/key.pub.asc`;
export const fileOf = (name: string): string => `${folder}/${name}.asc`;

export type WorkTree = { top: string; branch: string | null };

export async function findWorkTree(): Promise<WorkTree> {
  const found = await workTreeAt(process.cwd());
  if (!found) throw new Problem('this is no git work tree. Go into the repository whose secret it is.', 2);
  return found;
}

/** By name; of some names, or all that are there. */
export async function readSecretFiles(top: string, names?: readonly string[]): Promise<Record<string, string>> {
  const files = await readdir(join(top, folder)).catch(absent);
  const there = (files ?? []).flatMap((file) => (file.endsWith('.asc') && file !== 'key.pub.asc' ? [file.slice(0, -'.asc'.length)] : [])).sort();
  const missing = names?.find((name) => !there.includes(name));
  if (missing !== undefined) throw new Problem(`${fileOf(missing)} is not there. See: roundhouse secrets list`, 2);
  const wanted = names && names.length > 0 ? there.filter((name) => names.includes(name)) : there;
  return Object.fromEntries(await Promise.all(wanted.map(async (name) => [name, await readFile(join(top, fileOf(name)), 'utf8')] as const)));
}

/** Seen whole or not at all. */
export async function writeInTree(top: string, path: string, text: string): Promise<void> {
  await mkdir(join(top, folder), { recursive: true });
  await writeFile(join(top, `${path}.new`), text);
  await rename(join(top, `${path}.new`), join(top, path));
}

export function checkName(name: string): void {
  if (!secretName.test(name)) throw new Problem(`${name} is no name for a secret. Use letters, digits and _, at most 128, and no digit at the beginning.`, 2);
}

/** OWNER/NAME as it was said, or as the remote `origin` says it. */
export async function repositoryOfTree(top: string, said: string | undefined): Promise<string> {
  if (said !== undefined) {
    if (!/^[\w.-]+\/[\w.-]+$/.test(said)) throw new Problem(`${said} is no repository. Write OWNER/NAME.`, 2);
    return said;
  }
  const url = await promisify(execFile)('git', ['-C', top, 'remote', 'get-url', 'origin']).then(({ stdout }) => stdout.trim(), () => '');
  const [, fullName] = /[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url) ?? [];
  if (fullName === undefined) throw new Problem('the repository is not known: there is no remote `origin`. Name it: --repository OWNER/NAME', 2);
  return fullName;
}

/** The key to encrypt to: the one that was named, the one that lies in the repository, or what the app of this machine says. */
export async function recipientOf({ ask, cipher }: SecretPorts, top: string, options: { key?: string; repository?: string }): Promise<{ armored: string; key: KeyDescription; isCommitted: boolean }> {
  const committed = options.key === undefined ? await readFile(join(top, keyFile), 'utf8').catch(absent) : undefined;
  const armored = committed ?? (options.key === undefined ? await askForKey(ask, await repositoryOfTree(top, options.repository)) : await readKey(options.key));
  const key = await cipher.describeKey(armored);
  if ('problem' in key) throw new Problem(`${options.key ?? (committed === undefined ? 'the key of the app' : keyFile)}: ${key.problem}`, 2);
  return { armored, key, isCommitted: committed !== undefined };
}

export type KeyAnswer = { repository: string; repositoryId: number; host: string; url: string; current: { fingerprint: string; publicKey: string; createdAt: string }; keys: { fingerprint: string; createdAt: string; opensUntil: string | null; revokedAt: string | null }[] };

async function askForKey(ask: Ask, repository: string): Promise<string> {
  try {
    return (await ask<KeyAnswer>('secrets.key', { repository })).current.publicKey;
  } catch (error) {
    if (!(error instanceof Problem) || error.exitCode !== 3) throw error;
    throw new Problem(`the public key of ${repository} is not here (no ${keyFile}), and ${error.message}. Or name the key: --key FILE, or its address, which \`roundhouse secrets key\` says on the machine of the app.`, 2, { cause: error });
  }
}

async function readKey(named: string): Promise<string> {
  if (!/^https?:\/\//.test(named)) {
    return readFile(named, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new Problem(`--key ${named}: ${cause.code === 'ENOENT' ? 'is not there' : cause.message}. Name a file with the public key, or its address.`, 2, { cause });
    });
  }
  const response = await fetch(named, { signal: AbortSignal.timeout(20_000) }).catch((cause: unknown) => {
    throw new Problem(`--key ${named}: does not answer (${cause instanceof Error ? cause.message : String(cause)}).`, 2, { cause });
  });
  if (!response.ok) throw new Problem(`--key ${named}: answers ${response.status}. Ask the operator for the address: roundhouse secrets key`, 2);
  return (await response.text()).slice(0, 100_000);
}

export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
