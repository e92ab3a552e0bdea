// How does a credential reach one builder and nobody else?

import { readFile, writeFile, mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';

/** Compact JWE (RFC 7516), ECDH-ES with A256GCM, to the builder's public key. */
export async function seal(value: unknown, builderKey: Record<string, unknown>): Promise<string> {
  const key = await importJWK(builderKey as JWK, 'ECDH-ES');
  return new CompactEncrypt(Buffer.from(JSON.stringify(value))).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' }).encrypt(key);
}

export type SealingKey = { publicKey: Record<string, unknown>; unseal: (sealed: string) => Promise<unknown> };

/** The builder's key pair, kept in the file (0600); made when it is missing. */
export async function readSealingKey(file: string): Promise<SealingKey> {
  const secret = await readOrMake(file);
  const { d: _secret, ...publicKey } = secret;
  const key = await importJWK(secret, 'ECDH-ES');
  return {
    publicKey: publicKey as Record<string, unknown>,
    unseal: async (sealed) => JSON.parse(Buffer.from((await compactDecrypt(sealed, key)).plaintext).toString('utf8')) as unknown,
  };
}

async function readOrMake(file: string): Promise<JWK> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JWK;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, JSON.stringify(jwk), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return jwk;
}
