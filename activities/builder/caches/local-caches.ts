// Which caches lie on this builder's own disk, packed and unpacked?

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import type { TrustLevel } from '../../../config-schema/trigger.ts';
import type { CachePlace } from './cache-index.ts';
import type { Bounds } from './packing.ts';

export type LocalCache = CachePlace & { archive: string };

export type UnpackFault = 'damaged' | 'too-large' | 'too-many-files' | 'stalled' | 'disk-full';
/** `cause` is for the operator. */
export type Unpacked = { files: number; /** Of all files together, about. */ bytes: number } | { fault: UnpackFault; cause: string };

/**
 * Unpacks the archive into the empty folder, whose owners on the disk are then those of the archive. Nothing outside the folder is
 * touched, whatever the archive holds; after a fault the caller removes the folder. Rejects only when the signal aborts.
 */
export type Unpacker = (archive: string | Readable, target: string, bounds: Bounds & { maxFiles: number; inBackground: boolean }) => Promise<Unpacked>;

/** Writes the archive to the file, and whatever comes of it to `feed`, too; false when it is not the right one. */
export type Fetch = (file: string, signal: AbortSignal, feed: PassThrough | null) => Promise<boolean>;

export type LocalCachesPorts = {
  unpack: Unpacker;
  /** Most bytes of one cache, unpacked. */
  maxBytes: number;
  /** So long nothing may move while a cache is packed, fetched or unpacked. */
  stallMs: number;
  /** What all caches on this disk may take. */
  diskBytes: number;
  log: { warn: (fields: object, message: string) => void };
};

/** As many as a very large repository's packages have. */
export const mostFiles = 1_000_000;
/** Of the disk, which caches leave to others. */
const spareShare = 0.05;
/** What a file takes on a disk beside its bytes. */
const leastFileBytes = 4096;
/** What waits longer is unpacked when it is asked for. */
const mostWaiting = 8;

/**
 * A folder for each repository and trust level, in it `packed/ARCHIVE`, `unpacked/ARCHIVE/` and `known/ARCHIVE`, which tells the size and,
 * by its time, the last use. `mounted/SANDBOX/ARCHIVE` says what a sandbox may have mounted. One process at a time.
 */
