// How is a cache restored? By mounting it where that can be, else by copying; and whatever goes wrong with it, the build goes on without.

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RestoreCacheStep } from '../../../config-schema/plan.ts';
import { readable } from '../../../config-schema/trigger.ts';
import { paths } from '../../../sandbox-agent/protocol.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { sandboxName } from '../held.ts';
import { archiveKey, findCache, type FoundCache } from './cache-index.ts';
import { cacheKeys } from './key.ts';
import type { LocalCaches, UnpackFault } from './local-caches.ts';
import { unpackInto } from './packing.ts';
import { isRoot, lastComplaint, memberNames } from './save.ts';
import { sizeText, timeText } from './words.ts';

/** `cause` is for the operator. */
type Fault = { fault: string; cause?: unknown };

export async function restoreCache(run: DataRun, step: RestoreCacheStep, ports: DataStepPorts): Promise<DataEnd> {
  const filled = await cacheKeys(run, step.keys);
  if ('problem' in filled) return { outcome: 'failed', reason: filled.problem };
  const fault = await restoreFirst(run, step, filled.keys, ports);
  if (!fault) return { outcome: 'passed' };
  if (fault.cause !== undefined) ports.log.warn({ slice: run.slice, ...fault }, 'a cache was not restored');
  return { outcome: 'passed', reason: `${fault.fault} The build goes on without the cache.` };
}

async function restoreFirst(run: DataRun, step: RestoreCacheStep, keys: readonly string[], { store, caches }: DataStepPorts): Promise<Fault | null> {
  const { stallMs } = caches.bounds;
  let found: FoundCache | null = null;
  for (const key of keys) {
    try {
      found = await within(stallMs, run.signal, findCache(store, run.slice.repositoryId, readable(run.trust), key, Date.now()));
    } catch (cause) {
      run.signal.throwIfAborted();
      return { fault: 'The store of caches does not answer.', cause };
    }
    if (found) break;
    await run.say(`No cache is found for key: ${key}`);
  }
  if (!found) return null;
  if (found.roots.length === 0 || !found.roots.every(isRoot)) return { fault: `The cache ${found.key} is damaged.`, cause: 'its entry names no proper paths' };
  await run.say(`Found a cache from build ${found.by.pipeline} at ${found.key}`);

  const plan = await whereToMount(run, step, found);
  const unpacked = plan.mount.length > 0 ? await unpackedHere(run, found, store, caches) : null;
  if (unpacked) return unpacked;
  const { copy, reasons } = plan.mount.length > 0 ? await mountRoots(run, found, plan, caches) : plan;
  return copy.length > 0 ? copyRoots(run, found, copy, [...new Set(reasons)], store, caches) : null;
}

type Ways = { mount: string[]; copy: string[]; /** Why not mounted. */ reasons: string[] };

async function whereToMount({ sandbox }: DataRun, { mount }: RestoreCacheStep, { roots }: FoundCache): Promise<Ways> {
  if (!mount) return { mount: [], copy: roots, reasons: ['cache_mount is false'] };
  const ways: Ways = { mount: [], copy: [], reasons: [] };
  const places = await sandbox.ask('cachePlaces', roots);
  for (const [i, root] of roots.entries()) {
    const { kind = 'other', empty = false } = places[i] ?? {};
    if (kind === 'other' || !empty) {
      ways.copy.push(root);
      ways.reasons.push(`there are files already at ${root}`);
    } else ways.mount.push(root);
  }
  return ways;
}

/** Unpacks it on this builder unless it is: that takes no longer than into the sandbox, and the next one mounts it at once. */
async function unpackedHere(run: DataRun, cache: FoundCache, store: ObjectStore, caches: LocalCaches): Promise<Fault | null> {
  if (caches.isUnpacked(cache)) return null;
  if (!(await caches.hasRoom(cache.unpackedBytes))) return { fault: 'The disk of this builder is nearly full.', cause: 'no room for a cache' };
  const archive = await archiveHere(run, cache, store, caches);
  if (typeof archive !== 'string') return archive;
  const startedAt = Date.now();
  const unpacked = await settled(run.signal, caches.unpack(cache));
  if ('fault' in unpacked) {
    await caches.drop(cache);
    return { fault: `The cache ${cache.key} ${faults[unpacked.fault]}.`, cause: unpacked.cause };
  }
  if (unpacked.files > 0) await run.say(`Unpacked ${unpacked.files} files on the builder in ${timeText(Date.now() - startedAt)}`);
  return null;
}

const faults: Record<UnpackFault, string> = {
  damaged: 'is damaged',
  'too-large': 'is larger than this installation takes',
  'too-many-files': 'has more files than this installation takes',
  stalled: 'cannot be unpacked in time',
  'disk-full': 'does not fit on the disk of this builder',
};

