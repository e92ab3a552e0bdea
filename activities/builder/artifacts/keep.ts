// How do many files of a sandbox get into the object store?

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { artifactFileKey, type StoredArtifact } from '../../../config-schema/artifact.ts';
import type { DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { untilStored } from '../until-stored.ts';
import { gigabytes, some } from '../words.ts';
import { piecesOf, type Piece } from './contents.ts';

/** `source`: where it is in the sandbox, as bytes (latin1). `path`: as people see it. */
export type Wanted = { artifacts: string; wanted: { source: string; path: string }[]; mostBytes: number };

/** The sandbox sends one after the other; a store across a network takes many at once. */
const mostAtOnce = 8;

/** `fault`: why not all of them were kept, for the user. */
export async function keepFiles({ store, spool, limits }: Pick<DataStepPorts, 'store' | 'spool' | 'limits'>, run: DataRun, { artifacts, wanted, mostBytes }: Wanted): Promise<{ files: StoredArtifact[]; fault: string | null }> {
  if (wanted.length === 0) return { files: [], fault: null };
  const files: StoredArtifact[] = [];
  const unread: string[] = [];
  let fault: string | null = null;
  let bytesLeft = mostBytes;
  const uploads = new Set<Promise<void>>();
  const { stream, ended } = await run.sandbox.tool({ program: 'helper', args: ['artifactContents'], stream: 'both' });
  try {
    stream.end(JSON.stringify(wanted.map(({ source }) => source)));
    const pieces = piecesOf(stream);
    for (const [file, { path }] of wanted.entries()) {
      if (fault !== null) break;
      if (uploads.size >= mostAtOnce) await Promise.race(uploads);
      const taken = Promise.withResolvers<void>();
      const upload = spool(async (spooled) => {
        const content = await takeFile(pieces, spooled, bytesLeft);
        if ('bytes' in content) bytesLeft -= content.bytes;
        else if (content.why === null) fault = `The artifacts of this slice take more than ${gigabytes(limits.artifactBytes)}: ${path} and what follows it was not stored. Store less, or have the operator raise artifactMaxGigabytes.`;
        else unread.push(`${path} (${content.why})`);
        taken.resolve();
        if (!('bytes' in content)) return;
        await untilStored(run, () => store.putFile(artifactFileKey(artifacts, file), spooled));
        files.push({ path, file, ...content });
      });
      uploads.add(upload);
      upload.then(() => uploads.delete(upload), taken.reject);
      await taken.promise;
    }
    await Promise.all(uploads);
  } finally {
    stream.destroy();
    await Promise.allSettled([ended, ...uploads]);
  }
  if (unread.length > 0) fault ??= `What could not be read was not stored: ${some(unread)}`;
  return { files: files.sort((a, b) => a.file - b.file), fault };
}

/** Writes the next file to `spooled`; or says why there is none: null for one that is larger than what is left. */
async function takeFile(pieces: AsyncGenerator<Piece>, spooled: string, mostBytes: number): Promise<Pick<StoredArtifact, 'bytes' | 'sha256'> | { why: string | null }> {
  await using out = await open(spooled, 'w');
  const hash = createHash('sha256');
  for (let bytes = 0; ; ) {
    const { value: piece, done } = await pieces.next();
    if (done) throw new Error('the helper in the sandbox ended before the last file');
    if (piece.kind === 'unreadable') return { why: piece.why };
    if (piece.kind === 'end') return { bytes, sha256: hash.digest('hex') };
    bytes += piece.bytes.length;
    if (bytes > mostBytes) return { why: null };
    hash.update(piece.bytes);
    await out.writeFile(piece.bytes);
  }
}
