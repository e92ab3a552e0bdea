// Which pages are there of a pipeline?

import type { PipelineView } from '../../../config-schema/view.ts';
import { numberOf } from '../address.ts';
import { artifactsOf } from '../artifacts/artifacts.ts';
import { nothing, show } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { Shown } from '../layout.ts';
import type { CommonPorts } from '../ports.ts';
import { actorOf } from './action-forms.ts';
import { configView } from './config-view.ts';
import { actionRoutes, type ActionPorts } from './pipeline-actions.ts';
import { pipelineArtifactsView, slicesWithArtifacts } from './pipeline-artifacts-view.ts';
import { placeOf } from './pipeline-head.ts';
import { pipelineFacts, readFaultyConfig, readRecord, type Facts } from './pipeline-record.ts';
import { pipelineView } from './pipeline-view.ts';
import { nameOfJob, readTests, testsByJob, type TestsAsked } from './tests.ts';
import { testsView } from './tests-view.ts';

export type PipelinePorts = ActionPorts;

/** Slices whose artifacts are listed on the pipeline's own page. */
const slicesListed = 40;

export function pipelineRoutes(app: PageApp, ports: CommonPorts & PipelinePorts): void {
  const { store } = ports;
  const factsOf = pipelineFacts(store);
  const pipelinePath = '/:owner/:name/:pipeline{[0-9]{1,15}}';

  async function answer(c: PageContext, showIt: (view: PipelineView, facts: Facts, now: number) => Shown | Promise<Shown>): Promise<Response> {
    const { owner, name, pipeline } = c.req.param() as Record<string, string>;
    const view = await ports.pipeline(owner!, name!, Number(pipeline));
    if (!view) return nothing(c, 'pipeline');
    return show(c, await showIt(view, await factsOf(view.repository.id, view.number), Date.now()));
  }

  app.get(pipelinePath, (c) =>
    answer(c, async (view, facts, now) => {
      const faulty = view.workflows.length === 0 && view.outcome === 'failed' && (await readFaultyConfig(store, view.repository.id, view.number)) !== undefined;
      return pipelineView(view, facts, actorOf(c.get('viewer'), c.get('permission')), faulty, now);
    }),
  );

  app.get(`${pipelinePath}/config`, (c) =>
    answer(c, async (view, facts, now) => {
      const record = await readRecord(store, view.repository.id, view.number);
      // Of a setup config the one that was handed in may be faulty.
      const faulty = record && (!record.plan.setup || record.continuation) ? undefined : await readFaultyConfig(store, view.repository.id, view.number);
      return configView(view, facts, record, faulty, now);
    }),
  );

  app.get(`${pipelinePath}/tests`, (c) =>
    answer(c, async (view, facts, now) => {
      const asked = testsAsked(c);
      const jobs = testsByJob(view);
      return testsView(view, facts, jobs, await readTests(store, view, (job) => asked.job === '' || nameOfJob(job) === asked.job), asked, now);
    }),
  );

  app.get(`${pipelinePath}/artifacts`, (c) =>
    answer(c, async (view, facts, now) => {
      const slices = slicesWithArtifacts(view);
      const listed = await Promise.all(
        slices.slice(0, slicesListed).map(({ workflow, job, slice }) => artifactsOf(store, view, { ...placeOf(view), workflow, job, slice }, view.workflows.find(({ name }) => name === workflow)!.jobs.find(({ name }) => name === job)!.slices.find(({ index }) => index === slice)!)),
      );
      return pipelineArtifactsView(view, facts, slices, listed, now);
    }),
  );

  actionRoutes(app, ports);
}

function testsAsked(c: PageContext): TestsAsked {
  const status = c.req.query('status');
  return {
    job: c.req.query('job') ?? '',
    status: status === 'failed' || status === 'passed' || status === 'skipped' ? status : '',
    name: c.req.query('name') ?? '',
    sort: c.req.query('sort') === 'slow' ? 'slow' : '',
    page: Math.max(1, numberOf(c.req.query('page')) ?? 1),
  };
}
