// `roundhouse secrets`: set, list, check, rotate and revoke the secrets that are committed with the code.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecret, secretText } from '../../config-schema/secret.ts';
import type { SecretReport } from '../control/secret-operations.ts';
import { print, say } from './say.ts';
import { printable } from './printable.ts';
import { Problem } from './problem.ts';
import { absent, checkName, fileOf, findWorkTree, folder, keyFile, readSecretFiles, recipientOf, repositoryOfTree, writeInTree, type KeyAnswer, type SecretPorts } from './secret-files.ts';
import { readValue } from './secret-value.ts';


/** Prints the public key; what belongs to it goes to stderr. */
export async function showKey({ ask }: SecretPorts, { repository, json }: { repository?: string; json?: true }): Promise<void> {
  const answer = await ask<KeyAnswer>('secrets.key', { repository: await repositoryOfTree(process.cwd(), repository) });
  if (json) return print(JSON.stringify(answer, null, 2));
  say(`${answer.repository} is repository ${answer.repositoryId} at ${answer.host}`);
  say(`fingerprint ${answer.current.fingerprint}`);
  say(`address     ${answer.url}`);
  for (const { fingerprint, opensUntil, revokedAt } of answer.keys.filter((key) => key.fingerprint !== answer.current.fingerprint))
    say(`earlier     ${fingerprint}, ${revokedAt === null ? `opens until ${opensUntil?.slice(0, 10) ?? 'it is revoked'}` : `revoked on ${revokedAt.slice(0, 10)}`}`);
  process.stdout.write(answer.current.publicKey);
}

export type SetOptions = { refs: string[]; minTrust: 'T1' | 'T2'; expires?: string; key?: string; repository?: string };

/** Encrypts on this machine; the value goes nowhere else. */
export async function setSecret(ports: SecretPorts, name: string, { refs, minTrust, expires, ...options }: SetOptions): Promise<void> {
  checkName(name);
  const { top } = await findWorkTree();
  const { armored, key, isCommitted } = await recipientOf(ports, top, options);
  const value = await readValue(`value of ${name}`);
  const created = new Date().toISOString();
  const text = secretText({ v: 1, host: key.host, repo_id: key.repositoryId, name, min_trust: minTrust, refs, kid: key.fingerprint, nonce: randomBytes(16).toString('base64url'), created, ...(expires !== undefined && { expires }), value });
  const read = readSecret(text);
  if ('problem' in read) throw new Problem(`${name}: ${read.problem}`, 2);
  await writeInTree(top, fileOf(name), await ports.cipher.encryptTo([armored], text));
  if (!isCommitted) await writeInTree(top, keyFile, armored);
  say(`Wrote ${fileOf(name)} for ${key.fullName} (key ${key.fingerprint})${isCommitted ? '' : `, and the key as ${keyFile}: compare its fingerprint with what your operator tells you`}.`);
  say(`Commit ${isCommitted ? 'it' : 'both'}, and name it where it is used: secrets: [${name}] on a run step or a job.`);
}

export async function listSecrets(ports: SecretPorts, { repository, json }: { repository?: string; json?: true }): Promise<void> {
  const { top } = await findWorkTree();
  const files = await readSecretFiles(top);
  const reports = await reportsOf(ports, top, files, null, repository);
  for (const name of Object.keys(files)) {
    const report = reports?.find((each) => each.name === name) ?? null;
    if (json) print(JSON.stringify({ name, file: fileOf(name), ...report }));
    else print([name.padEnd(24), report === null ? '(its scope is encrypted; the app of this machine could open it)' : textOf(report)].join('  '));
  }
  if (!json && Object.keys(files).length === 0) say(`There is no secret in ${folder}. Make one: roundhouse secrets set NAME`);
}

function textOf({ problem, scope }: SecretReport): string {
  if (scope === null) return printable(problem ?? '');
  const parts = [scope.min_trust, scope.refs.length === 0 ? 'every ref' : scope.refs.join(', '), `set ${scope.created.slice(0, 10)}`, ...(scope.expires === undefined ? [] : [`until ${scope.expires}`])];
  return [...parts, ...(problem === null ? [] : [printable(problem)])].join('  ');
}

/** Exit code 2 when a file cannot be used. */
export async function checkSecrets(ports: SecretPorts, { ref, offline, json, repository }: { ref?: string; offline?: true; json?: true; repository?: string }): Promise<void> {
  const { top, branch } = await findWorkTree();
  const files = await readSecretFiles(top);
  const found: { name: string; problem: string | null }[] = [];
  const keyIds = await committedKeyIds(ports, top);
  for (const [name, armored] of Object.entries(files)) found.push({ name, problem: await offlineProblem(ports, name, armored, keyIds) });
  const fullRef = ref === undefined ? (branch === null ? null : `refs/heads/${branch}`) : ref.startsWith('tags/') ? `refs/${ref}` : `refs/heads/${ref}`;
  const reports = offline ? null : await reportsOf(ports, top, files, fullRef, repository);
  for (const one of found) one.problem ??= reports?.find(({ name }) => name === one.name)?.problem ?? null;
  if (json) print(JSON.stringify({ opened: reports !== null, secrets: found }, null, 2));
  else {
    for (const { name, problem } of found) print(`${fileOf(name)}: ${problem === null ? 'well' : printable(problem)}`);
    if (reports === null && !offline) say('No app runs on this machine, so nothing was opened: scope, expiry and revocation were not looked at.');
    if (keyIds === null) say(`There is no ${keyFile}, so whom the files are for was not looked at.`);
  }
  if (found.some(({ problem }) => problem !== null)) process.exitCode = 2;
}

