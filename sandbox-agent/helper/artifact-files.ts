// Which files does store_artifacts mean, and what is in them?

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { once } from 'node:events';
import { pieceMarks } from '../protocol.ts';
import { bytesOf, filesBelow, fullPath, kindAt, type Kind } from './files.ts';

export type ArtifactFiles =
  | {
      /** In full, as bytes (latin1). */
      path: string;
      isFolder: boolean;
      /** Of a folder: from there. Of a file: one empty path. */
      files: string[];
      /** How many there are of what is neither file nor folder, with the name of one. */
      others: Partial<Record<Kind, { count: number; one: string }>>;
    }
  | { missing: true }
  | { refused: string };

/** Links are not followed: what they lead to may be anywhere. */
export async function artifactFiles({ path: given, most }: { path: string; most: number }): Promise<ArtifactFiles> {
  const path = fullPath(given);
  const kind = await kindAt(path);
  if (kind === null) return { missing: true };
  const [files, others]: [string[], { [K in Kind]?: { count: number; one: string } }] = [[], {}];
  const add = (file: { path: string; kind: Kind }): void => {
    if (file.kind === 'file') files.push(file.path);
    else others[file.kind] = { one: file.path, ...others[file.kind], count: (others[file.kind]?.count ?? 0) + 1 };
  };
  if (kind !== 'folder') add({ path: '', kind });
  else {
    try {
      for await (const file of filesBelow(path)) {
        add(file);
        if (files.length > most) break;
      }
    } catch (error) {
      return { refused: (error as Error).message };
    }
  }
  return { path, isFolder: kind === 'folder', files, others };
}

const pieceBytes = 1024 * 1024;

/** The content of these files, one after the other, as `pieceMarks` has it. Of a file that cannot be read it says why, and goes on with the next. */
export async function artifactContents(paths: string[], out: Writable): Promise<void> {
  const write = async (bytes: Buffer): Promise<void> => void (out.write(bytes) || (await once(out, 'drain')));
  const length = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  for (const path of paths) {
    try {
      // It may have become a link or a FIFO since it was listed.
      await using file = await open(bytesOf(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if (!(await file.stat()).isFile()) throw new Error('it is no file any more');
      for (;;) {
        // Of its own each time: what was written may not have left yet.
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(pieceBytes));
        if (bytesRead === 0) break;
        await write(length(bytesRead));
        await write(buffer.subarray(0, bytesRead));
      }
      await write(length(pieceMarks.endOfFile));
    } catch (error) {
      const why = Buffer.from((error as Error).message);
      await write(Buffer.concat([length(pieceMarks.unreadable), length(why.length), why]));
    }
  }
}
