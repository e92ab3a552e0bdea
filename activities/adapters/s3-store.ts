// How does an S3 bucket serve as the object store?

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { checkKey, ObjectExists } from '../object-store.ts';
import type { ObjectStore } from '../object-store.ts';
import { isAbsent, nameOf, s3Fault, triesOf } from './s3-faults.ts';
import type { S3Place } from './s3-faults.ts';
import { rangeReader } from './s3-read.ts';
import { uploadSweeper } from './s3-sweep.ts';

/** An upload of so many parts at once has twice their bytes in memory at most. S3 takes 10000 parts: a stream may be of 78 GiB, a file of any size. */
export const [partBytes, partsAtOnce, mostParts] = [8 * 2 ** 20, 4, 10_000];

type Source = Uint8Array | AsyncIterable<Uint8Array> | { path: string };
type PutOptions = { ifAbsent?: boolean; contentType?: string };

/**
 * Keys are the bucket's, behind the prefix. What is larger than a part goes in parts, several at once; an upload that fails is aborted,
 * and one whose process died is aborted a day later by anybody's put.
 */
export function s3Store(client: S3Client, place: S3Place): ObjectStore {
  const nameFor = (key: string): { Bucket: string; Key: string } => {
    checkKey(key);
    return { Bucket: place.bucket, Key: place.prefix + key };
  };
  const fault = (doing: string) => (cause: unknown): never => {
    throw s3Fault(doing, place, cause);
  };
  const read = rangeReader(client, place);
  const sweep = uploadSweeper(client, place);
  const heads = async (key: string) => client.send(new HeadObjectCommand(nameFor(key))).catch((error: unknown) => (isAbsent(error) ? undefined : fault(`cannot look for ${key}`)(error)));

  async function store(key: string, source: Source, { ifAbsent = false, contentType }: PutOptions = {}, tried = 1): Promise<void> {
    const params = { ...nameFor(key), ...(contentType !== undefined && { ContentType: contentType }), ...(ifAbsent && { IfNoneMatch: '*' }) };
    sweep();
    const once = source instanceof Uint8Array && source.byteLength <= partBytes;
    // Saves sending a large object for nothing; the condition of the put has the last word.
    if (ifAbsent && !once && (await heads(key))) throw new ObjectExists(key);
    const id = randomUUID();
    const Metadata = { put: id };
    const given = Symbol.asyncIterator in source ? watched(source) : null;
    try {
      if (once) await client.send(new PutObjectCommand({ ...params, Metadata, Body: source }));
      else await sendParts(client, { ...params, Metadata }, given?.items ?? source);
    } catch (error) {
      // An error of the caller's own stream stays as it is.
      if (given?.hasFailed()) throw error;
      // An answer that was lost on its way makes the SDK ask again, and meet what it has put itself.
      const isTaken = ifAbsent && ['PreconditionFailed', 'ConditionalRequestConflict'].includes(nameOf(error));
      const there = isTaken || triesOf(error) > 1 ? await heads(key).catch(() => undefined) : undefined;
      if (there?.Metadata?.['put'] === id) return;
      if (isTaken && there) throw new ObjectExists(key);
      // Somebody deletes it, or creates it, at this moment.
      if (nameOf(error) === 'ConditionalRequestConflict' && !given && tried < 5) {
        await sleep(100 * tried);
        return store(key, source, { ifAbsent, ...(contentType !== undefined && { contentType }) }, tried + 1);
      }
      fault(`cannot store ${key}`)(error);
    }
  }

  return {
    put: (key, bytes, options) => store(key, bytes, options),
    async putFile(key, path, options) {
      checkKey(key);
      const { size } = await stat(path);
      await store(key, size > partBytes ? { path } : await readFile(path), options);
    },
    async get(key) {
      const stream = await read(nameFor(key), key, {});
      return stream && buffer(stream);
    },
    async read(key, { from = 0, to = Infinity } = {}) {
      const name = nameFor(key);
      if (to > from) return read(name, key, { from, to });
      return (await heads(key)) && empty();
    },
    async head(key) {
      const found = await heads(key);
      return found && { size: found.ContentLength!, modified: found.LastModified! };
    },
    async *list(prefix, { after = '', limit = Infinity } = {}) {
      if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : `${prefix}/`);
      const asked = { Bucket: place.bucket, Prefix: place.prefix + prefix, ...(after !== '' && { StartAfter: place.prefix + after }) };
      let listed = 0;
      for (let token: string | undefined; listed < limit; ) {
        const page = await client.send(new ListObjectsV2Command({ ...asked, MaxKeys: Math.min(limit - listed, 1000), ContinuationToken: token })).catch(fault(`cannot list ${prefix}`));
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          // Consoles and file gateways make objects that end in a slash, for folders.
          if (Key!.endsWith('/')) continue;
          listed += 1;
          yield { key: Key!.slice(place.prefix.length), size: Size!, modified: LastModified! };
        }
        if (!page.IsTruncated) return;
        token = page.NextContinuationToken;
      }
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand(nameFor(key))).catch(fault(`cannot delete ${key}`));
    },
  };
}

async function sendParts(client: S3Client, params: Omit<PutObjectCommandInput, 'Body'>, source: Source): Promise<void> {
  const isFile = 'path' in source;
  const partSize = isFile ? Math.max(partBytes, Math.ceil((await stat(source.path)).size / mostParts)) : partBytes;
  const Body = isFile ? createReadStream(source.path, { highWaterMark: 2 ** 20 }) : source instanceof Uint8Array ? source : Readable.from(source, { objectMode: true });
  try {
    await new Upload({ client, params: { ...params, Body }, partSize, queueSize: partsAtOnce }).done();
  } finally {
    if (Body instanceof Readable) Body.destroy();
  }
}

/** The same items, and whether it was their source that failed. */
function watched<T>(source: AsyncIterable<T>): { items: AsyncIterable<T>; hasFailed: () => boolean } {
  let failed = false;
  const watch = (error: unknown): never => {
    failed = true;
    throw error;
  };
  async function* items(): AsyncGenerator<T> {
    const asking = source[Symbol.asyncIterator]();
    try {
      for (let next = await asking.next().catch(watch); !next.done; next = await asking.next().catch(watch)) yield next.value;
    } finally {
      await asking.return?.();
    }
  }
  return { items: items(), hasFailed: () => failed };
}

async function* empty(): AsyncGenerator<Uint8Array> {}
