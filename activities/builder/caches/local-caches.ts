// Which caches lie on this builder's own disk, packed and unpacked?

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustLevel } from '../../../config-schema/trigger.ts';

export class LocalCaches {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The folder whose entries a sandbox of this repository and level may mount, made when it is missing. */
  async shared(repositoryId: number, trust: TrustLevel): Promise<string> {
    const folder = join(this.#folder, String(repositoryId), trust, 'unpacked');
    await mkdir(folder, { recursive: true });
    return folder;
  }
}
