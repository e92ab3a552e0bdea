// Which UUID does a thing have that has names of its own? The same each time, without anybody keeping it.

import { createHash } from 'node:crypto';

/** Ours, made once. */
const namespace = Buffer.from('5a1f1d4e6c0b4b0f9d0e3c9a5e0b7a21', 'hex');

/** A UUID of version 5 (RFC 9562), of this kind of thing and the names that lead to it. */
export function uuidOf(kind: 'organization' | 'project' | 'pipeline' | 'workflow' | 'job' | 'continuation', ...names: (string | number)[]): string {
  const bytes = createHash('sha1').update(namespace).update(JSON.stringify([kind, ...names])).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
