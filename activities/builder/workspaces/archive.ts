// How does a part of a sandbox's files become one packed file, and files again? By a tar in the sandbox, as the user of the steps.

import { Readable } from 'node:stream';
import { pack, unpackInto, type Bounds } from '../caches/packing.ts';
import type { DataSandbox } from '../data-step.ts';

type Sandbox = Pick<DataSandbox, 'tool'>;
/** A sandbox, or a store that is away, may take its time: the job's is the limit. */
const boundsOf = (maxBytes: number, signal: AbortSignal): Bounds => ({ maxBytes, stallMs: Infinity, signal });

/** What one command line carries, with room to spare. */
const mostNameBytes = 1_000_000;

/** `complaints`: what tar said of files that changed meanwhile. */
export type Packed = { bytes: number; complaints: string } | { failed: string };

/** `names` from `folder`, as bytes (latin1); a folder means all of it. `tooLarge` is said of more than `maxBytes`. */
export async function packFiles(sandbox: Sandbox, what: { folder: string; names: string[]; maxBytes: number; tooLarge: string }, file: string, signal: AbortSignal): Promise<Packed> {
  const names = what.names.map((name) => Buffer.from(name, 'latin1'));
  const texts = names.map((name) => name.toString('utf8'));
  if (names.reduce((sum, { length }) => sum + length + 1, 0) > mostNameBytes) return { failed: 'The paths match too many files and folders. Name the folders that hold them.' };
  if (!texts.every((text, index) => Buffer.from(text).equals(names[index]!))) return { failed: 'The paths match a name that is not UTF-8. Name the folder that holds it.' };
  const { stream, ended } = await sandbox.tool({ program: 'tar', args: ['--create', '--totals', '--', ...texts], cwd: what.folder, stream: 'out' });
  ended.catch(() => undefined);
  const flow = await pack(stream, file, boundsOf(what.maxBytes, signal));
  if (flow.ended === 'too-large') return { failed: what.tooLarge };
  const { exitCode, signal: killedBy, errors } = await ended;
  if (flow.ended !== 'well') throw new Error(`zstd failed: ${flow.complaint}`);
  // 1: a file changed while it was read.
  if (exitCode !== 0 && exitCode !== 1) return { failed: `tar ended with ${exitCode ?? killedBy}: ${lastLines(errors)}` };
  return { bytes: Number(/^Total bytes written: (\d{1,15})\b/m.exec(errors)?.[1] ?? 0), complaints: exitCode === 1 ? lastLines(errors) : '' };
}

/**
 * Unpacks archives into `folder`, later ones over earlier ones. To tar they are one archive: it sets links that lead out last, so that
 * nothing is written through a link, whichever archive brought it. Answers what tar said when it failed.
 */
export async function unpackFiles(sandbox: Sandbox, folder: string, archives: Iterable<AsyncIterable<Uint8Array>>, maxBytes: number, signal: AbortSignal): Promise<string | null> {
  let fault: Error | null = null;
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      for (const archive of archives) yield* archive;
    } catch (error) {
      fault = error as Error;
      throw error;
    }
  }
  const { stream, ended } = await sandbox.tool({ program: 'tar', args: ['--extract', '--ignore-zeros', '--preserve-permissions', '--no-same-owner', '--warning=no-timestamp'], cwd: folder, stream: 'in' });
  ended.catch(() => undefined);
  const flow = await unpackInto(Readable.from(all()), stream, boundsOf(maxBytes, signal));
  if (fault) throw new Error('the layers of the workspace cannot be read', { cause: fault });
  if (flow.ended === 'too-large') return 'It takes more than the installation allows.';
  const { exitCode, signal: killedBy, errors } = await ended;
  if (exitCode !== 0) return `tar ended with ${exitCode ?? killedBy}: ${lastLines(errors)}`;
  if (flow.ended !== 'well') throw new Error(`zstd failed: ${flow.complaint}`);
  return null;
}

/** It comes from the sandbox. */
const lastLines = (errors: string): string =>
  errors
    .split('\n')
    .filter((line) => line !== '' && !/^Total bytes written|Exiting with failure status/.test(line))
    .slice(-10)
    .join('\n')
    .slice(-2000);
