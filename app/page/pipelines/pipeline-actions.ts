// What can be done about a pipeline, or a part of it: approve, cancel, run again, let a fork's commit run?

import type { RerunOf } from '../../../config-schema/trigger.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import type { Part } from '../../asks.ts';
import { Refused, type Asker } from '../../control/operation.ts';
import { isSentence } from '../../control/run-operation.ts';
import type { Person } from '../access/access.ts';
import { jobPath, numberOf, pipelinePath } from '../address.ts';
import { askerOf, nothing, sentence, unlessAllowed } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { placeOf } from './pipeline-head.ts';

/** Each throws Refused with a sentence for the person. */
export type ActionPorts = {
  cancel(view: PipelineView, part: Part, asker: Asker): Promise<void>;
  approve(view: PipelineView, job: Required<Part>, asker: Asker): Promise<void>;
  /** A fork's commit may run. */
  allow(view: PipelineView, asker: Asker): Promise<void>;
  /**
   * Answers the number of the pipeline in which it runs: the same one while it is open, else a new one of the same commit; null when its number
   * is long in coming. `by` is the sender of a new one; null: whoever sent this one.
   */
  rerun(view: PipelineView, what: RerunOf, by: Person | null, asker: Asker): Promise<number | null>;
};

export function actionRoutes(app: PageApp, ports: CommonPorts & ActionPorts): void {
  const on = (action: string, refusal: string, act: (c: PageContext, view: PipelineView, part: Part) => Promise<Response>): void => {
    app.post(`/:owner/:name/:pipeline{[0-9]{1,15}}/${action}`, async (c) => {
      const view = await ports.pipeline(c.req.param('owner')!, c.req.param('name')!, Number(c.req.param('pipeline')));
      if (!view) return nothing(c, 'pipeline');
      const refused = await unlessAllowed(c, 'write');
      if (refused) return refused;
      try {
        return await act(c, view, partOf(c.get('form')));
      } catch (error) {
        if (isSentence(error)) return sentence(c, refusal, error.message, error instanceof Refused ? 409 : 503);
        throw error;
      }
    });
  };

  on('cancel', 'Nothing to cancel', async (c, view, part) => {
    await ports.cancel(view, part, askerOf(c));
    return back(c, view, part);
  });

  on('approve', 'Not approved', async (c, view, { workflow = '', job = '' }) => {
    await ports.approve(view, { workflow, job }, askerOf(c));
    return back(c, view, { workflow, job });
  });

  on('allow', 'Not allowed to run', async (c, view) => {
    await ports.allow(view, askerOf(c));
    return back(c, view, {});
  });

  on('rerun', 'Not run again', async (c, view, part) => {
    const number = await ports.rerun(view, rerunOf(c.get('form')), c.get('viewer').person, askerOf(c));
    if (number === view.number) return back(c, view, part);
    const { owner, name } = view.repository;
    return c.redirect(number === null ? `/${owner}/${name}` : pipelinePath({ owner, name, pipeline: number }), 303);
  });
}

/** To the page that the form was on. */
function back(c: PageContext, view: PipelineView, { workflow, job }: Part): Response {
  const isOfJob = c.get('form').get('page') === 'job' && workflow !== undefined && job !== undefined;
  return c.redirect(isOfJob ? jobPath({ ...placeOf(view), workflow, job }) : pipelinePath(placeOf(view)), 303);
}

function partOf(form: URLSearchParams): Part {
  const [workflow, job] = [form.get('workflow'), form.get('job')];
  return { ...(workflow !== null && { workflow }), ...(workflow !== null && job !== null && { job }) };
}

function rerunOf(form: URLSearchParams): RerunOf {
  const { workflow, job } = partOf(form);
  if (form.get('what') === 'failed') return { kind: 'failed', ...(workflow !== undefined && { workflow }) };
  if (workflow === undefined) return { kind: 'all' };
  if (job === undefined) return { kind: 'workflow', workflow };
  const slice = numberOf(form.get('slice'));
  return { kind: 'job', workflow, job, ...(slice !== null && { slice }) };
}
