// How is a committed secret encrypted, and opened again? OpenPGP (RFC 4880 and 9580), by openpgp.js.
//
// Which packets a message consists of is looked at by ourselves before anything is decrypted: one that lacks integrity protection could be
// altered at will, and whoever sees how we fail on it would learn its text.

import { randomBytes } from 'node:crypto';
import { createMessage, decrypt, decryptSessionKeys, encrypt, generateKey, readKey, readMessage, readPrivateKey, unarmor } from 'openpgp';
import type { Key, Message, PartialConfig, SessionKey } from 'openpgp';

const largestArmoredBytes = 200 * 1024;
const largestTextBytes = 256 * 1024;
/** Each one that is ours costs a multiplication on the curve. */
const mostRecipients = 50;

const config: PartialConfig = { allowUnauthenticatedMessages: false, allowUnauthenticatedStream: false, ignoreMalformedPackets: false, enforceGrammar: true, maxDecompressedMessageSize: largestTextBytes };

export type RepositoryKeyId = { host: string; repositoryId: number; fullName: string };

/** `altered`: its integrity protection says so, or its session key does not open. `foreign`: none of its recipients is this key. */
export type OpenProblem = { problem: 'altered' | 'unauthenticated' | 'foreign' | 'unreadable'; sentence: string };

/** The text of an armored message that is encrypted to this armored private key. Never throws for what the message says. */
export async function decryptSecret(armored: string, privateKey: string): Promise<{ text: string } | OpenProblem> {
  const parts = await partsOf(armored);
  if ('problem' in parts) return parts;
  const ours = await encryptionKeyIds(privateKey);
  const decryptionKeys = await readPrivateKey({ armoredKey: privateKey });
  let message: Message<Uint8Array>;
  let sessionKeys: SessionKey[];
  try {
    message = await readMessage({ binaryMessage: parts.bytes, config });
    // For version 2 it has no algorithm, which then stands in the data's packet; the type of `decrypt` does not know that.
    sessionKeys = (await decryptSessionKeys({ message, decryptionKeys, config })) as SessionKey[];
  } catch {
    return parts.keyIds.some((id) => ours.includes(id)) ? altered : foreign(parts.keyIds);
  }
  try {
    // Not as text, which would change line ends.
    const { data } = await decrypt({ message, sessionKeys, format: 'binary', config });
    return textOf(data as Uint8Array | null);
  } catch (error) {
    return failureOf(error as Error);
  }
}

/** To whom it is encrypted, without decrypting: ids of encryption keys, 16 upper-case hexadecimal digits. `hiddenRecipient` stands for one that the message keeps to itself. */
export async function recipientsOf(armored: string): Promise<{ keyIds: string[] } | OpenProblem> {
  const parts = await partsOf(armored);
  return 'problem' in parts ? parts : { keyIds: parts.keyIds };
}

export const hiddenRecipient = '0'.repeat(16);

/** One armored message that each of these armored public keys opens. Of the elder kind (SEIPD version 1 with MDC), which gpg 2.2 reads, whatever the keys say of themselves. */
export async function encryptTo(publicKeys: string[], text: string): Promise<string> {
  if (publicKeys.length === 0) throw new Error('a message that is encrypted to no key could never be opened');
  const encryptionKeys = await Promise.all(publicKeys.map((armoredKey) => readKey({ armoredKey })));
  return encrypt({ message: await createMessage({ binary: new TextEncoder().encode(text) }), encryptionKeys, sessionKey: { data: randomBytes(32), algorithm: 'aes256' }, config: { ...config, aeadProtect: false } });
}

/** A new key pair, armored, without a passphrase: version 4, ed25519 to certify and sign, cv25519 to encrypt. */
export async function generateRepositoryKey(of: RepositoryKeyId): Promise<{ fingerprint: string; publicKey: string; privateKey: string }> {
  const name = `Roundhouse ${of.host} repository ${of.repositoryId}`;
  if (!repositoryUserId.test(`${name} (${of.fullName})`)) throw new Error(`no key can be named after the repository ${of.fullName}, number ${of.repositoryId} on ${of.host}`);
  const { publicKey, privateKey } = await generateKey({ type: 'ecc', curve: 'curve25519Legacy', userIDs: { name, comment: of.fullName }, format: 'object', config: { v6Keys: false, aeadProtect: false } });
  return { fingerprint: fingerprintOf(publicKey), publicKey: publicKey.armor(), privateKey: privateKey.armor() };
}

