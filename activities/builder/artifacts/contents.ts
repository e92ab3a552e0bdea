// What is in these files of a sandbox? One file after the other, each as it comes.

import type { Readable } from 'node:stream';
import { pieceMarks } from '../../../sandbox-agent/protocol.ts';

/** The next piece of a file, its end, or why it cannot be read. */
export type Piece = { kind: 'bytes'; bytes: Buffer } | { kind: 'end' } | { kind: 'unreadable'; why: string };

/** A sandbox must not make us hold more. */
const longestPiece = 1024 * 1024;

export async function* piecesOf(stream: Readable): AsyncGenerator<Piece> {
  const read = reader(stream);
  for (;;) {
    const head = await read(4);
    if (head === null) return;
    const length = head.readUInt32BE();
    if (length === pieceMarks.endOfFile) yield { kind: 'end' };
    else if (length === pieceMarks.unreadable) yield { kind: 'unreadable', why: (await whole((await whole(4)).readUInt32BE())).toString('utf8') };
    else yield { kind: 'bytes', bytes: await whole(length) };
  }

  async function whole(length: number): Promise<Buffer> {
    if (length > longestPiece) throw new Error('the helper in the sandbox does not keep its word');
    const bytes = await read(length);
    if (bytes === null) throw new Error('the helper in the sandbox ended in the middle of a file');
    return bytes;
  }
}

/** Reads so many bytes; null at the end. */
function reader(stream: Readable): (length: number) => Promise<Buffer | null> {
  const parts = stream.iterator() as AsyncIterator<Buffer>;
  let waiting: Buffer[] = [];
  let length = 0;
  return async (wanted) => {
    while (length < wanted) {
      const { value, done } = (await parts.next()) as IteratorResult<Buffer, undefined>;
      if (done) return null;
      waiting.push(value);
      length += value.length;
    }
    const all = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    waiting = [all.subarray(wanted)];
    length -= wanted;
    return all.subarray(0, wanted);
  };
}