export class LocalCaches {
  readonly #folder: string;
  readonly #ports: LocalCachesPorts;
  readonly #closing = new AbortController();
  readonly #unpacking = new Map<string, Promise<Unpacked>>();
  readonly #fetching = new Map<string, Promise<string | null>>();
  #cleared: Promise<string> | null = null;
  #background: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(folder: string, ports: LocalCachesPorts) {
    this.#folder = folder;
    this.#ports = ports;
  }

  get bounds(): Pick<Bounds, 'maxBytes' | 'stallMs'> {
    const { maxBytes, stallMs } = this.#ports;
    return { maxBytes, stallMs };
  }

  /** The folder whose entries a sandbox of this repository and level may mount, made when it is missing. */
  async shared(repositoryId: number, level: TrustLevel): Promise<string> {
    await this.#work();
    const folder = this.#path({ repositoryId, level }, 'unpacked');
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** A new name on the same disk, for what is being made. What a process leaves there the next one removes. */
  async newFile(): Promise<string> {
    return join(await this.#work(), randomBytes(8).toString('hex'));
  }

  /** The path of the archive; null when it is not here. */
  async packed(cache: LocalCache): Promise<string | null> {
    const path = this.#path(cache, 'packed', cache.archive);
    if (!existsSync(path)) return null;
    await this.#used(cache);
    return path;
  }

  /** Takes over the file. */
  async keep(cache: LocalCache, file: string): Promise<string> {
    const path = this.#path(cache, 'packed', cache.archive);
    await mkdir(dirname(path), { recursive: true });
    await rename(file, path);
    await this.#know(cache, 0);
    return path;
  }

  async drop(cache: LocalCache): Promise<void> {
    await rm(this.#path(cache, 'packed', cache.archive), { force: true });
  }

  /** The path of the archive, fetched unless somebody does so already; null when it is not the right one. */
  async fetched(cache: LocalCache, fetch: Fetch, feed: PassThrough | null = null): Promise<string | null> {
    const before = this.#fetching.get(cache.archive);
    if (before) return before;
    const fetching = (async () => {
      const file = await this.newFile();
      try {
        return (await fetch(file, this.#closing.signal, feed)) ? await this.keep(cache, file) : null;
      } finally {
        await rm(file, { force: true });
      }
    })().finally(() => {
      feed?.end();
      this.#fetching.delete(cache.archive);
    });
    this.#fetching.set(cache.archive, fetching);
    return fetching;
  }

  /** Fetched, and unpacked while it comes; what is unpacked is here only once all of it is known to be right. null as above. */
  async fetchedAndUnpacked(cache: LocalCache, fetch: Fetch): Promise<Unpacked | null> {
    if (this.#fetching.has(cache.archive) || this.#unpacking.has(cache.archive)) return (await this.fetched(cache, fetch)) === null ? null : this.unpack(cache);
    const feed = new PassThrough({ highWaterMark: 4 * 1024 * 1024 });
    feed.on('error', () => undefined);
    const fetching = this.fetched(cache, fetch, feed);
    const unpacking = this.#once(cache, () => this.#unpack(cache, feed, fetching, false));
    // Nobody reads on: the fetching must not wait for it.
    unpacking.catch(() => feed.destroy());
    const [path, unpacked] = await Promise.allSettled([fetching, unpacking]);
    if (path.status === 'rejected') throw path.reason;
    if (path.value === null) return null;
    if (unpacked.status === 'rejected') throw unpacked.reason;
    return unpacked.value;
  }

  /** False: the disk is too full for so much more. */
  async hasRoom(bytes: number): Promise<boolean> {
    const { blocks, bavail, bsize } = await statfs(await this.#work());
    return bavail * bsize - bytes > blocks * bsize * spareShare;
  }

  isUnpacked(cache: LocalCache): boolean {
    return existsSync(this.unpackedFolder(cache));
  }

  unpackedFolder(cache: LocalCache): string {
    return this.#path(cache, 'unpacked', cache.archive);
  }

  /** Unpacks it unless that is done or under way. The archive is here. */
  async unpack(cache: LocalCache, { inBackground = false } = {}): Promise<Unpacked> {
    await this.#used(cache);
    if (this.isUnpacked(cache)) return { files: 0, bytes: 0 };
    return this.#unpacking.get(cache.archive) ?? this.#once(cache, () => this.#unpack(cache, this.#path(cache, 'packed', cache.archive), Promise.resolve(true), inBackground));
  }

  /** When nothing else is to be unpacked, and politely; or never, when too much is. */
  unpackLater(cache: LocalCache): void {
    if (this.#waiting >= mostWaiting) return;
    this.#waiting += 1;
    this.#background = this.#background.then(async () => {
      try {
        if (this.#closing.signal.aborted) return;
        const unpacked = await this.unpack(cache, { inBackground: true });
        if ('fault' in unpacked) this.#ports.log.warn({ ...cache, ...unpacked }, 'a cache that was just saved cannot be unpacked');
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#ports.log.warn({ ...cache, error }, 'a cache that was just saved was not unpacked');
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** Before the sandbox mounts it: from now on it stays for as long as the sandbox lives. */
  mark(cache: LocalCache, sandbox: string): void {
    mkdirSync(join(this.#folder, 'mounted', sandbox, cache.archive), { recursive: true });
  }

  /** Removes what was not used for the longest time until the rest fits the disk budget; never what one of these sandboxes may have mounted. */
  async trim(sandboxes: ReadonlySet<string>): Promise<string[]> {
    await this.#work();
    for (const sandbox of names(join(this.#folder, 'mounted'))) if (!sandboxes.has(sandbox)) await rm(join(this.#folder, 'mounted', sandbox), { recursive: true, force: true });
    const caches = await this.#all();
    let total = caches.reduce((sum, { bytes }) => sum + bytes, 0);
    const removed: string[] = [];
    for (const { cache, bytes } of caches.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.#ports.diskBytes) break;
      if (!(await this.#remove(cache))) continue;
      total -= bytes;
      removed.push(cache.archive);
    }
    return removed;
  }

  /** What is being unpacked is abandoned. */
  async stop(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([this.#background, ...this.#unpacking.values(), ...this.#fetching.values()]);
  }

  #once(cache: LocalCache, unpack: () => Promise<Unpacked>): Promise<Unpacked> {
    const unpacking = unpack().finally(() => this.#unpacking.delete(cache.archive));
    this.#unpacking.set(cache.archive, unpacking);
    return unpacking;
  }

  /** `right`: whether all of it was what it should be; null: not. */
  async #unpack(cache: LocalCache, from: string | Readable, right: Promise<unknown>, inBackground: boolean): Promise<Unpacked> {
    const { unpack, maxBytes, stallMs } = this.#ports;
    const target = await this.newFile();
    // Whatever the builder's umask is: it is what the sandbox sees as the top.
    await mkdir(target, { mode: 0o755 });
    try {
      const unpacked = await unpack(from, target, { maxBytes, stallMs, maxFiles: mostFiles, signal: this.#closing.signal, inBackground });
      if ((await right) === null || 'fault' in unpacked) return unpacked;
      await this.#know(cache, unpacked.bytes + unpacked.files * leastFileBytes);
      await this.shared(cache.repositoryId, cache.level);
      await rename(target, this.unpackedFolder(cache));
      return unpacked;
    } finally {
      await removeTree(target);
    }
  }

  /** Nobody can mark it between the look and the rename: neither waits. */
  async #remove(cache: LocalCache): Promise<boolean> {
    const gone = await this.newFile();
    const mounted = join(this.#folder, 'mounted');
    if (names(mounted).some((sandbox) => existsSync(join(mounted, sandbox, cache.archive))) || this.#unpacking.has(cache.archive)) return false;
    if (this.isUnpacked(cache)) renameSync(this.unpackedFolder(cache), gone);
    for (const kind of ['packed', 'known'] as const) await rm(this.#path(cache, kind, cache.archive), { force: true });
    await removeTree(gone);
    return true;
  }

  async #all(): Promise<{ cache: LocalCache; bytes: number; usedAt: number }[]> {
    const all: { cache: LocalCache; bytes: number; usedAt: number }[] = [];
    for (const repository of names(this.#folder).filter((name) => /^\d+$/.test(name))) {
      for (const level of names(join(this.#folder, repository)) as TrustLevel[]) {
        for (const archive of names(join(this.#folder, repository, level, 'known'))) {
          const cache = { repositoryId: Number(repository), level, archive };
          const known = this.#path(cache, 'known', archive);
          const [packed, unpackedBytes, { mtimeMs }] = await Promise.all([stat(this.#path(cache, 'packed', archive)).catch(() => null), readFile(known, 'utf8').then(Number), stat(known)]);
          all.push({ cache, bytes: (packed?.size ?? 0) + (this.isUnpacked(cache) ? unpackedBytes : 0), usedAt: mtimeMs });
        }
      }
    }
    return all;
  }

  async #know(cache: LocalCache, unpackedBytes: number): Promise<void> {
    const path = this.#path(cache, 'known', cache.archive);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, String(unpackedBytes));
  }

  async #used(cache: LocalCache): Promise<void> {
    const now = new Date();
    await utimes(this.#path(cache, 'known', cache.archive), now, now).catch(() => undefined);
  }

  #path({ repositoryId, level }: CachePlace, ...parts: ['packed' | 'unpacked' | 'known', archive?: string]): string {
    return join(this.#folder, String(repositoryId), level, ...(parts as string[]));
  }

  #work(): Promise<string> {
    this.#cleared ??= (async () => {
      // Programs in it may be root's and have their set-user-id bit: nobody else of this machine comes near.
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const work = join(this.#folder, 'work');
      await removeTree(work);
      await mkdir(work);
      return work;
    })();
    return this.#cleared;
  }
}

const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** By rm(1): folders may be nested deeper than a path may be long. */
async function removeTree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const child = spawn('rm', ['-rf', '--one-file-system', '--', path], { stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`could not remove ${path}`);
}
