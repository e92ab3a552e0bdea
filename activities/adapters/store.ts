// Which store do the settings name, and can it be reached?

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { S3Client } from '@aws-sdk/client-s3';
import type { Settings } from '../../config-schema/settings.ts';
import type { ObjectStore } from '../object-store.ts';
import { fileStore } from './file-store.ts';
import { s3Store } from './s3-store.ts';

export type StoreSettings = Pick<Settings, 'store' | 's3Endpoint' | 's3Region' | 's3PathStyle' | 'caBundle'>;

export function openStore(settings: StoreSettings): ObjectStore {
  const { store } = settings;
  return store.kind === 'file' ? fileStore(store.folder) : s3Store(s3Client(settings), { ...store, endpoint: settings.s3Endpoint });
}

/** For programs that go on for long: a bucket that is not there is said at once, not in the middle of the first build. */
export async function reachStore(settings: StoreSettings): Promise<ObjectStore> {
  const store = openStore(settings);
  if (settings.store.kind === 's3') await store.get('doctor/reached');
  return store;
}

/** Throws the sentence of what is wrong. */
export async function tryStore(store: ObjectStore): Promise<void> {
  const key = `doctor/${randomUUID()}`;
  await store.put(key, Buffer.from(key), { ifAbsent: true });
  const read = await store.get(key);
  await store.delete(key);
  if (read === undefined || Buffer.from(read).toString() !== key) throw new Error(`the store does not give back ${key}, which it has taken a moment before`);
}

export type Patience = { connectMs: number; idleMs: number; tries: number };

/** A server that hangs is given up after `tries` times `idleMs`, and the pauses between. */
export function s3Client({ s3Endpoint, s3Region, s3PathStyle, caBundle }: StoreSettings, { connectMs, idleMs, tries }: Patience = { connectMs: 5_000, idleMs: 20_000, tries: 4 }): S3Client {
  // Without an endpoint, region and the rest are the SDK's to find.
  const region = s3Region ?? (s3Endpoint === null ? undefined : 'us-east-1');
  return new S3Client({
    forcePathStyle: s3PathStyle,
    maxAttempts: tries,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: idleMs,
      ...(caBundle !== null && { httpsAgent: { ca: [...rootCertificates, certificatesIn(caBundle)] } }),
    },
    ...(s3Endpoint !== null && { endpoint: s3Endpoint }),
    ...(region !== undefined && { region }),
  });
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`AWS_CA_BUNDLE: ${file} cannot be read (${(cause as Error).message}). Correct it, or remove it.`, { cause });
  }
}
