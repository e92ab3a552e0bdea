// Which pipelines are there, and how does one stand? Open ones come from Temporal, ended ones from the object store.

import type { Client } from '@temporalio/client';
import { buildLine, repositoryNameKey, repositoryNowKey, summaryKey, type BuildLine, type NamedRepository, type PipelineView } from '../config-schema/view.ts';
import type { ObjectStore } from '../activities/object-store.ts';
import { readJson } from './json-object.ts';
import { listOpenPipelines, viewPipeline } from '../workflows/client.ts';

export type BuildPorts = { store: ObjectStore; client: Client };

/** Newest first, be they open or ended. */
export async function listBuilds({ store, client }: BuildPorts, { limit, repositoryId }: { limit: number; repositoryId?: number }): Promise<BuildLine[]> {
  const open = (await listOpenPipelines(client)).filter((pipeline) => repositoryId === undefined || pipeline.repositoryId === repositoryId);
  const views = await Promise.all(open.slice(0, limit).map((pipeline) => viewPipeline(client, pipeline.repositoryId, pipeline.number)));
  const lines = views.filter((view) => view !== null).map(buildLine);
  const listed = new Set(lines.map(nameOf));
  const prefix = repositoryId === undefined ? 'history/' : `repositories/${repositoryId}/history/`;
  for await (const { key } of store.list(prefix, { limit })) {
    const line = await readJson<BuildLine>(store, key);
    // A pipeline that ends while we look stands in both.
    if (line && !listed.has(nameOf(line))) lines.push(line);
  }
  const names = new Map(await Promise.all([...new Set(lines.map((line) => line.repositoryId))].map(async (id) => [id, await currentName(store, id)] as const)));
  return lines.map((line) => ({ ...line, ...names.get(line.repositoryId) })).sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1)).slice(0, limit);
}

/** Null when there is no such pipeline, or no such repository. */
export async function readPipeline(ports: BuildPorts, owner: string, name: string, number: number): Promise<PipelineView | null> {
  const repositoryId = await repositoryIdOf(ports.store, owner, name);
  return repositoryId === null ? null : readPipelineById(ports, repositoryId, number);
}

/** Null when there is no such pipeline. */
export async function readPipelineById(ports: BuildPorts, repositoryId: number, number: number): Promise<PipelineView | null> {
  const view = (await readJson<PipelineView>(ports.store, summaryKey(repositoryId, number))) ?? (await viewPipeline(ports.client, repositoryId, number));
  return view && { ...view, repository: { ...view.repository, ...(await currentName(ports.store, repositoryId)) } };
}

/** What a build carries is the name of its time, which may be somebody else's by now. Empty when none was ever noted. */
async function currentName(store: ObjectStore, repositoryId: number): Promise<{ owner: string; name: string } | Record<never, never>> {
  const now = await readJson<NamedRepository>(store, repositoryNowKey(repositoryId));
  return now ? { owner: now.owner, name: now.name } : {};
}

/** Null for one that we never heard of. */
export async function knownRepository(store: ObjectStore, owner: string, name: string): Promise<{ id: number; owner: string; name: string } | null> {
  const id = await repositoryIdOf(store, owner, name);
  return id === null ? null : { id, owner, name, ...(await currentName(store, id)) };
}

export async function repositoryIdOf(store: ObjectStore, owner: string, name: string): Promise<number | null> {
  return (await readJson<{ id: number }>(store, repositoryNameKey(owner, name)))?.id ?? null;
}

const nameOf = ({ repositoryId, number }: BuildLine): string => `${repositoryId}/${number}`;
