// What can a program see of a job: its steps, tests and artifacts?

import type * as z from 'zod';
import type { JobView, PipelineView, WorkflowView } from '../../config-schema/view.ts';
import { inTurn } from '../in-turn.ts';
import type { JobPlace } from '../page/address.ts';
import { artifactsOf } from '../page/artifacts/artifacts.ts';
import { readTests } from '../page/pipelines/tests.ts';
import { artifactAnswer, jobDetailsAnswer, pageOf, showArtifact, showJobDetails, showTest, testAnswer } from './answers.ts';
import { jobIn, workflowIn } from './find.ts';
import type { RoutePorts } from './ports.ts';
import { get, type Asked, type Route } from './route.ts';

const path = '/project/{vcs}/{owner}/{name}/pipeline/{number}/workflow/{workflow}/job/{job}';
const slicesAtOnce = 16;

export function jobRoutes(ports: RoutePorts): Route[] {
  const { find, store } = ports;

  async function found({ repository: { id, owner, name }, at }: Asked<unknown, unknown>): Promise<{ view: PipelineView; workflow: WorkflowView; job: JobView; place: JobPlace }> {
    const view = await find.pipeline({ id, owner, name }, at['number']!);
    const workflow = workflowIn(view, at['workflow']);
    const job = jobIn(workflow, at['job']);
    return { view, workflow, job, place: { owner, name, pipeline: view.number, workflow: workflow.name, job: job.name } };
  }

  return [
    get(path, {
      summary: 'A job with its slices, their steps, and where their logs are',
      answer: jobDetailsAnswer,
      async run(asked) {
        const { view, workflow, job } = await found(asked);
        return showJobDetails(ports, view, workflow, job);
      },
    }),

    get(`${path}/tests`, {
      summary: 'The tests that a job has reported, of all its slices',
      answer: pageOf(testAnswer),
      async run(asked) {
        const { view, place } = await found(asked);
        const { tests } = await readTests(store, view, ({ workflow, job }) => workflow === place.workflow && job === place.job);
        return { items: tests.map(showTest), next_page_token: null };
      },
    }),

    get(`${path}/artifacts`, {
      summary: 'The artifacts that a job has stored, of all its slices',
      answer: pageOf(artifactAnswer),
      async run(asked) {
        const { view, job, place } = await found(asked);
        const items: z.input<typeof artifactAnswer>[][] = [];
        await inTurn(job.slices, slicesAtOnce, async (slice) => {
          const of = { ...place, slice: slice.index };
          items[slice.index] = (await artifactsOf(store, view, of, slice)).map((artifact) => showArtifact(ports, of, artifact));
        });
        return { items: items.flat(), next_page_token: null };
      },
    }),
  ];
}