/** What was not mounted is left to be copied. */
async function mountRoots(run: DataRun, cache: FoundCache, { mount, copy, reasons }: Ways, caches: LocalCaches): Promise<Ways> {
  const startedAt = performance.now();
  const left: Ways = { mount: [], copy: [...copy], reasons: [...reasons] };
  caches.mark(cache, sandboxName(run.slice, run.attempt));
  for (const target of mount) {
    const answer = (await isPlainFolder(caches.unpackedFolder(cache), target))
      ? await run.sandbox.mount({ lower: join(paths.caches, cache.level, cache.archive, target), target, ...(run.user !== undefined && { user: run.user }) })
      : { mounted: false as const, refused: `${target} is not a folder in the cache` };
    if (answer.mounted) left.mount.push(target);
    else {
      left.copy.push(target);
      left.reasons.push(answer.refused);
    }
  }
  if (left.mount.length > 0) await run.say(`Mounted ${sizeText(cache.unpackedBytes)} at ${left.mount.join(', ')} in ${timeText(performance.now() - startedAt)}`);
  return left;
}

async function copyRoots(run: DataRun, cache: FoundCache, roots: readonly string[], reasons: readonly string[], store: ObjectStore, caches: LocalCaches): Promise<Fault | null> {
  const archive = await archiveHere(run, cache, store, caches);
  if (typeof archive !== 'string') return archive;
  const startedAt = Date.now();
  await run.sandbox.ask('makeParents', [...roots]);
  const args = ['--extract', '--file=-', '--directory=/', '--numeric-owner', '--same-owner', '--same-permissions', '--no-wildcards', '--', ...memberNames(roots)];
  const { stream, ended } = await run.sandbox.tool({ program: 'tar', args, stream: 'in', cwd: '/', user: 'root' });
  ended.catch(() => undefined);
  const flow = await unpackInto(archive, stream, { ...caches.bounds, signal: run.signal });
  if (flow.ended === 'too-large' || flow.ended === 'stalled') return { fault: `The cache ${cache.key} ${faults[flow.ended]}.`, cause: flow.ended };
  const { exitCode, errors } = await ended;
  if (exitCode !== 0) return { fault: `The cache ${cache.key} cannot be copied: ${lastComplaint(errors)}.`, cause: flow.complaint };
  if (flow.ended === 'badly') return { fault: `The cache ${cache.key} is damaged.`, cause: flow.complaint };
  await run.say(`Copied ${sizeText(cache.unpackedBytes)} to ${roots.join(', ')} in ${timeText(Date.now() - startedAt)}, since ${reasons.join('; ')}`);
  return null;
}

/** The path of the archive on this builder, fetched when it is not here. */
async function archiveHere(run: DataRun, cache: FoundCache, store: ObjectStore, caches: LocalCaches): Promise<string | Fault> {
  const before = await caches.packed(cache);
  if (before !== null) return before;
  if (!(await caches.hasRoom(cache.packedBytes))) return { fault: 'The disk of this builder is nearly full.', cause: 'no room for a cache' };
  const startedAt = Date.now();
  try {
    const path = await settled(run.signal, caches.fetched(cache, (file, signal) => download(store, cache, file, caches.bounds.stallMs, signal)));
    if (path === null) return { fault: `The cache ${cache.key} is damaged.`, cause: 'its archive is missing, or not the one that was saved' };
    await run.say(`Fetched ${sizeText(cache.packedBytes)} in ${timeText(Date.now() - startedAt)}`);
    return path;
  } catch (cause) {
    run.signal.throwIfAborted();
    return { fault: `The cache ${cache.key} cannot be fetched.`, cause };
  }
}

/** False when the store has no such archive, or another. */
async function download(store: ObjectStore, cache: FoundCache, file: string, stallMs: number, signal: AbortSignal): Promise<boolean> {
  const bytes = await within(stallMs, signal, store.read(archiveKey(cache)));
  if (!bytes) return false;
  const hash = createHash('sha256');
  let length = 0;
  const stalled = new AbortController();
  const stall = (): NodeJS.Timeout => setTimeout(() => stalled.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  let timer = stall();
  const either = AbortSignal.any([signal, stalled.signal]);
  try {
    const flow = pipeline(
      bytes,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          clearTimeout(timer);
          timer = stall();
          length += chunk.length;
          if (length > cache.packedBytes) return;
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file, { mode: 0o600 }),
      { signal: either },
    );
    flow.catch(() => undefined);
    // A source that is stuck does not hear the signal.
    await settled(either, flow);
  } finally {
    clearTimeout(timer);
  }
  return length === cache.packedBytes && hash.digest('hex') === cache.sha256;
}

/** No link on the way: the archive may come from whoever could save one, and the path is opened by the sandbox's root. */
async function isPlainFolder(base: string, path: string): Promise<boolean> {
  let at = base;
  for (const part of path.split('/').filter(Boolean)) {
    at = join(at, part);
    if (!(await lstat(at).catch(() => null))?.isDirectory()) return false;
  }
  return true;
}

/** What others may wait for, too, goes on when this one is canceled. */
function settled<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(signal.reason as Error);
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', leave));
}

async function within<T>(ms: number, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(ms);
  return settled(AbortSignal.any([signal, late]), work);
}
