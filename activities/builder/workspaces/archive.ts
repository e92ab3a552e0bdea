// How does a part of a sandbox's files become one compressed file, and files again?
//
// A tar in the sandbox, as the user of the steps, has the connection as its input or output; what is compressed is compressed here.

import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { DataSandbox } from '../data-step.ts';

/** `failed`: what tar said, or why nothing was kept. */
export type Packed = { bytes: number; complaints: string } | { failed: string };

class TooLarge extends Error {}

const chunkSize = 256 * 1024;
// Level 1: a builder's cores belong to its builds.
const options = { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** `names` from `folder`, as bytes (latin1); a folder means all of it. `tooLarge` is said of an archive of more than `mostBytes`. */
export async function pack(sandbox: Pick<DataSandbox, 'tool'>, { folder, names, mostBytes, tooLarge }: { folder: string; names: string[]; mostBytes: number; tooLarge: string }, file: string): Promise<Packed> {
  const { stream, ended } = await sandbox.tool({ program: 'tar', args: ['--create', '--null', '--files-from=-'], cwd: folder, stream: 'both' });
  let bytes = 0;
  async function* counted(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      bytes += part.length;
      if (bytes > mostBytes) throw new TooLarge();
      yield part;
    }
  }
  try {
    stream.end(Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
    await pipeline(stream, counted, createZstdCompress(options), createWriteStream(file));
  } catch (error) {
    stream.destroy();
    await ended.catch(() => undefined);
    if (error instanceof TooLarge) return { failed: tooLarge };
    throw error;
  }
  const { exitCode, signal, errors } = await ended;
  // 1: a file changed while it was read.
  if (exitCode !== 0 && exitCode !== 1) return { failed: `tar ended with ${exitCode ?? signal}: ${lastLines(errors)}` };
  return { bytes, complaints: exitCode === 1 ? lastLines(errors) : '' };
}

/**
 * Unpacks archives into `folder`, later ones over earlier ones. To tar they are one archive: it sets links that lead out last, so that
 * nothing is written through a link, whichever archive brought it. Answers what tar said when it failed.
 */
export async function unpack(sandbox: Pick<DataSandbox, 'tool'>, folder: string, archives: Iterable<AsyncIterable<Uint8Array>>): Promise<string | null> {
  const { stream, ended } = await sandbox.tool({ program: 'tar', args: ['--extract', '--ignore-zeros', '--preserve-permissions', '--no-same-owner', '--warning=no-timestamp'], cwd: folder, stream: 'in' });
  try {
    for (const archive of archives) await pipeline(archive, createZstdDecompress({ chunkSize }), stream, { end: false });
    stream.end();
  } catch (error) {
    stream.destroy();
    await ended;
    if (!tarHasGone.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const { exitCode, signal, errors } = await ended;
  return exitCode === 0 ? null : `tar ended with ${exitCode ?? signal}: ${lastLines(errors)}`;
}

/** What writing to it says then; its own words say why. */
const tarHasGone = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** It comes from the sandbox. */
const lastLines = (errors: string): string => errors.trim().split('\n').slice(-10).join('\n').slice(-2000);
