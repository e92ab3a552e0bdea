// What becomes of uploads whose process died?

import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Place } from './s3-faults.ts';

const [hour, day] = [3_600_000, 86_400_000];

/** Aborts old uploads at the first call, and then at most once an hour, while the caller goes on. */
export function uploadSweeper(client: S3Client, place: S3Place): () => void {
  let sweptAt = -Infinity;
  return () => {
    if (Date.now() - sweptAt < hour) return;
    sweptAt = Date.now();
    // No put fails because of it: what is left costs money, and is found by the next one. A server may not even have the call.
    void abortUploads(client, place, day).catch(() => undefined);
  };
}

/** Nobody sends one object for a day. */
export async function abortUploads(client: S3Client, { bucket: Bucket, prefix: Prefix }: S3Place, olderThanMs: number): Promise<void> {
  for (let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}; ; ) {
    const page = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...marker }));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Date.now() - Initiated!.getTime() >= olderThanMs) await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    if (!page.IsTruncated) return;
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}
