// How is a cache saved? Packed by tar in the sandbox and zstd beside it, stored, and only then entered: what is entered is whole.

import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { normalize } from 'node:path';
import type { SaveCacheStep } from '../../../config-schema/plan.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { addEntry, archiveKey, readEntry, type CacheEntry } from './cache-index.ts';
import { cacheKeys } from './key.ts';
import { hashOf, pack } from './packing.ts';
import { sizeText, timeText } from './words.ts';

/** What is not saved is no reason to fail: the build is as good without. A key that cannot be filled in is the user's mistake. */
export async function saveCache(run: DataRun, step: SaveCacheStep, { store, caches, cacheDays }: DataStepPorts): Promise<DataEnd> {
  const filled = await cacheKeys(run, [step.key]);
  if ('problem' in filled) return { outcome: 'failed', reason: filled.problem };
  const [key] = filled.keys as [string];
  const place = { repositoryId: run.slice.repositoryId, level: run.trust };
  const exists = `Skipping cache generation, cache already exists for key: ${key}`;
  if (await readEntry(store, place, key, Date.now())) return { outcome: 'passed', reason: exists };
  const roots = await rootsToSave(run, step.paths);
  if (roots.length === 0) return { outcome: 'passed', reason: 'Nothing was saved: none of the paths exists.' };
  if (!(await caches.hasRoom(0))) return { outcome: 'passed', reason: 'Nothing was saved: the disk of this builder is nearly full.' };

  const startedAt = Date.now();
  const file = await caches.newFile();
  try {
    const packed = await packRoots(run, roots, file, caches.bounds);
    if ('problem' in packed) return { outcome: 'passed', reason: `Nothing was saved: ${packed.problem}` };
    const archive = randomBytes(16).toString('hex');
    const [{ size: packedBytes }, sha256] = await Promise.all([stat(file), hashOf(file), store.putFile(archiveKey({ ...place, archive }), file)]);
    await run.checkFence();
    const now = Date.now();
    const entry: CacheEntry = {
      version: 1,
      key,
      roots,
      savedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + (run.place.job.cacheRetentionDays ?? cacheDays) * 86_400_000).toISOString(),
      by: { pipeline: run.slice.pipeline, workflow: run.slice.workflow, job: run.slice.job },
      archive,
      sha256,
      packedBytes,
      unpackedBytes: packed.bytes,
    };
    if (!(await addEntry(store, place, entry))) {
      await store.delete(archiveKey({ ...place, archive }));
      return { outcome: 'passed', reason: exists };
    }
    await caches.keep({ ...place, archive }, file);
    if (step.mount) caches.unpackLater({ ...place, archive });
    await run.say(`Saved ${sizeText(packed.bytes)} as ${sizeText(packedBytes)} in ${timeText(Date.now() - startedAt)}, under the key: ${key}`);
    return { outcome: 'passed', note: `${sizeText(packed.bytes)} saved` };
  } finally {
    await rm(file, { force: true });
  }
}

/** Absolute, each once, and none within another. */
async function rootsToSave(run: DataRun, paths: readonly string[]): Promise<string[]> {
  const places = await run.sandbox.ask('cachePlaces', [...paths]);
  const found: string[] = [];
  for (const [i, written] of paths.entries()) {
    // The sandbox's word.
    const { path = '', kind = 'missing' } = places[i] ?? {};
    if (kind === 'missing') await run.say(`Skipping ${written}: there is no such file or folder.`);
    else if (!isRoot(path)) await run.say(`Skipping ${written}: it cannot be saved as a whole. Name what is in it.`);
    else found.push(path);
  }
  const unique = [...new Set(found)];
  return unique.filter((path) => !unique.some((other) => path.startsWith(`${other}/`)));
}

export const isRoot = (path: string): boolean => path.startsWith('/') && path !== '/' && !path.endsWith('/') && normalize(path) === path && !path.includes('\0');

/** Relative to `/`, as the archive names them. */
export const memberNames = (roots: readonly string[]): string[] => roots.map((root) => root.slice(1));

async function packRoots(run: DataRun, roots: readonly string[], file: string, bounds: { maxBytes: number; stallMs: number }): Promise<{ bytes: number } | { problem: string }> {
  const args = ['--create', '--file=-', '--directory=/', '--numeric-owner', '--sparse', '--totals', '--', ...memberNames(roots)];
  // As root: a cache may hold what other users made.
  const { stream, ended } = await run.sandbox.tool({ program: 'tar', args, stream: 'out', cwd: '/', user: 'root' });
  ended.catch(() => undefined);
  const { ended: how, complaint } = await pack(stream, file, { ...bounds, signal: run.signal });
  if (how === 'too-large') return { problem: `it is larger than ${sizeText(bounds.maxBytes)}, which is the most that this installation keeps (cacheMaxGigabytes). Save less of it.` };
  if (how === 'stalled') return { problem: `nothing was read any more for ${timeText(bounds.stallMs)}.` };
  const { exitCode, errors } = await ended;
  if (how === 'badly') throw new Error(`zstd failed: ${complaint}`);
  // 1: a file changed or went while it was read.
  if (exitCode !== 0 && exitCode !== 1) return { problem: `the files cannot be packed: ${lastComplaint(errors)}` };
  // The sandbox's word: not more than can be.
  return { bytes: Math.min(bounds.maxBytes, Number(/^Total bytes written: (\d{1,15})\b/m.exec(errors)?.[1] ?? 0)) };
}

/** Before tar's summary. */
export function lastComplaint(errors: string): string {
  const lines = errors.split('\n').filter((line) => line !== '' && !/^Total bytes written|Exiting with failure status/.test(line));
  return (lines.at(-1) ?? 'tar says nothing').replace(/^\S*tar: /, '').slice(0, 500);
}
