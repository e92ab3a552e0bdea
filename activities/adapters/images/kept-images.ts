// Which images of registries lie on this machine, and which must go?

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, readlink, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Image, ImageConfig } from '../../builder/image-store.ts';
import { imageMarks } from '../lxc/image-marks.ts';
import { withLock } from '../lxc/syscalls.ts';
import { removeTree } from '../remove-tree.ts';

const run = promisify(execFile);

/** Between the moment in which somebody gets an image and that in which it is marked. */
const justUsedMs = 10 * 60_000;

export type KeptOptions = { folder: string; diskBytes: number; /** Folder of the links that mark images in use. Default: the machine's. */ marks?: string; log?: (line: string) => void };

/**
 * One folder for each digest: `rootfs`, `image.json`, `used`, whose time is that of the last use, and `free`, when a registry gave
 * the image to somebody without a login. Nobody but root may walk here: programs of strangers keep their set-user-id bits.
 */
export class KeptImages {
  readonly #options: Required<KeptOptions>;
  #ready: Promise<void> | null = null;
  constructor(options: KeptOptions) {
    this.#options = { marks: imageMarks, log: () => {}, ...options };
  }

  /** The image, if it is here; it then stays for ten minutes at least. */
  async use(digest: string): Promise<Image | null> {
    return this.#locked(digest, () => this.#use(digest));
  }

  /** The image, from `make` if it is not here. `make` fills an empty folder with `rootfs`; one process at a time does so for a digest. */
  async make(digest: string, make: (fresh: string) => Promise<ImageConfig>): Promise<Image> {
    const image = await this.#locked(digest, async () => {
      const here = await this.#use(digest);
      if (here) return here;
      const fresh = `${this.#path(digest)}.new`;
      await removeTree(fresh);
      await mkdir(fresh);
      try {
        const config = await make(fresh);
        await writeFile(join(fresh, 'image.json'), JSON.stringify({ digest, config, bytes: await sizeOf(fresh) }));
        await writeFile(join(fresh, 'used'), '');
        // What a power failure cut short would else be taken for whole, for ever.
        await run('sync', ['--file-system', fresh]);
        await rename(fresh, this.#path(digest));
      } finally {
        await removeTree(fresh);
      }
      return (await this.#use(digest))!;
    });
    await this.#makeRoom();
    return image;
  }

  isFree = (digest: string): boolean => existsSync(join(this.#path(digest), 'free'));
  async setFree(digest: string): Promise<void> {
    if (!this.isFree(digest)) await writeFile(join(this.#path(digest), 'free'), '');
  }

  /** What a name without a login led to when it was last asked for; null when it never was. */
  async lastDigest(name: string): Promise<string | null> {
    return readFile(this.#tag(name), 'utf8').catch(() => null);
  }
  async setLastDigest(name: string, digest: string): Promise<void> {
    if ((await this.lastDigest(name)) === digest) return;
    const fresh = `${this.#tag(name)}.${process.pid}`;
    await writeFile(fresh, digest);
    await rename(fresh, this.#tag(name));
  }

  #path = (digest: string): string => join(this.#options.folder, digest.replace('sha256:', ''));
  #tag = (name: string): string => join(this.#options.folder, 'names', createHash('sha256').update(name).digest('hex'));

  async #locked<T>(digest: string, action: () => Promise<T>): Promise<T> {
    await (this.#ready ??= this.#begin().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    }));
    return withLock(`${this.#path(digest)}.lock`, action);
  }

  async #use(digest: string): Promise<Image | null> {
    const folder = this.#path(digest);
    if (!existsSync(folder)) return null;
    const { config } = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as { config: ImageConfig };
    await utimes(join(folder, 'used'), new Date(), new Date());
    return { folder: join(folder, 'rootfs'), digest, config };
  }

  /** Removes what killed processes left; what a living one works at is locked. */
  async #begin(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(join(folder, 'names'), { recursive: true });
    await run('chmod', ['0700', folder]);
    for (const name of await readdir(folder)) {
      const [digest, state] = name.split('.');
      if (state !== 'new' && state !== 'gone') continue;
      const lock = join(folder, `${digest}.lock`);
      // flock(1) takes the same lock, and unlike ours does not wait. It answers 1 when somebody holds it.
      await run('flock', ['--nonblock', lock, 'rm', '-rf', '--one-file-system', '--', join(folder, name)]).catch((error: { code?: unknown }) => {
        if (error.code !== 1) throw error;
      });
    }
  }

  /** Each goes by another name first, so that nobody finds half of one. */
  async #makeRoom(): Promise<void> {
    for (const digest of imagesToRemove(await this.#list(), this.#options.diskBytes, Date.now())) {
      const gone = `${this.#path(digest)}.gone`;
      const removed = await this.#locked(digest, async () => {
        const now = (await this.#list()).find((image) => image.digest === digest);
        if (!now || isNeeded(now, Date.now())) return false;
        await removeTree(gone);
        await rename(this.#path(digest), gone);
        await removeTree(gone);
        return true;
      });
      if (removed) this.#options.log(`removed the image ${digest}, which was not used for the longest time: imageDiskGigabytes`);
    }
  }

  async #list(): Promise<Kept[]> {
    const names = (await readdir(this.#options.folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const marked = await this.#marked();
    const kept = names.map(async (name): Promise<Kept | null> => {
      const folder = join(this.#options.folder, name);
      try {
        const { digest, bytes } = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as { digest: string; bytes: number };
        return { digest, bytes, usedAt: (await stat(join(folder, 'used'))).mtimeMs, inUse: marked.has(join(folder, 'rootfs')) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null; // gone since the listing
        throw error;
      }
    });
    return (await Promise.all(kept)).filter((image) => image !== null);
  }

  async #marked(): Promise<Set<string>> {
    const { marks } = this.#options;
    if (!existsSync(marks)) return new Set();
    return new Set(await Promise.all((await readdir(marks)).map((name) => readlink(join(marks, name)).catch(() => ''))));
  }
}

export type Kept = { digest: string; bytes: number; usedAt: number; inUse: boolean };

const isNeeded = ({ inUse, usedAt }: Kept, now: number): boolean => inUse || now - usedAt < justUsedMs;

/** Those that were used longest ago, until the rest fits; none that anybody needs. */
export function imagesToRemove(images: Kept[], budgetBytes: number, now: number): string[] {
  let over = images.reduce((sum, { bytes }) => sum + bytes, 0) - budgetBytes;
  const removed: string[] = [];
  for (const image of images.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (over <= 0) break;
    if (isNeeded(image, now)) continue;
    removed.push(image.digest);
    over -= image.bytes;
  }
  return removed;
}

async function sizeOf(folder: string): Promise<number> {
  const { stdout } = await run('du', ['--summarize', '--block-size=1', '--one-file-system', folder]);
  return parseInt(stdout, 10);
}
