// What does a pull request change about who gets which committed secret?

import { wideningOf, type SecretPlaintext } from '../../config-schema/secret.ts';
import type { RepositoryKeys, SecretCipher } from './repository-keys.ts';

export type SecretChangePorts = { keys: Pick<RepositoryKeys, 'open'>; cipher: Pick<SecretCipher, 'recipientsOf'> };

/** The public key that `secrets set` encrypts to, where it lies in the repository; no secret can have this name. */
export const recipientFile = 'key.pub.asc';

/** Sentences for the check: what is new, wider, or for a further recipient. `before` and `after` are the files of the secrets' folder. */
export async function secretChanges(ports: SecretChangePorts, repositoryId: number, before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): Promise<string[]> {
  const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
  const sentences: string[] = [];
  for (const file of changed) sentences.push(...(file === recipientFile ? changedRecipient(before[file]) : await changeOf(ports, repositoryId, file, before[file], after[file]!)));
  return sentences;
}

const changedRecipient = (before: string | undefined): string[] =>
  before === undefined ? [] : ['This pull request changes the public key that secrets are encrypted for (.circle/secrets/key.pub.asc). Compare its fingerprint with `roundhouse secrets key` before you merge.'];

async function changeOf(ports: SecretChangePorts, repositoryId: number, file: string, before: string | undefined, after: string): Promise<string[]> {
  const name = /^(.+)\.asc$/.exec(file)?.[1];
  if (name === undefined) return [];
  const [now, then] = [await open(ports, repositoryId, after), before === undefined ? null : await open(ports, repositoryId, before)];
  if (now === null) return [`This pull request ${before === undefined ? 'adds' : 'changes'} the secret ${name}, which cannot be opened.`];
  const recipients = await furtherRecipients(ports, before, after);
  const added = recipients.length === 0 ? [] : [`This pull request encrypts the secret ${name} for ${recipients.length === 1 ? 'a further recipient' : 'further recipients'}: ${recipients.join(', ')}.`];
  if (then === null) return [`This pull request adds the secret ${name}, for ${scopeOf(now)}.`, ...added];
  const wider = wideningOf(then, now);
  return [...(wider.length === 0 ? [] : [`This pull request widens the secret ${name}: ${wider.join('; ')}.`]), ...added];
}

async function open({ keys }: SecretChangePorts, repositoryId: number, armored: string): Promise<SecretPlaintext | null> {
  const opened = await keys.open(repositoryId, armored);
  return 'problem' in opened ? null : opened.secret;
}

/** Of a new secret everybody but the one that it must have. */
async function furtherRecipients({ cipher }: SecretChangePorts, before: string | undefined, after: string): Promise<string[]> {
  const idsOf = async (armored: string): Promise<string[]> => {
    const recipients = await cipher.recipientsOf(armored);
    return 'problem' in recipients ? [] : recipients.keyIds;
  };
  const now = await idsOf(after);
  if (before === undefined) return now.slice(1);
  const then = await idsOf(before);
  // Written anew after a rotation, it has another one recipient.
  return now.length <= then.length ? [] : now.filter((id) => !then.includes(id));
}

const scopeOf = ({ refs, min_trust: minTrust, expires }: SecretPlaintext): string =>
  [refs.length === 0 ? 'every ref' : refs.join(', '), minTrust === 'T2' ? 'of the default branch and protected refs only' : 'of this repository', ...(expires === undefined ? [] : [`until ${expires}`])].join(' ');