const repositoryUserId = /^Roundhouse ([^\s()]+) repository ([1-9]\d{0,15}) \(([\w.-]+\/[\w.-]+)\)$/;

/** Of which repository it is, by the user id that the key itself has signed. */
export async function describeKey(armoredPublic: string): Promise<({ fingerprint: string } & RepositoryKeyId) | { problem: string }> {
  let key: Key;
  let userId: string | undefined;
  try {
    key = await readKey({ armoredKey: armoredPublic });
    userId = (await key.getPrimaryUser()).user.userID?.userID;
  } catch {
    return { problem: 'it is not a valid armored OpenPGP key. Fetch it again with `roundhouse secrets key`.' };
  }
  const [, host, id, fullName] = repositoryUserId.exec(userId ?? '') ?? [];
  if (host === undefined || fullName === undefined || key.getUserIDs().length !== 1 || key.isPrivate()) return { problem: 'it is not the public key of a repository: its one user id must be `Roundhouse HOST repository ID (OWNER/NAME)`. Fetch the right one with `roundhouse secrets key`.' };
  return { fingerprint: fingerprintOf(key), host, repositoryId: Number(id), fullName };
}

/** By which a message names this key, public or private. */
export async function encryptionKeyIds(armoredKey: string): Promise<string[]> {
  const key = await readKey({ armoredKey });
  const ids = key.getKeys().map(async (each) => {
    // null: whether it has expired does not matter to what was encrypted before.
    const found = await key.getEncryptionKey(each.getKeyID(), null).catch(() => null);
    return found === null ? [] : [each.getKeyID().toHex().toUpperCase()];
  });
  return (await Promise.all(ids)).flat();
}

const fingerprintOf = (key: Key): string => key.getFingerprint().toUpperCase();

const altered: OpenProblem = { problem: 'altered', sentence: 'the message was altered or damaged after it was encrypted. Take the file from git as it was, or set the secret again.' };
const unauthenticated: OpenProblem = { problem: 'unauthenticated', sentence: 'the message has no integrity protection: anybody could have changed it unseen, so it is refused unopened. Set the secret again with `roundhouse secrets set`, or with gpg 2.2 or newer.' };
const foreign = (keyIds: string[]): OpenProblem => ({ problem: 'foreign', sentence: `the message was made for another repository, or for a key that is gone: it is encrypted to ${keyIds.map((id) => (id === hiddenRecipient ? 'a hidden key' : id)).join(', ')}. Set the secret again with the key of this repository (\`roundhouse secrets key\`).` });
const unreadable = (sentence: string): OpenProblem => ({ problem: 'unreadable', sentence });

const noMessage = 'the file is not one armored OpenPGP message, from -----BEGIN PGP MESSAGE----- to -----END PGP MESSAGE----- and nothing else. Set the secret again.';

/** What openpgp.js finds after it has proven the message's integrity; all else that it throws is about the integrity itself. */
function failureOf(error: Error): OpenProblem {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (/maximum decompressed .*size exceeded/i.test(cause.message)) return unreadable(`the message unpacks to more than ${largestTextBytes} bytes. Set the secret again with a shorter value.`);
    if (/^(Grammar|MalformedPacket|UnknownPacket|Unsupported)Error$/.test(cause.name)) return unreadable('what was encrypted is not one OpenPGP text. Set the secret again.');
  }
  return altered;
}

function textOf(data: Uint8Array | null): { text: string } | OpenProblem {
  if (data === null) return unreadable('nothing was encrypted in the message. Set the secret again.');
  if (data.length > largestTextBytes) return unreadable(`the message holds ${data.length} bytes; the most is ${largestTextBytes}.`);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(data) };
  } catch {
    return unreadable('what was encrypted is not text in UTF-8. Set the secret again.');
  }
}

