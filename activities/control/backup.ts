// How does what cannot be made again leave this machine, and come back, without waking what was revoked?

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { checkKey, ObjectExists } from '../object-store.ts';
import type { ObjectStore } from '../object-store.ts';
import { formatKeyRing, parseKeyRing } from './key-ring.ts';
import type { KekSource } from './key-ring.ts';
import { vaultKeysPrefix, vaultPrefix } from './sealed-vault.ts';
import type { WrappedKey } from './sealed-vault.ts';
import { readTar, writeTar } from './tar.ts';
import type { TarEntry } from './tar.ts';

/** The data folder as backup and restore need it. Paths are relative, `/`-separated. */
export interface DataFolder {
  /** All but what can be made again, or is an object. `leftOut`: sentences about what ought to be saved and is not. */
  files(): Promise<{ files: TarEntry[]; leftOut: string[] }>;
  /** undefined: there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all, durably, for its owner alone. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Those of its files that are key rings, whether they exist or not. */
  readonly rings: readonly string[];
}

export type Manifest = {
  v: 1;
  what: 'a backup of Roundhouse';
  version: string;
  madeAt: string;
  files: string[];
  /** Objects by prefix. */
  objects: Record<string, number>;
  /** Where the key-encryption key came from, and whether it is in here. */
  keyEncryptionKey: { kind: KekSource['kind']; where: string; isInside: boolean };
  /** Among `files`: restored by adding the keys that are missing. */
  rings: string[];
  notInside: string[];
};

const prefixes = [vaultKeysPrefix, vaultPrefix, 'audit/'];
const manifestName = 'MANIFEST.json';
const dataPrefix = 'data/';
const objectsPrefix = 'objects/';

/**
 * An encrypted tar.gz: `data/` is the data folder, `objects/` what the object store holds of vault and audit log, laid out as the store that
 * is a folder lays it out. Everybody may go on working meanwhile, and a rotation may run.
 */
