// What may Temporal's store read? Nothing: every payload is encrypted with a key that only we hold.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { parseKeyRing } from '../control/key-ring.ts';
import type { KeyRing } from '../control/key-ring.ts';
import { readOrMakeRing } from './key-ring-file.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const encoding = 'binary/roundhouse-aes256gcm';
const text = new TextEncoder();

/** Temporal takes payloads of 2 MB at most; the graph and the view of a large pipeline are several, and come to a twentieth. */
const compressedFromBytes = 16 * 1024;

/** AES-256-GCM over the whole payload with its metadata, compressed when it is large; nonce (12 bytes), ciphertext, tag (16 bytes). */
export function payloadCodec(ring: KeyRing): PayloadCodec {
  const [current] = ring;
  if (!current) throw new Error('the payload key ring is empty');
  return {
    encode: (payloads) =>
      Promise.resolve(
        payloads.map((payload): Payload => {
          const nonce = randomBytes(12);
          const cipher = createCipheriv('aes-256-gcm', current.key, nonce);
          const plain = PayloadMessage.encode(payload).finish();
          const isLarge = plain.length >= compressedFromBytes;
          const sealed = Buffer.concat([nonce, cipher.update(isLarge ? zstdCompressSync(plain) : plain), cipher.final(), cipher.getAuthTag()]);
          return { metadata: { encoding: text.encode(encoding), 'key-id': text.encode(current.id), ...(isLarge && { compression: text.encode('zstd') }) }, data: sealed };
        }),
      ),
    decode: (payloads) =>
      Promise.resolve(
        payloads.map((payload): Payload => {
          if (Buffer.from(payload.metadata?.encoding ?? []).toString() !== encoding) return payload;
          const id = Buffer.from(payload.metadata?.['key-id'] ?? []).toString();
          const key = ring.find((candidate) => candidate.id === id)?.key;
          if (!key) throw new Error(`a payload in Temporal was encrypted with key ${id}, which the key ring does not hold. Put that key back into it.`);
          const sealed = Buffer.from(payload.data ?? []);
          const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
          decipher.setAuthTag(sealed.subarray(-16));
          const opened = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
          return PayloadMessage.decode(payload.metadata?.['compression'] ? zstdDecompressSync(opened) : opened);
        }),
      ),
  };
}

/** Reads the ring from the file, one `ID BASE64KEY` a line; makes it (0600) with one new key when it is missing. */
export async function readKeyRing(file: string): Promise<KeyRing> {
  return parseKeyRing(await readOrMakeRing(file), file);
}
