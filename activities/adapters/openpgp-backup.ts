// How is a whole file encrypted to an operator's OpenPGP key, so that gpg opens it too?

import { createMessage, decrypt, decryptKey, encrypt, readKey, readKeys, readMessage, readPrivateKey } from 'openpgp';
import type { Key, Message, PartialConfig, PrivateKey } from 'openpgp';

/** Of the elder kind (SEIPD version 1 with MDC), which gpg 2.2 reads, whatever the keys say of themselves. */
const config: PartialConfig = { aeadProtect: false, allowUnauthenticatedMessages: false, ignoreMalformedPackets: false };

/** One binary message that each of the public keys opens. They come as `gpg --export` writes them, armored or not. */
export async function encryptFile(publicKeys: string | Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
  const encryptionKeys = await keysOf(publicKeys);
  try {
    const message = await createMessage({ binary: bytes });
    return await encrypt({ message, encryptionKeys, format: 'binary', config });
  } catch (cause) {
    throw new Error(`the backup cannot be encrypted to this public key: ${(cause as Error).message}. Name a key that may encrypt, has not expired and is not revoked.`, { cause });
  }
}

/** Throws a sentence when the key is not the right one, its passphrase is missing or wrong, or the file was altered. */
export async function decryptFile(bytes: Uint8Array, { privateKey, passphrase }: { privateKey: string | Uint8Array; passphrase?: string }): Promise<Uint8Array> {
  const key = await unlocked(privateKey, passphrase);
  let message: Message<string | Uint8Array>;
  try {
    message = isArmored(bytes) ? await readMessage({ armoredMessage: Buffer.from(bytes).toString('latin1'), config }) : await readMessage({ binaryMessage: bytes, config });
  } catch (cause) {
    throw new Error('the file is damaged, or not encrypted with OpenPGP. Take another copy of the backup.', { cause });
  }
  const wanted = message.getEncryptionKeyIDs();
  const ours = key.getKeys().map((each) => each.getKeyID());
  if (!wanted.some((id) => /^0+$/.test(id.toHex()) || ours.some((own) => own.equals(id)))) throw new Error(`the backup is encrypted to ${wanted.map((id) => id.toHex().toUpperCase()).join(', ') || 'no key'}, and this private key is another. Name the private key of that id.`);
  try {
    return (await decrypt({ message, decryptionKeys: key, format: 'binary', config })).data as Uint8Array;
  } catch (cause) {
    throw new Error('the backup was altered or damaged after it was encrypted. Take another copy of it.', { cause });
  }
}

async function keysOf(publicKeys: string | Uint8Array): Promise<Key[]> {
  try {
    const text = asArmored(publicKeys);
    const keys = await (text === null ? readKeys({ binaryKeys: publicKeys as Uint8Array }) : readKeys({ armoredKeys: text }));
    if (keys.length === 0) throw new Error('no key');
    return keys.map((key) => key.toPublic());
  } catch (cause) {
    throw new Error('this is no OpenPGP public key. Name a file as written by: gpg --export --armor NAME', { cause });
  }
}

async function unlocked(privateKey: string | Uint8Array, passphrase: string | undefined): Promise<PrivateKey> {
  let key: PrivateKey;
  try {
    const text = asArmored(privateKey);
    key = await (text === null ? readPrivateKey({ binaryKey: privateKey as Uint8Array }) : readPrivateKey({ armoredKey: text }));
  } catch (cause) {
    const isPublic = await readKey({ armoredKey: asArmored(privateKey) ?? '' }).then((found) => !found.isPrivate(), () => false);
    throw new Error(`this is ${isPublic ? 'the public key: the backup opens by its private part' : 'no OpenPGP private key'}. Name a file as written by: gpg --export-secret-keys --armor NAME`, { cause });
  }
  if (key.isDecrypted()) return key;
  if (passphrase === undefined) throw new Error('the private key is locked by a passphrase. Give the passphrase too, or decrypt the backup by gpg and restore what comes out of it.');
  try {
    return await decryptKey({ privateKey: key, passphrase });
  } catch (cause) {
    throw new Error('the passphrase does not open the private key. Try again.', { cause });
  }
}

const isArmored = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 40)).toString('latin1').trimStart().startsWith('-----BEGIN PGP ');
const asArmored = (key: string | Uint8Array): string | null => (typeof key === 'string' ? key : isArmored(key) ? Buffer.from(key).toString('latin1') : null);