async function committedKeyIds({ cipher }: SecretPorts, top: string): Promise<string[] | null> {
  const armored = await readFile(join(top, keyFile), 'utf8').catch(absent);
  return armored === undefined ? null : cipher.encryptionKeyIds(armored);
}

async function offlineProblem({ cipher }: SecretPorts, name: string, armored: string, keyIds: string[] | null): Promise<string | null> {
  try {
    checkName(name);
  } catch (error) {
    return (error as Error).message;
  }
  const recipients = await cipher.recipientsOf(armored);
  if ('problem' in recipients) return 'sentence' in recipients ? String(recipients.sentence) : recipients.problem;
  if (keyIds !== null && !recipients.keyIds.some((id) => keyIds.includes(id))) return `is not encrypted for the key in ${keyFile}, but for ${recipients.keyIds.join(', ')}. Set it anew, or run: roundhouse secrets rotate ${name}`;
  return null;
}

/** null: no app runs here that could open them. */
async function reportsOf({ ask }: SecretPorts, top: string, files: Record<string, string>, ref: string | null, repository: string | undefined): Promise<SecretReport[] | null> {
  if (Object.keys(files).length === 0) return [];
  try {
    return (await ask<{ reports: SecretReport[] }>('secrets.check', { repository: await repositoryOfTree(top, repository), files, ref })).reports;
  } catch (error) {
    if (error instanceof Problem && error.exitCode === 3) return null;
    throw error;
  }
}

export type RotateOptions = { until?: string; refs: string[]; minTrust?: 'T1' | 'T2'; expires?: string; repository?: string };

const daysToOpen = 30;

/** Without names: a new key, and all secrets anew for it. With names: these alone, for the key that there is. */
export async function rotateSecrets({ ask }: SecretPorts, names: string[], { until, refs, minTrust, expires, repository }: RotateOptions): Promise<void> {
  const { top } = await findWorkTree();
  const files = await readSecretFiles(top, names);
  const opensUntil = until === undefined ? new Date(Date.now() + daysToOpen * 86_400_000) : new Date(/^\d{4}-\d{2}-\d{2}$/.test(until) ? `${until}T23:59:59Z` : until);
  if (Number.isNaN(opensUntil.getTime())) throw new Problem(`--until ${until}: is no date. Write YYYY-MM-DD.`, 2);
  const scope = { ...(refs.length > 0 && { refs }), ...(minTrust && { minTrust }), ...(expires !== undefined && { expires }) };
  const answer = await ask<{ current: { fingerprint: string; publicKey: string }; files: Record<string, string> }>('secrets.rotate', { repository: await repositoryOfTree(top, repository), files, opensUntil: opensUntil.toISOString(), newKey: names.length === 0, scope });
  for (const [name, armored] of Object.entries(answer.files)) await writeInTree(top, fileOf(name), armored);
  await writeInTree(top, keyFile, answer.current.publicKey);
  say(`Wrote ${Object.keys(answer.files).length} secrets for the key ${answer.current.fingerprint}. Commit ${folder}.`);
  if (names.length === 0) say(`The key before opens until ${opensUntil.toISOString().slice(0, 10)}, for branches that do not have these files yet. To end it at once: roundhouse secrets revoke --key FINGERPRINT`);
}

export async function revokeSecrets({ ask }: SecretPorts, name: string | undefined, { key, repository }: { key?: string; repository?: string }): Promise<void> {
  if ((name === undefined) === (key === undefined)) throw new Problem('name one secret, or a key: roundhouse secrets revoke NAME, or roundhouse secrets revoke --key FINGERPRINT', 2);
  const { top } = await findWorkTree();
  const secret = name === undefined ? {} : { secret: { name, armored: (await readSecretFiles(top, [name]))[name]! } };
  const { revoked } = await ask<{ revoked: string }>('secrets.revoke', { repository: await repositoryOfTree(top, repository), ...secret, ...(key !== undefined && { key }) });
  say(name === undefined ? `The key ${revoked} opens nothing any more, here or in any restored backup. Set its secrets anew.` : `${revoked} as it stands in ${fileOf(name)} is dead, on every branch. Change the value where it is used, then: roundhouse secrets set ${name}`);
}
