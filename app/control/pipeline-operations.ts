// How does the command line have a pipeline run again?

import * as z from 'zod';
import type { PipelineView } from '../../config-schema/view.ts';
import { fullName, operation, Refused, type Asker, type Operation } from './operation.ts';

export type PipelineOperationPorts = {
  readPipeline(owner: string, name: string, number: number): Promise<PipelineView | null>;
  /** See app/rerun.ts. */
  rerun(view: PipelineView, by: null, asker: Asker): Promise<number | null>;
};

export function pipelineOperations({ readPipeline, rerun }: PipelineOperationPorts): Record<string, Operation> {
  return {
    'pipelines.rerun': operation(z.strictObject({ repository: fullName, number: z.int() }), async ({ repository, number }, asker) => {
      const [owner = '', name = ''] = repository.split('/');
      const view = await readPipeline(owner, name, number);
      if (!view) throw new Refused(`there is no pipeline ${repository}#${number}. See: roundhouse builds ${repository}`);
      if (view.trigger.event === 'local') throw new Refused(`${repository}#${number} came from a work tree and not from GitHub. Run it there again: roundhouse run`);
      if (view.state !== 'ended') throw new Refused(`${repository}#${number} has not ended. Wait for it, or cancel it first: roundhouse cancel ${repository}#${number}`);
      return { number: await rerun(view, null, asker) };
    }),
  };
}
