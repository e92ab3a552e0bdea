// Where does a machine remember how far the audit log has come?

import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditHead, HighWater } from '../control/audit.ts';

/**
 * A folder with an empty file whose name is number and hash. A file that is written over would go backward when two processes note
 * their entries at once; of names, the highest holds, in whichever order they came.
 */
export function fileHighWater(folder: string): HighWater {
  return {
    read: async () => (await headsIn(folder)).at(-1) ?? null,
    async write(head) {
      const known = await headsIn(folder);
      if (known.some(({ seq }) => seq >= head.seq)) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, nameOf(head)), '', { mode: 0o600 });
      await syncFolder(folder);
      for (const lower of known) if (lower.seq < head.seq) await rm(join(folder, nameOf(lower)), { force: true });
    },
  };
}

const nameOf = ({ seq, hash }: AuditHead): string => `${String(seq).padStart(10, '0')}-${hash}`;

async function headsIn(folder: string): Promise<AuditHead[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  const heads = names.flatMap((name) => {
    const [, seq, hash] = /^(\d{10})-([0-9a-f]{64})$/.exec(name) ?? [];
    return hash === undefined ? [] : [{ seq: Number(seq), hash }];
  });
  return heads.sort((a, b) => a.seq - b.seq);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}
