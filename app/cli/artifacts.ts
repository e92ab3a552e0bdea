// `roundhouse artifacts`: which files has a job stored, and how do they come here?

import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readPipeline } from '../builds.ts';
import { artifactsOf } from '../page/artifacts/artifacts.ts';
import { findJob } from './logs.ts';
import { findAddress, type Ports } from './ports.ts';
import { printable } from './printable.ts';
import { Problem } from './problem.ts';
import { print } from './say.ts';

/** Prints size and path of each; with `to`, copies them there, those of slice N of several into the folder N. */
export async function printArtifacts(ports: Ports, text: string, { to, json }: { to?: string; json?: true }): Promise<void> {
  const { owner, name, pipeline: number, ...asked } = await findAddress(ports, text);
  const view = await readPipeline(ports, owner, name, number);
  if (!view) throw new Problem(`there is no pipeline ${owner}/${name}#${number}. See: roundhouse builds`, 2);
  const { workflow, job } = findJob(view, asked.workflow, asked.job, text);
  const slices = job.slices.filter(({ index }) => asked.slice === undefined || index === asked.slice);
  for (const slice of slices) {
    for (const { path, key, bytes, sha256 } of await artifactsOf(ports.store, view, { owner, name, pipeline: number, workflow, job: job.name, slice: slice.index }, slice)) {
      print(artifactLine({ slice: slice.index, path, bytes, sha256 }, job.slices.length, json));
      if (to !== undefined) await copyTo(join(to, job.slices.length > 1 ? String(slice.index) : ''), path, () => ports.store.read(key));
    }
  }
}

export function artifactLine(artifact: { slice: number; path: string; bytes: number; sha256: string }, slices: number, json: true | undefined): string {
  return json ? JSON.stringify(artifact) : `${slices > 1 ? `${artifact.slice}  ` : ''}${String(artifact.bytes).padStart(12)}  ${printable(artifact.path)}`;
}

export async function copyTo(folder: string, path: string, read: () => Promise<AsyncIterable<Uint8Array> | null | undefined>): Promise<void> {
  // It came from a sandbox, by way of a store.
  if (path.split('/').includes('..') || path.includes('\0')) throw new Problem(`${printable(path)} leads out of the folder, and is not copied.`, 1);
  const parts = await read();
  if (!parts) throw new Problem(`the object store has lost ${printable(path)}.`, 1);
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await pipeline(parts, createWriteStream(target));
}
