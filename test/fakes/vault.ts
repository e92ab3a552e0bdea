// A vault in memory, without encryption: what is put is kept as JSON, and every opening is counted.

import { ObjectExists } from '../../activities/object-store.ts';
import type { Purpose, Vault } from '../../activities/control/vault.ts';

export type MemoryVault = Vault & { entries: ReadonlyMap<string, { about: string; secret: string | null }> };

export function memoryVault(): MemoryVault {
  const entries = new Map<string, { about: string; secret: string | null }>();
  const uses: Record<Purpose, number> = { 'committed-secret': 0, context: 0, variable: 0, 'ssh-key': 0, 'deploy-key': 0, 'audit-key': 0, rewrap: 0 };
  const read = <T>(text: string): T => JSON.parse(text) as T;
  // Each call waits once, as one of a store does: what runs at once shall meet here as it does there.
  const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    entries,
    async put(name, about, secret, { ifAbsent = false } = {}) {
      await soon();
      if (ifAbsent && entries.has(name)) throw new ObjectExists(`vault/${name}`);
      entries.set(name, { about: JSON.stringify(about), secret: secret === null ? null : JSON.stringify(secret) });
    },
    async open<About, Secret>(name: string, purpose: Purpose) {
      await soon();
      const entry = entries.get(name);
      if (!entry) return undefined;
      uses[purpose]++;
      return { about: read<About>(entry.about), secret: entry.secret === null ? null : read<Secret>(entry.secret) };
    },
    async about<About>(name: string) {
      await soon();
      const entry = entries.get(name);
      return entry && read<About>(entry.about);
    },
    async *list<About>(prefix: string) {
      await soon();
      for (const name of [...entries.keys()].filter((each) => each.startsWith(prefix)).sort()) {
        const entry = entries.get(name);
        if (entry) yield { name, about: read<About>(entry.about), isEmpty: entry.secret === null };
      }
    },
    async remove(name) {
      await soon();
      entries.delete(name);
    },
    uses: () => ({ ...uses }),
  };
}