export async function makeBackup({ store, data, kek, version, encrypt, now = Date.now }: { store: ObjectStore; data: DataFolder; kek: KekSource; version: string; encrypt: (bytes: Uint8Array) => Promise<Uint8Array>; now?: () => number }): Promise<{ bytes: Uint8Array; manifest: Manifest }> {
  const madeAt = new Date(now());
  // Made now, if it is not there yet; and a ring that cannot be read is no good to save.
  await kek.ring();
  const { files, leftOut, objects } = await readAll(store, data);
  const rings = data.rings.filter((path) => files.some((file) => file.path === path));
  const isInside = kek.kind === 'file' && rings.some((path) => kek.where.endsWith(`/${path}`));
  const manifest: Manifest = {
    v: 1,
    what: 'a backup of Roundhouse',
    version,
    madeAt: madeAt.toISOString(),
    files: files.map(({ path }) => path),
    objects: Object.fromEntries(prefixes.map((prefix) => [prefix, objects.filter(({ path }) => path.startsWith(prefix)).length])),
    keyEncryptionKey: { kind: kek.kind, where: kek.where, isInside },
    rings,
    notInside: [...(isInside ? [] : [`The key-encryption key is not in this backup: it comes from ${kek.where}. Save it elsewhere; without it nobody can open the vault that is in here.`]), 'Logs, plans and the history of pipelines are not in this backup.', ...leftOut, ...(await missingKeys(objects, kek))],
  };
  const archive = writeTar(
    [
      { path: manifestName, bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
      ...files.map(({ path, bytes }) => ({ path: `${dataPrefix}${path}`, bytes })),
      ...objects.map(({ path, bytes }) => ({ path: entryOf(path), bytes })),
    ],
    madeAt,
  );
  return { bytes: await encrypt(await promisify(gzip)(archive)), manifest };
}

/** The rings that are saved open the keys that are saved: between the two readings of an unchanged ring no rotation dropped a key. */
async function readAll(store: ObjectStore, data: DataFolder): Promise<{ files: TarEntry[]; leftOut: string[]; objects: TarEntry[] }> {
  const ringsOf = (files: TarEntry[]): string => JSON.stringify(files.filter(({ path }) => data.rings.includes(path)).map(({ path, bytes }) => [path, Buffer.from(bytes).toString('base64')]));
  for (let tries = 1; tries <= 5; tries += 1) {
    const before = await data.files();
    const objects: TarEntry[] = [];
    // A value's key is there before the value is, so that it is read after it.
    for (const prefix of prefixes.toReversed()) {
      for await (const { key } of store.list(prefix)) {
        const bytes = await store.get(key);
        if (bytes) objects.push({ path: key, bytes });
      }
    }
    const after = await data.files();
    if (ringsOf(before.files) === ringsOf(after.files)) return { ...after, objects };
  }
  throw new Error('the key rings changed each time that the backup was nearly read. Make it when no rotation is running.');
}

export type Restored = {
  madeAt: string;
  /** Paths in the data folder. `merged`: key rings that got keys of the backup after their own. */
  files: { restored: string[]; replaced: string[]; merged: string[]; kept: string[] };
  /** Without the keys of values. */
  objects: { restored: number; kept: number };
  /** Sentences for the operator. */
  warnings: string[];
};

/**
 * What is missing comes back. An object that exists is newer and stays, so that what was revoked since then stays revoked; a key ring keeps
 * its keys and their order, and gets those that it lacks. Any other file that differs stops the restore before anything is written,
 * unless `replace` is said. Safe to repeat, and no rotation runs meanwhile.
 */
export async function restoreBackup(bytes: Uint8Array, { store, data, kek, decrypt, replace = false }: { store: ObjectStore; data: DataFolder; kek: KekSource; decrypt: (bytes: Uint8Array) => Promise<Uint8Array>; replace?: boolean }): Promise<Restored> {
  const { manifest, files, objects } = await readBackup(isGzip(bytes) ? bytes : await decrypt(bytes));
  const restore = async (): Promise<Restored> => {
    const rings = new Set([...manifest.rings, ...data.rings]);
    const plan = await Promise.all(files.map(async (file) => planFile(file, await data.read(file.path), rings.has(file.path))));
    const differing = plan.flatMap(({ path, does }) => (does === 'replaced' ? [path] : []));
    if (differing.length > 0 && !replace) throw new Error(`nothing was restored: these files of the data folder differ from the backup's: ${differing.join(', ')}. Move them away to have those of the backup, or say --replace.`);

    const result: Restored = { madeAt: manifest.madeAt, files: { restored: [], replaced: [], merged: [], kept: [] }, objects: { restored: 0, kept: 0 }, warnings: [] };
    // Rings first, then a value's key, then the value: nothing is there before it can be opened.
    for (const { path, does, bytes } of plan.sort((a, b) => Number(rings.has(b.path)) - Number(rings.has(a.path)))) {
      if (does !== 'kept') await data.write(path, bytes);
      result.files[does].push(path);
    }
    const keys = new Map(objects.filter(({ path }) => path.startsWith(vaultKeysPrefix)).map(({ path, bytes }) => [path, bytes]));
    for (const { path, bytes } of objects.filter((each) => !keys.has(each.path))) {
      const there = await store.get(path);
      // The key of a value that was replaced since then stays away.
      const key = path.startsWith(vaultPrefix) ? keyOfValue(there ?? bytes) : null;
      if (key !== null && keys.has(key)) await putMissing(store, key, keys.get(key)!);
      result.objects[there ? 'kept' : await putMissing(store, path, bytes)] += 1;
    }
    result.warnings = unique([
      `What was revoked, removed or rotated after ${manifest.madeAt} is not known to this backup. What the object store still knew of it holds; where the store was lost too, revoke and remove it again.`,
      ...manifest.notInside,
      ...(await missingKeys(objects, kek)),
    ]);
    return result;
  };
  return kek.change === null ? restore() : kek.change(restore);
}

type FilePlan = TarEntry & { does: 'restored' | 'replaced' | 'merged' | 'kept' };

/** What becomes of one file of the backup, given what is there. */
function planFile({ path, bytes }: TarEntry, there: Uint8Array | undefined, isRing: boolean): FilePlan {
  if (there === undefined) return { path, bytes, does: 'restored' };
  if (Buffer.compare(there, bytes) === 0) return { path, bytes, does: 'kept' };
  if (!isRing) return { path, bytes, does: 'replaced' };
  const text = Buffer.from(there).toString('utf8');
  const ours = parseKeyRing(text, path);
  const missing = parseKeyRing(Buffer.from(bytes).toString('utf8'), `${path} of the backup`).filter((theirs) => {
    const same = ours.find(({ id }) => id === theirs.id);
    if (same && !same.key.equals(theirs.key)) throw new Error(`nothing was restored: ${path} and the backup's have different keys under the id ${theirs.id}. Give one of them another id, or move ${path} away.`);
    return !same;
  });
  if (missing.length === 0) return { path, bytes, does: 'kept' };
  return { path, bytes: Buffer.from(`${text}${text.endsWith('\n') ? '' : '\n'}${formatKeyRing(missing)}`), does: 'merged' };
}

async function putMissing(store: ObjectStore, key: string, bytes: Uint8Array): Promise<'restored' | 'kept'> {
  try {
    await store.put(key, bytes, { ifAbsent: true });
    return 'restored';
  } catch (error) {
    if (!(error instanceof ObjectExists)) throw error;
    return 'kept';
  }
}

function keyOfValue(bytes: Uint8Array): string | null {
  const id = parsed<{ sealed?: { key?: unknown } | null }>(bytes)?.sealed?.key;
  return typeof id === 'string' ? `${vaultKeysPrefix}${id}` : null;
}

/** A sentence when some of the vault cannot be opened by the ring that there is. */
async function missingKeys(objects: TarEntry[], kek: KekSource): Promise<string[]> {
  const used = objects.filter(({ path }) => path.startsWith(vaultKeysPrefix)).map(({ bytes }) => kidOf(bytes));
  if (used.length === 0) return [];
  try {
    const held = (await kek.ring({ fresh: true })).map(({ id }) => id);
    const missing = unique(used).filter((id) => !held.includes(id));
    return missing.length === 0 ? [] : [`Some of the vault is encrypted under ${missing.join(', ')}, which ${kek.where} does not hold. Put it back into it.`];
  } catch (error) {
    return [(error as Error).message];
  }
}

const kidOf = (bytes: Uint8Array): string => parsed<Partial<WrappedKey>>(bytes)?.kid ?? 'a key that is not named (the object is damaged)';

function parsed<T>(bytes: Uint8Array): T | null {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  } catch {
    return null;
  }
}

