// What tests of the vault need: a store in a folder, rings that change as those of files do, and a store that dies.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { openKeyRing } from '../../../activities/adapters/key-encryption-key.ts';
import { sealedVault } from '../../../activities/control/sealed-vault.ts';
import type { ObjectStore } from '../../../activities/object-store.ts';

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rv-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** An installation; each `open` of it is what another process has: a source and a vault of its own. */
export async function makeInstallation(t: TestContext) {
  const folder = await temporaryFolder(t);
  const settings = { kekFile: join(folder, 'data/kek.keys'), kek: null, kekCommand: null };
  const store = fileStore(join(folder, 'store'));
  const open = (through: ObjectStore = store) => {
    const ring = openKeyRing(settings, {});
    return { ring, vault: sealedVault({ store: through, ring }) };
  };
  return { folder, data: join(folder, 'data'), kekFile: settings.kekFile, store, open, ...open() };
}

/** Answers as the store does for so many writes; from then on nothing that a killed process would do is done. */
export function dyingStore(store: ObjectStore, writes: number): ObjectStore {
  let left = writes;
  const live = (): void => {
    if (left-- <= 0) throw new Error('killed');
  };
  return {
    ...store,
    async put(...args) {
      live();
      return store.put(...args);
    },
    async delete(key) {
      live();
      return store.delete(key);
    },
  };
}
