// What can be done about a pipeline: cancel it, or run it again?

import { html } from 'hono/html';
import type { PipelineView } from '../../../config-schema/view.ts';
import { Refused, type Asker } from '../../control/operation.ts';
import { isSentence } from '../../control/run-operation.ts';
import { atLeast, type Permission, type Person, type Viewer } from '../access/access.ts';
import { pipelinePath } from '../address.ts';
import { askerOf, nothing, sentence, unlessAllowed } from '../env.ts';
import type { PageApp } from '../env.ts';
import { csrfField } from '../layout.ts';
import type { Html } from '../layout.ts';
import type { CommonPorts } from '../ports.ts';
import { placeOf, nameOf, pagePath } from './pipeline-head.ts';

export type ActionPorts = {
  /** False when it had ended already. */
  cancel(view: PipelineView, asker: Asker): Promise<boolean>;
  /**
   * The same commit once more, as a pipeline of its own. `by` is its sender; null: whoever sent this one. Answers its number as soon as there is
   * one, null when that takes long. Throws Refused with a sentence for the person.
   */
  rerun(view: PipelineView, by: Person | null, asker: Asker): Promise<number | null>;
};

export function actionRoutes(app: PageApp, ports: CommonPorts & ActionPorts): void {
  const path = '/:owner/:name/:pipeline{[0-9]{1,15}}';

  app.post(`${path}/cancel`, async (c) => {
    const view = await ports.pipeline(c.req.param('owner'), c.req.param('name'), Number(c.req.param('pipeline')));
    if (!view) return nothing(c, 'pipeline');
    const refused = await unlessAllowed(c, 'write');
    if (refused) return refused;
    if (view.state === 'ended' || !(await ports.cancel(view, askerOf(c)))) return sentence(c, 'Nothing to cancel', `${nameOf(view)} has ended already, so there is nothing left to cancel.`, 409);
    return c.redirect(pipelinePath(placeOf(view)), 303);
  });

  app.post(`${path}/rerun`, async (c) => {
    const view = await ports.pipeline(c.req.param('owner'), c.req.param('name'), Number(c.req.param('pipeline')));
    if (!view) return nothing(c, 'pipeline');
    const refused = await unlessAllowed(c, 'write');
    if (refused) return refused;
    if (!canRunAgain(view)) return sentence(c, 'Not run again', `${nameOf(view)} ${view.state === 'ended' ? 'came from a work tree and not from GitHub; run it there again: roundhouse run' : 'has not ended. Cancel it first, or wait for its end'}.`, 409);
    try {
      const number = await ports.rerun(view, c.get('viewer').person, askerOf(c));
      const { owner, name } = view.repository;
      return c.redirect(number === null ? `/${owner}/${name}` : pipelinePath({ owner, name, pipeline: number }), 303);
    } catch (error) {
      if (isSentence(error)) return sentence(c, 'Not run again', error.message, error instanceof Refused ? 422 : 503);
      throw error;
    }
  });
}

const canRunAgain = ({ state, trigger }: PipelineView): boolean => state === 'ended' && trigger.event !== 'local';

/** Without a script: what cannot be undone is asked for twice. */
export function actions(view: PipelineView, viewer: Viewer, permission: Permission): Html | '' {
  if (viewer.csrf === null || !atLeast(permission, 'write')) return '';
  if (canRunAgain(view)) return html`<div class="pipeline-actions"><form method="post" action="${pagePath(view, 'rerun')}">${csrfField(viewer)}<button>Run again</button></form></div>`;
  if (view.state === 'ended') return '';
  return html`<div class="pipeline-actions"><details id="cancel" class="cancel"><summary>Cancel …</summary><form method="post" action="${pagePath(view, 'cancel')}">${csrfField(viewer)}<p>All jobs of this pipeline are ended, and those that wait will not begin.</p><button class="danger">Cancel ${nameOf(view)}</button></form></details></div>`;
}