const unique = <T>(list: T[]): T[] => [...new Set(list)];
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const largestArchive = 2 ** 30;

/** Everything is looked at before anything is used: whoever knows the public key can make such a file. */
async function readBackup(archive: Uint8Array): Promise<{ manifest: Manifest; files: TarEntry[]; objects: TarEntry[] }> {
  const tar = await promisify(gunzip)(archive, { maxOutputLength: largestArchive }).catch((cause: unknown) => {
    throw new Error('the backup is damaged, or no backup of Roundhouse: it is no gzip archive. Take another copy of it.', { cause });
  });
  const entries = readTar(tar).map(({ path, bytes }) => ({ path: path.replace(/^(\.\/)+/, ''), bytes }));
  const files: TarEntry[] = [];
  const objects: TarEntry[] = [];
  let manifest: Manifest | null = null;
  const seen = new Set<string>();
  for (const { path, bytes } of entries) {
    if (seen.has(path) || /[\p{Cc}\\]/u.test(path) || path.split('/').some((part) => part === '' || part === '.' || part === '..')) throw oddPath(path);
    seen.add(path);
    if (path === manifestName) manifest = readManifest(bytes);
    else if (path.startsWith(dataPrefix)) files.push({ path: path.slice(dataPrefix.length), bytes });
    else if (path.startsWith(objectsPrefix)) objects.push({ path: keyOf(path), bytes });
    else throw oddPath(path);
  }
  if (!manifest) throw new Error(`the archive has no ${manifestName}, so it is no backup of Roundhouse. Nothing of it was used.`);
  return { manifest, files, objects };
}

function readManifest(bytes: Uint8Array): Manifest {
  try {
    const { v, madeAt, rings, notInside } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Manifest;
    if (v === 1 && typeof madeAt === 'string' && [rings, notInside].every((list) => Array.isArray(list) && list.every((each) => typeof each === 'string'))) return { madeAt, rings, notInside } as Manifest;
  } catch {
    // As below.
  }
  throw new Error(`${manifestName} of the backup is not one that this version understands. Restore it with the version that made it, or a newer one.`);
}

/** An object and a prefix may have one name, a file and a folder not: see the store that is a folder. */
function entryOf(key: string): string {
  const parts = key.split('/');
  const leaf = parts.pop()!;
  return `${objectsPrefix}${[...parts.map((part) => (/^[=+]/.test(part) ? `+${part}` : part)), `=${leaf}`].join('/')}`;
}

function keyOf(entry: string): string {
  const parts = entry.slice(objectsPrefix.length).split('/');
  const leaf = parts.pop()!;
  const key = [...parts.map((part) => part.replace(/^\+/, '')), leaf.slice(1)].join('/');
  if (!leaf.startsWith('=') || !prefixes.some((prefix) => key.startsWith(prefix))) throw oddPath(entry);
  checkKey(key);
  return key;
}

const oddPath = (path: string): Error => new Error(`the archive holds ${JSON.stringify(path.slice(0, 200))}, which no backup of ours has. Nothing of it was used.`);
