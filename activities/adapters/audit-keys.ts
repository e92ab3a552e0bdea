// By which key are entries of the audit log signed, and how does anybody of this installation know its public part?

import { appendFile, readFile } from 'node:fs/promises';
import { makeAuditKey } from '../control/audit-chain.ts';
import type { AuditKey } from '../control/audit.ts';
import type { Vault } from '../control/vault.ts';
import { ObjectExists } from '../object-store.ts';

const name = 'audit-key';

/**
 * The private part lies in the vault; it is asked for anew for each entry, so that one that was changed is used at once. Public parts lie
 * in the file, oldest first, where a writer of the object store cannot reach.
 */
export function auditKeys(vault: Vault, publicFile: string): { signingKey: () => Promise<AuditKey>; publicKeys: () => Promise<string[]> } {
  const noted = new Set<string>();

  async function signingKey(): Promise<AuditKey> {
    for (;;) {
      const opened = await vault.open<{ publicKey: string }, AuditKey>(name, 'audit-key');
      if (opened?.secret) {
        await note(opened.secret.publicKey);
        return opened.secret;
      }
      const key = makeAuditKey();
      await vault.put(name, { publicKey: key.publicKey }, key, { ifAbsent: opened === undefined }).catch((error: unknown) => {
        // Another process came first.
        if (!(error instanceof ObjectExists)) throw error;
      });
    }
  }

  async function note(publicKey: string): Promise<void> {
    if (noted.has(publicKey)) return;
    if (!(await publicKeys()).includes(publicKey.trim())) await appendFile(publicFile, `${publicKey.trim()}\n`, { mode: 0o600 });
    noted.add(publicKey);
  }

  const publicKeys = (): Promise<string[]> => readPublicKeys(publicFile);
  return { signingKey, publicKeys };
}

/** In PEM, oldest first; none where nothing was ever signed. */
export async function readPublicKeys(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  return text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
}
