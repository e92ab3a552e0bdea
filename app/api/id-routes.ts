// What can a program see and do of a pipeline or workflow whose UUID it knows?

import * as z from 'zod';
import type { RerunOf } from '../../config-schema/trigger.ts';
import { buildLine, type JobView, type PipelineView, type WorkflowView } from '../../config-schema/view.ts';
import { againAnswer, jobAnswer, messageAnswer, pageOf, pipelineAnswer, showJobs, showPipeline, showWorkflow, showWorkflows, workflowAnswer } from './answers.ts';
import { Refused } from '../control/operation.ts';
import type { RoutePorts } from './ports.ts';
import { accepted, get, notThere, post, type Asked, type Route } from './route.ts';

export function idRoutes(ports: RoutePorts): Route[] {
  const { find, uuidOf } = ports;
  const pipelineOf = ({ viewer, at }: Asked<unknown, unknown>, { toChange = false } = {}): Promise<PipelineView> => find.byPipelineId(at['id']!, { viewer, toChange });
  const workflowOf = ({ viewer, at }: Asked<unknown, unknown>, { toChange = false } = {}): Promise<{ view: PipelineView; workflow: WorkflowView }> => find.byWorkflowId(at['id']!, { viewer, toChange });

  function jobOf({ repository, number }: PipelineView, workflow: WorkflowView, id: string): JobView {
    const job = workflow.jobs.find(({ name }) => uuidOf('job', repository.id, number, workflow.name, name) === id);
    if (!job) throw notThere('job');
    return job;
  }

  return [
    get('/pipeline/{id}', { summary: 'A pipeline by its id', answer: pipelineAnswer, run: async (asked) => showPipeline(ports, buildLine(await pipelineOf(asked))) }),
    get('/pipeline/{id}/workflow', { summary: 'The workflows of a pipeline by its id', answer: pageOf(workflowAnswer), run: async (asked) => showWorkflows(ports, await pipelineOf(asked)) }),

    post('/pipeline/{id}/allow', {
      summary: 'Let the commit of a fork run that waits for a maintainer',
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        await ports.allow(await pipelineOf(asked, { toChange: true }), asked.asker);
        return accepted;
      },
    }),

    post('/pipeline/continue', {
      summary: 'Hand in the config with which a pipeline goes on',
      body: z.strictObject({ 'continuation-key': z.uuid(), configuration: z.string().min(1), parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional() }).describe('The key is what a job of the setup workflow, which must run still, knows as `CIRCLE_CONTINUATION_KEY`.'),
      status: 200,
      answer: messageAnswer,
      async run({ viewer, body: { 'continuation-key': key, configuration, parameters = {} } }) {
        const { slice, attempt } = await find.byContinuationKey(key, { viewer, toChange: true });
        const problem = await ports.handIn(slice, attempt, { path: 'the config that was handed in', configuration, parameters });
        if (problem !== null) throw new Refused(problem);
        return accepted;
      },
    }),

    get('/workflow/{id}', {
      summary: 'A workflow',
      answer: workflowAnswer,
      async run(asked) {
        const { view, workflow } = await workflowOf(asked);
        return showWorkflow(ports, view, workflow);
      },
    }),

    get('/workflow/{id}/job', {
      summary: 'The jobs of a workflow',
      answer: pageOf(jobAnswer),
      async run(asked) {
        const { view, workflow } = await workflowOf(asked);
        return showJobs(ports, view, workflow);
      },
    }),

    post('/workflow/{id}/cancel', {
      summary: 'Cancel a workflow',
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        const { view, workflow } = await workflowOf(asked, { toChange: true });
        await ports.cancel(view, { workflow: workflow.name }, asked.asker);
        return accepted;
      },
    }),

    post('/workflow/{id}/rerun', {
      summary: 'Run a workflow again, or what of it failed, or one job',
      body: z.strictObject({ from_failed: z.boolean().optional(), jobs: z.array(z.uuid()).max(1, 'one job at a time can be run again').optional() }),
      status: 202,
      answer: z.strictObject({ workflow_id: z.uuid().nullable(), ...againAnswer.shape }),
      async run(asked) {
        const { view, workflow } = await workflowOf(asked, { toChange: true });
        const { jobs: [only] = [], from_failed } = asked.body;
        const what: RerunOf = only !== undefined ? { kind: 'job', workflow: workflow.name, job: jobOf(view, workflow, only).name } : { kind: from_failed ? 'failed' : 'workflow', workflow: workflow.name };
        const number = await ports.rerun(view, what, asked.person, asked.asker);
        const id = number === null ? null : uuidOf('workflow', view.repository.id, number, workflow.name);
        if (id !== null) await find.remember(id, view.repository.id, number!);
        return { workflow_id: id, pipeline_number: number };
      },
    }),

    post('/workflow/{id}/approve/{approval_request_id}', {
      summary: 'Approve a job that waits for it',
      status: 202,
      answer: messageAnswer,
      async run(asked) {
        const { view, workflow } = await workflowOf(asked, { toChange: true });
        await ports.approve(view, { workflow: workflow.name, job: jobOf(view, workflow, asked.at['approval_request_id']!).name }, asked.asker);
        return accepted;
      },
    }),
  ];
}
