// How is a cache restored? By mounting it where that can be, else by copying; and whatever goes wrong with it, the build goes on without.

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RestoreCacheStep } from '../../../config-schema/plan.ts';
import { readable } from '../../../config-schema/trigger.ts';
import { paths } from '../../../sandbox-agent/protocol.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { sandboxName } from '../held.ts';
import { findCache, type FoundCache } from './cache-index.ts';
import { fetchFrom, settled, within } from './fetch.ts';
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
  const end = await restoreFirst(run, step, filled.keys, ports);
  if ('note' in end) return { outcome: 'passed', note: end.note };
  if (end.cause !== undefined) ports.log.warn({ slice: run.slice, ...end }, 'a cache was not restored');
  return { outcome: 'passed', reason: `${end.fault} The build goes on without the cache.` };
}

async function restoreFirst(run: DataRun, step: RestoreCacheStep, keys: readonly string[], ports: DataStepPorts): Promise<Fault | { note: string }> {
  const { store, caches } = ports;
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
  if (!found) return { note: 'no cache was found' };
  if (found.roots.length === 0 || !found.roots.every(isRoot)) return { fault: `The cache ${found.key} is damaged.`, cause: 'its entry names no proper paths' };
  await run.say(`Found a cache from build ${found.by.pipeline} at ${found.key}`);

  const plan = await whereToMount(run, step, found);
  const unpacked = plan.mount.length > 0 ? await unpackedHere(run, found, ports) : null;
  if (unpacked) return unpacked;
  const { copy, reasons } = plan.mount.length > 0 ? await mountRoots(run, found, plan, caches) : plan;
  const fault = copy.length > 0 ? await copyRoots(run, found, copy, [...new Set(reasons)], ports) : null;
  return fault ?? { note: `${sizeText(found.unpackedBytes)} restored` };
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
async function unpackedHere(run: DataRun, cache: FoundCache, { store, caches }: DataStepPorts): Promise<Fault | null> {
  if (caches.isUnpacked(cache)) return null;
  if (!(await caches.hasRoom(cache.unpackedBytes))) return noRoom;
  const startedAt = Date.now();
  const isFetched = (await caches.packed(cache)) !== null;
  const got = isFetched ? { value: await settled(run.signal, caches.unpack(cache)) } : await fetched(run, cache, caches.fetchedAndUnpacked(cache, fetchFrom(store, cache, caches.bounds)));
  if ('fault' in got) return got;
  const { value: unpacked } = got;
  if ('fault' in unpacked) {
    await caches.drop(cache);
    return { fault: `The cache ${cache.key} ${faults[unpacked.fault]}.`, cause: unpacked.cause };
  }
  const how = isFetched ? `Unpacked ${unpacked.files} files` : `Fetched ${sizeText(cache.packedBytes)} and unpacked ${unpacked.files} files`;
  if (unpacked.files > 0) await run.say(`${how} on the builder in ${timeText(Date.now() - startedAt)}`);
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

async function copyRoots(run: DataRun, cache: FoundCache, roots: readonly string[], reasons: readonly string[], ports: DataStepPorts): Promise<Fault | null> {
  const archive = await archiveHere(run, cache, ports);
  if ('fault' in archive) return archive;
  const { bounds } = ports.caches;
  const startedAt = Date.now();
  await run.sandbox.ask('makeParents', [...roots]);
  const args = ['--extract', '--file=-', '--directory=/', '--numeric-owner', '--same-owner', '--same-permissions', '--no-wildcards', '--', ...memberNames(roots)];
  const { stream, ended } = await run.sandbox.tool({ program: 'tar', args, stream: 'in', cwd: '/', user: 'root' });
  ended.catch(() => undefined);
  const flow = await unpackInto(archive.value, stream, { ...bounds, signal: run.signal });
  if (flow.ended === 'too-large' || flow.ended === 'stalled') return { fault: `The cache ${cache.key} ${faults[flow.ended]}.`, cause: flow.ended };
  const { exitCode, errors } = await ended;
  if (exitCode !== 0) return { fault: `The cache ${cache.key} cannot be copied: ${lastComplaint(errors)}.`, cause: flow.complaint };
  if (flow.ended === 'badly') return { fault: `The cache ${cache.key} is damaged.`, cause: flow.complaint };
  await run.say(`Copied ${sizeText(cache.unpackedBytes)} to ${roots.join(', ')} in ${timeText(Date.now() - startedAt)}, since ${reasons.join('; ')}`);
  return null;
}

/** The path of the archive on this builder, fetched when it is not here. */
async function archiveHere(run: DataRun, cache: FoundCache, { store, caches }: DataStepPorts): Promise<{ value: string } | Fault> {
  const before = await caches.packed(cache);
  if (before !== null) return { value: before };
  if (!(await caches.hasRoom(cache.packedBytes))) return noRoom;
  const startedAt = Date.now();
  const got = await fetched(run, cache, caches.fetched(cache, fetchFrom(store, cache, caches.bounds)));
  if ('value' in got) await run.say(`Fetched ${sizeText(cache.packedBytes)} in ${timeText(Date.now() - startedAt)}`);
  return got;
}

async function fetched<T>({ signal }: DataRun, cache: FoundCache, fetching: Promise<T | null>): Promise<{ value: T } | Fault> {
  try {
    const value = await settled(signal, fetching);
    return value === null ? { fault: `The cache ${cache.key} is damaged.`, cause: 'its archive is missing, or not the one that was saved' } : { value };
  } catch (cause) {
    signal.throwIfAborted();
    return { fault: `The cache ${cache.key} cannot be fetched.`, cause };
  }
}

const noRoom: Fault = { fault: 'The disk of this builder is nearly full.', cause: 'no room for a cache' };

/** No link on the way: the archive may come from whoever could save one, and the path is opened by the sandbox's root. */
async function isPlainFolder(base: string, path: string): Promise<boolean> {
  let at = base;
  for (const part of path.split('/').filter(Boolean)) {
    at = join(at, part);
    if (!(await lstat(at).catch(() => null))?.isDirectory()) return false;
  }
  return true;
}
