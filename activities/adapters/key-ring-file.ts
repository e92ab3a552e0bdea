// How is a ring of keys kept in a file?

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatKeyRing, makeKey } from '../control/key-ring.ts';

/** The file's text; the file is made, for its owner alone, with one new key when it is missing. Of several processes that make it at once all get the same. */
export async function readOrMakeRing(file: string): Promise<string> {
  const there = await readRing(file);
  if (there !== undefined) return there.text;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = formatKeyRing([makeKey()]);
  // Unlike rename, link leaves the ring of whoever came first.
  const isOurs = await writeWhole(file, fresh, (temporary) =>
    link(temporary, file).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
        return false;
      },
    ),
  );
  return isOurs ? fresh : (await readRing(file))!.text;
}

/** undefined: there is none. The mode is that of the file whose text it is. */
export async function readRing(file: string): Promise<{ text: string; mode: number } | undefined> {
  try {
    await using handle = await open(file);
    return { text: await handle.readFile('utf8'), mode: (await handle.stat()).mode };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** The whole text or none of it, durably, and never for a moment with a wider mode. */
export const replaceFile = (file: string, bytes: string | Uint8Array): Promise<void> => writeWhole(file, bytes, (temporary) => rename(temporary, file));

async function writeWhole<T>(file: string, bytes: string | Uint8Array, place: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}${temporaryEnd}`;
  try {
    {
      await using handle = await open(temporary, 'wx', 0o600);
      await handle.writeFile(bytes);
      await handle.sync();
    }
    const placed = await place(temporary);
    // What is encrypted under a key may be durable a moment later: then the key must be.
    await using folder = await open(dirname(file));
    await folder.sync();
    return placed;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** By which a temporary file is known that a crash has left. */
export const temporaryEnd = '.new';
