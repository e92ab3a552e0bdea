// Which pipeline does a program mean, by its UUID or by that of a workflow, and may it see that?

import type { SliceKey } from '../../config-schema/address.ts';
import { idKey, type IdRecord } from '../../config-schema/ids.ts';
import type { JobView, PipelineView, WorkflowView } from '../../config-schema/view.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import { jsonBytes, readJson } from '../json-object.ts';
import { atLeast, type Access, type KnownRepository, type Viewer } from '../page/access/access.ts';
import { readable } from '../page/access/only-readers.ts';
import type { UuidOf } from './answers.ts';
import { ApiProblem, notThere } from './route.ts';

export type FindPorts = {
  access: Access;
  repository(owner: string, name: string): Promise<KnownRepository | null>;
  store: Pick<ObjectStore, 'get' | 'put'>;
  pipelineById(repositoryId: number, number: number): Promise<PipelineView | null>;
  openViews(): Promise<PipelineView[]>;
  uuidOf: UuidOf;
};

type Wanted = { viewer: Viewer; /** Else only read. */ toChange: boolean };

/** Each throws ApiProblem: what may not be read is as what is not there. */
export function finder(ports: FindPorts) {
  const { store, openViews, pipelineById, uuidOf } = ports;

  async function allowed({ viewer, toChange }: Wanted, owner: string, name: string, what: string, known: (owner: string, name: string) => Promise<KnownRepository | null> = ports.repository): Promise<KnownRepository> {
    const found = await readable({ access: ports.access, repository: known }, viewer, owner, name);
    if (found === 'too many guesses') throw new ApiProblem(429, 'You have asked for many things that are not there for you. Wait a minute.');
    if (!found) throw notThere(what);
    if (toChange && !viewer.byToken?.mayWrite) throw new ApiProblem(403, 'This token is for reading. Make one for reading and writing on the page, under your name.');
    if (toChange && !atLeast(found.permission, 'write')) throw new ApiProblem(403, 'Only somebody with write access to the repository on GitHub may do this.');
    return found.repository;
  }

  async function byId(id: string, wanted: Wanted, what: string, isIt: (view: PipelineView) => boolean): Promise<PipelineView> {
    const record = isUuid.test(id) ? await readJson<IdRecord>(store, idKey(id)) : undefined;
    const view = record ? await pipelineById(record.repositoryId, record.number) : ((await openViews()).find(isIt) ?? null);
    const found = view && isIt(view) ? view : null;
    const { owner, name } = found?.repository ?? { owner: id, name: id };
    await allowed(wanted, owner, name, what, () => Promise.resolve(found && { id: found.repository.id, owner, name }));
    return found!;
  }

  return {
    repository: (owner: string, name: string, wanted: Wanted): Promise<KnownRepository> => allowed(wanted, owner, name, 'repository'),

    async pipeline(repository: KnownRepository, number: string): Promise<PipelineView> {
      const view = /^\d{1,15}$/.test(number) ? await pipelineById(repository.id, Number(number)) : null;
      if (!view) throw notThere('pipeline');
      return view;
    },

    byPipelineId: (id: string, wanted: Wanted): Promise<PipelineView> => byId(id, wanted, 'pipeline', ({ repository, number }) => uuidOf('pipeline', repository.id, number) === id),

    async byWorkflowId(id: string, wanted: Wanted): Promise<{ view: PipelineView; workflow: WorkflowView }> {
      const within = ({ repository, number, workflows }: PipelineView): WorkflowView | undefined => workflows.find(({ name }) => uuidOf('workflow', repository.id, number, name) === id);
      const view = await byId(id, wanted, 'workflow', (each) => within(each) !== undefined);
      return { view, workflow: within(view)! };
    },

    /** A slice that runs, by what it knows as `CIRCLE_CONTINUATION_KEY`. */
    async byContinuationKey(key: string, wanted: Wanted): Promise<{ slice: SliceKey; attempt: number }> {
      const within = ({ repository: { id }, number: pipeline, workflows }: PipelineView) =>
        workflows
          .flatMap(({ name: workflow, jobs }) => jobs.flatMap(({ name: job, slices }) => slices.map(({ index, attempt, state }) => ({ slice: { repositoryId: id, pipeline, workflow, job, slice: index }, attempt, state }))))
          .find(({ slice, state }) => state === 'running' && uuidOf('continuation', id, pipeline, slice.workflow, slice.job, slice.slice) === key);
      return within(await byId(key, wanted, 'job that runs', (view) => within(view) !== undefined))!;
    },

    /** So that one that was just begun is found by what we answered. */
    async remember(id: string, repositoryId: number, number: number): Promise<void> {
      await store.put(idKey(id), jsonBytes({ version: 1, repositoryId, number } satisfies IdRecord), { contentType: 'application/json' });
    },
  };
}

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type Finder = ReturnType<typeof finder>;

export function workflowIn({ workflows }: PipelineView, named: string | undefined): WorkflowView {
  const workflow = workflows.find(({ name }) => name === named);
  if (!workflow) throw notThere('workflow');
  return workflow;
}

export function jobIn({ jobs }: WorkflowView, named: string | undefined): JobView {
  const job = jobs.find(({ name }) => name === named);
  if (!job) throw notThere('job');
  return job;
}
