// Where do ssh keys come from?

import ssh2 from 'ssh2';

export type SshKeys = { /** In OpenSSH's own format. */ private: string; /** `ssh-ed25519 AAAA…` */ public: string };

/**
 * ssh2 strips leading zero bytes of a public key, so that one in 256 of its Ed25519 keys is a byte short and nobody can read it: such
 * a one is thrown away.
 */
export function makeSshKeys(): SshKeys {
  for (;;) {
    const keys = ssh2.utils.generateKeyPairSync('ed25519');
    if (Buffer.from(keys.public.split(' ')[1] ?? '', 'base64').length === wholeBytes) return keys;
  }
}

/** Two lengths of four bytes, the name `ssh-ed25519`, and 32 bytes of key. */
const wholeBytes = 4 + 11 + 4 + 32;
