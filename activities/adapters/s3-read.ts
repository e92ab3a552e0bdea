// How is an object read from S3: in ranges, several at once, in order?

import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { isAbsent, nameOf, s3Fault } from './s3-faults.ts';
import type { S3Place } from './s3-faults.ts';

type Range = { from?: number; to?: number };
type Part = { bytes: Uint8Array; size: number; etag: string | undefined };

const [rangeBytes, rangesAtOnce, tries] = [8 * 2 ** 20, 4, 4];

/** The bytes of a range that is not empty. The first part is fetched before it resolves, which is all of most objects. */
export function rangeReader(client: S3Client, place: S3Place) {
  return async ({ Bucket, Key }: { Bucket: string; Key: string }, key: string, { from = 0, to = Infinity }: Range): Promise<AsyncIterable<Uint8Array> | undefined> => {
    const ended = new AbortController();

    /** The SDK sends requests again, but not after an answer has begun. */
    async function fetchPart(start: number, end: number, etag?: string): Promise<Part> {
      for (let tried = 1; ; tried += 1) {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${start}-${end - 1}`, ...(etag !== undefined && { IfMatch: etag }) }), { abortSignal: ended.signal });
        try {
          const bytes = await answer.Body!.transformToByteArray();
          return { bytes, size: Number(/[/](\d+)$/.exec(answer.ContentRange ?? '')?.[1] ?? bytes.byteLength), etag: answer.ETag };
        } catch (error) {
          if (tried === tries || ended.signal.aborted) throw error;
        }
      }
    }

    const fault = (cause: unknown): Error =>
      nameOf(cause) === 'PreconditionFailed' ? new Error(`${key} was replaced while it was read. Read it again.`, { cause }) : s3Fault(`cannot read ${key}`, place, cause);

    let first: Part;
    try {
      first = await fetchPart(from, Math.min(to, from + rangeBytes));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      // S3 has no range in an empty object, nor behind the end of any.
      if (nameOf(error) === 'InvalidRange') return parts();
      throw fault(error);
    }
    return parts(first);

    async function* parts(head?: Part): AsyncGenerator<Uint8Array> {
      if (!head) return;
      if (head.bytes.byteLength > 0) yield head.bytes;
      const end = Math.min(to, head.size);
      const coming: Promise<Part>[] = [];
      try {
        for (let start = from + head.bytes.byteLength; start < end || coming.length > 0; ) {
          for (; start < end && coming.length < rangesAtOnce; start += rangeBytes) {
            const part = fetchPart(start, Math.min(end, start + rangeBytes), head.etag);
            // It may fail while an earlier one is waited for, and is asked later.
            part.catch(() => undefined);
            coming.push(part);
          }
          yield (await coming.shift()!).bytes;
        }
      } catch (error) {
        throw fault(error);
      } finally {
        ended.abort();
      }
    }
  };
}
