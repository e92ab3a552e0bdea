// Which pages are there of pipelines?

import type { BuildLine } from '../../../config-schema/view.ts';
import { nothing, show } from '../env.ts';
import type { PageApp } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { buildsView } from './list-view.ts';
import { pipelineView } from './pipeline-view.ts';

export type PipelinePorts = {
  /** Newest first. */
  builds(limit: number): Promise<BuildLine[]>;
};

const buildsOnPage = 50;

export function pipelineRoutes(app: PageApp, ports: CommonPorts & PipelinePorts): void {
  app.get('/', async (c) => show(c, buildsView(await ports.builds(buildsOnPage), Date.now())));

  app.get('/:owner/:name/:pipeline{[0-9]{1,15}}', async (c) => {
    const view = await ports.pipeline(c.req.param('owner'), c.req.param('name'), Number(c.req.param('pipeline')));
    return view ? show(c, pipelineView(view, Date.now())) : nothing(c, 'pipeline');
  });
}
