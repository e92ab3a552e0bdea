// Which files of the data folder does a backup save, and how do they come back?

import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Settings } from '../../config-schema/settings.ts';
import type { DataFolder } from '../control/backup.ts';
import type { TarEntry } from '../control/tar.ts';
import { replaceFile, temporaryEnd } from './key-ring-file.ts';

/** A key is small; what somebody has laid down beside the keys need not be. */
const largestFile = 16 * 2 ** 20;

export function dataFolder(settings: Pick<Settings, 'data' | 'cache' | 'store' | 'builderState' | 'kekFile' | 'payloadKeyFile' | 'privateKeyPath'>): DataFolder {
  const folder = resolve(settings.data);
  const skipped = [join(folder, 'store'), join(folder, 'builder'), ...(settings.store.kind === 'file' ? [resolve(settings.store.folder)] : []), resolve(settings.builderState), resolve(settings.cache)];
  const inside = (path: string): string | null => (resolve(path).startsWith(`${folder}/`) ? relative(folder, resolve(path)) : null);
  const elsewhere = [settings.kekFile, settings.payloadKeyFile, settings.privateKeyPath].flatMap((path) => (path === null || inside(path) !== null ? [] : [path]));

  return {
    rings: [settings.kekFile, settings.payloadKeyFile].flatMap((path) => inside(path) ?? []),

    async files() {
      const files: TarEntry[] = [];
      const leftOut: string[] = [];
      for (const path of elsewhere) if (await statOf(path)) leftOut.push(`${path} is not in this backup: it lies outside of the data folder. Save it as well.`);
      for await (const path of filesUnder(folder, skipped)) {
        const name = relative(folder, path);
        const size = (await statOf(path))?.size ?? 0;
        if (size > largestFile) leftOut.push(`${name} of the data folder is not in this backup: it has ${Math.round(size / 2 ** 20)} MiB, which no key has. Save it yourself if you need it.`);
        else {
          const bytes = await readFile(path).catch(absent);
          if (bytes) files.push({ path: name, bytes });
        }
      }
      return { files, leftOut };
    },

    read: (path) => readFile(join(folder, path)).catch(absent),

    async write(path, bytes) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await replaceFile(file, bytes);
    },
  };
}

/** In the order of the alphabet. Links lead to files only: a folder that lies elsewhere is saved by whoever put it there. */
async function* filesUnder(folder: string, skipped: string[]): AsyncGenerator<string> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(absent)) ?? [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (skipped.includes(path) || /^temporal\.db/.test(entry.name) || entry.name.endsWith('.lock') || entry.name.endsWith(temporaryEnd)) continue;
    if (entry.isDirectory()) yield* filesUnder(path, skipped);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await statOf(path))?.isFile())) yield path;
  }
}

const statOf = (path: string) => stat(path).catch(absent);

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
