// How are chunks of logs packed and hashed?

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { LogCodec } from '../config-schema/read-log.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** One zstd frame, off the main thread. Level 1: a builder's cores belong to its builds. */
export const deflate = (bytes: Uint8Array): Promise<Uint8Array> => compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

export const logCodec: LogCodec = {
  inflate: (frame, limit) => decompress(frame, { maxOutputLength: limit }),
  sha256: (...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  },
};
