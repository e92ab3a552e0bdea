// How does the command line have a pipeline or a part of it approved, canceled, run again; and a fork's commit allowed?

import * as z from 'zod';
import type { RerunOf } from '../../config-schema/trigger.ts';
import type { PipelineView } from '../../config-schema/view.ts';
import type { Part } from '../asks.ts';
import { fullName, operation, Refused, type Asker, type Operation } from './operation.ts';

export type PipelineOperationPorts = {
  readPipeline(owner: string, name: string, number: number): Promise<PipelineView | null>;
  /** See app/rerun.ts and app/asks.ts. */
  rerun(view: PipelineView, what: RerunOf, by: null, asker: Asker): Promise<number | null>;
  approve(view: PipelineView, job: Required<Part>, asker: Asker): Promise<void>;
  cancel(view: PipelineView, part: Part, asker: Asker): Promise<void>;
  allow(view: PipelineView, asker: Asker): Promise<void>;
};

const pipeline = { repository: fullName, number: z.int() };
export const rerunOf = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('failed'), workflow: z.string().exactOptional() }),
  z.strictObject({ kind: z.literal('workflow'), workflow: z.string() }),
  z.strictObject({ kind: z.literal('job'), workflow: z.string(), job: z.string(), slice: z.int().exactOptional() }),
]);

export function pipelineOperations({ readPipeline, rerun, approve, cancel, allow }: PipelineOperationPorts): Record<string, Operation> {
  const viewOf = async ({ repository, number }: { repository: string; number: number }): Promise<PipelineView> => {
    const [owner = '', name = ''] = repository.split('/');
    const view = await readPipeline(owner, name, number);
    if (!view) throw new Refused(`there is no pipeline ${repository}#${number}. See: roundhouse builds ${repository}`);
    return view;
  };
  return {
    'pipelines.rerun': operation(z.strictObject({ ...pipeline, what: rerunOf }), async ({ what, ...asked }, asker) => ({ number: await rerun(await viewOf(asked), what, null, asker) })),
    'pipelines.approve': operation(z.strictObject({ ...pipeline, workflow: z.string(), job: z.string() }), async ({ workflow, job, ...asked }, asker) => approve(await viewOf(asked), { workflow, job }, asker)),
    'pipelines.cancel': operation(z.strictObject({ ...pipeline, workflow: z.string().exactOptional(), job: z.string().exactOptional() }), async ({ repository, number, ...part }, asker) => cancel(await viewOf({ repository, number }), part, asker)),
    'pipelines.allow': operation(z.strictObject(pipeline), async (asked, asker) => allow(await viewOf(asked), asker)),
  };
}
