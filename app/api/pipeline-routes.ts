// What can a program see and do of a pipeline whose number it knows?

import * as z from 'zod';
import { buildLine, type PipelineView } from '../../config-schema/view.ts';
import { rerunOf } from '../control/pipeline-operations.ts';
import type { Why } from '../why.ts';
import { againAnswer, jobAnswer, messageAnswer, pageOf, pipelineAnswer, showJobs, showPipeline, showWorkflows, workflowAnswer } from './answers.ts';
import { workflowIn } from './find.ts';
import type { RoutePorts } from './ports.ts';
import { accepted, ApiProblem, get, post, type Asked, type Route } from './route.ts';

const path = '/project/{vcs}/{owner}/{name}/pipeline/{number}';

export function pipelineRoutes(ports: RoutePorts): Route[] {
  const viewOf = ({ repository, at }: Asked<unknown, unknown>): Promise<PipelineView> => ports.find.pipeline(repository, at['number']!);

  return [
    get(path, { summary: 'A pipeline by its number', answer: pipelineAnswer, run: async (asked) => showPipeline(ports, buildLine(await viewOf(asked))) }),
    get(`${path}/workflow`, { summary: 'The workflows of a pipeline by its number', answer: pageOf(workflowAnswer), run: async (asked) => showWorkflows(ports, await viewOf(asked)) }),

    get(`${path}/workflow/{workflow}/job`, {
      summary: 'The jobs of a workflow by its name',
      answer: pageOf(jobAnswer),
      async run(asked) {
        const view = await viewOf(asked);
        return showJobs(ports, view, workflowIn(view, asked.at['workflow']));
      },
    }),

    get(`${path}/why`, {
      summary: 'Why things of a pipeline ran, did not run, wait or failed',
      query: z.object({ workflow: z.string().optional(), job: z.string().optional() }),
      answer: z.strictObject({ items: z.array(z.strictObject({ subject: z.string(), answer: z.string() })) }),
      async run(asked) {
        const { repository: { owner, name }, query: { workflow, job }, asker } = asked;
        const { number } = await viewOf(asked);
        const { answers } = await ports.ask<{ answers: Why[] }>('pipelines.why', { repository: `${owner}/${name}`, number, ...(workflow !== undefined && { workflow }), ...(job !== undefined && { job }) }, asker);
        return { items: answers };
      },
    }),

    post(`${path}/rerun`, {
      summary: 'Run a pipeline again, or a part of it',
      body: z.strictObject({ what: rerunOf.optional() }).describe('Without `what`: all of it.'),
      status: 202,
      answer: againAnswer,
      run: async (asked) => ({ pipeline_number: await ports.rerun(await viewOf(asked), asked.body.what ?? { kind: 'all' }, asked.person, asked.asker) }),
    }),

    post(`${path}/cancel`, {
      summary: 'Cancel a pipeline, one workflow of it, or one job',
      body: z.strictObject({ workflow: z.string().exactOptional(), job: z.string().exactOptional() }),
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        const { workflow, job } = asked.body;
        if (job !== undefined && workflow === undefined) throw new ApiProblem(400, 'workflow: say in which workflow the job is.');
        await ports.cancel(await viewOf(asked), asked.body, asked.asker);
        return accepted;
      },
    }),

    post(`${path}/approve`, {
      summary: 'Approve a job that waits for it',
      body: z.strictObject({ workflow: z.string(), job: z.string() }),
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        await ports.approve(await viewOf(asked), asked.body, asked.asker);
        return accepted;
      },
    }),

    post(`${path}/allow`, {
      summary: 'Let the commit of a fork run that waits for a maintainer',
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        await ports.allow(await viewOf(asked), asked.asker);
        return accepted;
      },
    }),
  ];
}