/** A message that we would decrypt: session keys for recipients, then data with integrity protection, and nothing else. */
async function partsOf(armored: string): Promise<{ bytes: Uint8Array; keyIds: string[] } | OpenProblem> {
  const size = Buffer.byteLength(armored);
  if (size > largestArmoredBytes) return unreadable(`the file is ${size} bytes long; the most is ${largestArmoredBytes}.`);
  const bytes = await bytesOf(armored.trim());
  const packets = bytes && packetsOf(bytes);
  if (!bytes || !packets || packets.length === 0) return unreadable(noMessage);

  const tags = packets.map(({ tag }) => tag);
  if (tags.includes(tag.unprotectedData)) return unauthenticated;
  if (tags.includes(tag.passwordSessionKey)) return unreadable("the message is encrypted with a password. Encrypt it to the repository's key alone.");
  if (tags.includes(tag.draftData)) return unreadable('the message uses an encryption of a draft that never became the standard. Encrypt it with gpg --rfc4880.');
  if (!tags.includes(tag.protectedData)) return unreadable('the message is not encrypted. If it holds the value, everybody who reads the repository has it: replace it where it is used, then set the secret.');
  const recipients = packets.slice(0, -1);
  if (tags.at(-1) !== tag.protectedData || recipients.length === 0 || recipients.some((packet) => packet.tag !== tag.sessionKey)) return unreadable(noMessage);
  if (recipients.length > mostRecipients) return unreadable(`the message is encrypted to ${recipients.length} keys; the most is ${mostRecipients}.`);

  const keyIds = recipients.map(({ body }) => recipientOf(body));
  const version = packets.at(-1)!.body[0]!;
  if (!keyIds.every((id) => id !== null) || (version !== 1 && version !== 2)) return unreadable('the message is of a version that is not known here. Set the secret again.');
  return { bytes, keyIds };
}

/** RFC 9580, section 5. */
const tag = { sessionKey: 1, passwordSessionKey: 3, unprotectedData: 9, protectedData: 18, draftData: 20 };

async function bytesOf(armored: string): Promise<Uint8Array | null> {
  const lines = armored.split(/\r?\n/);
  const isOne = lines[0]?.trimEnd() === '-----BEGIN PGP MESSAGE-----' && lines.at(-1) === '-----END PGP MESSAGE-----' && lines.filter((line) => line.startsWith('-----')).length === 2;
  if (!isOne) return null;
  return unarmor(armored).then(
    ({ data }) => data as unknown as Uint8Array,
    () => null,
  );
}

/** RFC 9580, section 4.2; null when the lengths do not add up. Of bodies in several pieces (data may have them) only the first is kept. */
function packetsOf(bytes: Uint8Array): { tag: number; body: Uint8Array }[] | null {
  const packets: { tag: number; body: Uint8Array }[] = [];
  const number = (at: number, size: number): number => bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at++]!;
    if ((first & 0x80) === 0) return null;
    const isNew = (first & 0x40) !== 0;
    let body: Uint8Array | undefined;
    for (let isLast = false; !isLast; ) {
      isLast = true;
      let length: number;
      if (!isNew) {
        const size = [1, 2, 4, 0][first & 3]!;
        length = size === 0 ? bytes.length - at : number(at, size);
        at += size;
      } else {
        const octet = bytes[at++] ?? NaN;
        if (octet >= 224 && octet < 255) [length, isLast] = [2 ** (octet & 31), false];
        else if (octet < 192) length = octet;
        else if (octet < 224) length = (octet - 192) * 256 + number(at++, 1) + 192;
        else [length, at] = [number(at, 4), at + 4];
      }
      if (!(at + length <= bytes.length)) return null;
      body ??= bytes.subarray(at, at + length);
      at += length;
    }
    packets.push({ tag: isNew ? first & 63 : (first >> 2) & 15, body: body! });
  }
  return packets;
}

/** RFC 9580, section 5.1: version 3 has the id, version 6 the fingerprint, from which it follows. */
function recipientOf(body: Uint8Array): string | null {
  const hex = (from: number): string | null => (from + 8 <= body.length ? Buffer.from(body.subarray(from, from + 8)).toString('hex').toUpperCase() : null);
  if (body[0] === 3) return hex(1);
  const size = body[1];
  if (body[0] !== 6 || size === undefined) return null;
  if (size === 0) return hiddenRecipient;
  return body[2] === 4 ? hex(2 + size - 8) : hex(3);
}
