// Where does a process keep its own ssh key?

import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import ssh2 from 'ssh2';

export type KeyPair = {
  /** OpenSSH's format. */
  privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
};

/** The ed25519 key in the file, which is made, for its owner alone, when it is missing. Of several processes that make it at once all get the same. */
export async function loadOrCreateKey(path: string): Promise<KeyPair> {
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await createKeyFile(path);
    return readFile(path, 'utf8');
  });
  if (((await stat(path)).mode & 0o077) !== 0) throw new Error(`the private key ${path} may be read by others: chmod 600 it, or remove it if they may have read it`);
  return keyPair(text, path);
}

/** The same, with its public part in a file beside it, for builders to pin. */
export async function loadOrCreateHostKey(path: string): Promise<KeyPair> {
  const key = await loadOrCreateKey(path);
  await writeFile(`${path}.pub`, `${key.publicKey}\n`);
  return key;
}

async function createKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    await writeFile(temporary, generateKey().privateKey, { mode: 0o600, flag: 'wx' });
    // The umask takes away, it never gives; but it may take the owner's own.
    await chmod(temporary, 0o600);
    // Unlike rename, link leaves the key of whoever came first.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** ssh2 1.17 writes about one ed25519 key in four hundred in a form that it cannot read again. */
export function generateKey(): KeyPair {
  for (;;) {
    const { private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(privateKey) instanceof Error)) return keyPair(privateKey, 'a new key');
  }
}

function keyPair(privateKey: string, where: string): KeyPair {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || !key.isPrivateKey()) throw new Error(`${where} is no private key in OpenSSH's format`, { cause: key });
  return { privateKey, publicKey: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}
