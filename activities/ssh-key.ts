// What is known of an ssh key without its secret, and which keys does a step mean?

import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';

export type SshKey = {
  /** `SHA256:` and base64 without padding, as ssh-keygen shows it. */
  fingerprint: string;
  /** Sixteen bytes in hexadecimal with colons: `1b:c3:…`. */
  md5: string;
  /** The one host that it is for; null: any. */
  host: string | null;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
  comment: string;
};

/** The keys with these fingerprints, in order, each once; null: all of them. */
export function chooseKeys<Key extends Pick<SshKey, 'fingerprint' | 'md5'>>(keys: readonly Key[], fingerprints: readonly string[] | null, repository = 'OWNER/NAME'): { chosen: Key[] } | { problem: string } {
  if (fingerprints === null) return { chosen: [...keys] };
  const chosen = new Set<Key>();
  for (const written of fingerprints) {
    const key = keys.find(({ fingerprint, md5 }) => plain(written) === plain(fingerprint) || plain(written) === plain(md5));
    if (!key) return { problem: `the key ${written} is not among the ssh keys of this repository; add it: roundhouse ssh-keys add ${repository}` };
    chosen.add(key);
  }
  return { chosen: [...chosen] };
}

/** Of all the ways in which one fingerprint is written, one: MD5 with or without prefix and colons, SHA256 with or without prefix and padding. */
function plain(fingerprint: string): string {
  const md5 = fingerprint.trim().replace(/^MD5:/i, '').replaceAll(':', '').toLowerCase();
  return /^[0-9a-f]{32}$/.test(md5) ? md5 : fingerprint.trim().replace(/^SHA256:/i, '').replace(/=+$/, '');
}

/** The problem is a sentence that goes on after "this" or the name of a file. */
export function describeSshKey(privateKey: string): { publicKey: string; fingerprint: string; md5: string; type: string } | { problem: string } {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) return { problem: problemOf(privateKey, key) };
  if (!key.isPrivateKey()) return { problem: 'is a public key. Hand in the private one, the file without .pub.' };
  if (!usable.test(key.type)) return { problem: `is a key of the type ${key.type}, which today's ssh servers refuse. Make one with: ssh-keygen -t ed25519` };
  const bytes = key.getPublicSSH();
  return {
    publicKey: `${key.type} ${bytes.toString('base64')}`,
    fingerprint: `SHA256:${digest('sha256', bytes).toString('base64').replace(/=+$/, '')}`,
    md5: digest('md5', bytes).toString('hex').replace(/..(?!$)/g, '$&:'),
    type: key.type,
  };
}

/** A host as a line of ssh's configuration can hold it, without patterns. */
export const isSshHost = (host: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(host);

const usable = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

function problemOf(privateKey: string, { message }: Error): string {
  if (/encrypted/i.test(message)) return 'is protected by a passphrase, which nobody types in a build. Make a copy without it: ssh-keygen -p -N "" -f COPY';
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(privateKey)) return 'is a private key in PKCS#8. Bring it into the form of OpenSSH: ssh-keygen -p -N "" -f COPY';
  return 'is no ssh key. Hand in a private key as ssh-keygen makes it.';
}

const digest = (algorithm: 'sha256' | 'md5', bytes: Buffer): Buffer => createHash(algorithm).update(bytes).digest();
