// Which pages are there of a job and of its logs?

import { BadManifest } from '../../../config-schema/read-log.ts';
import type { SliceView } from '../../../config-schema/view.ts';
import { findJob, findStep, jobPlace, logKeyOf, numberOf, stepPlace } from '../address.ts';
import type { FoundJob, JobPlace } from '../address.ts';
import { nothing, sentence, show } from '../env.ts';
import type { PageApp } from '../env.ts';
import { actorOf, jobActions } from '../pipelines/action-forms.ts';
import type { CommonPorts } from '../ports.ts';
import { jobView } from './job-view.ts';
import type { Tails } from './job-view.ts';
import { logJsonRoutes } from './log-json.ts';
import { standingOf } from './live-socket.ts';
import { rawLog } from './raw-log.ts';
import { badManifest, noSuchStep } from './sentences.ts';
import { linesOnPage, stepView } from './step-view.ts';
import { readLines, readTail } from './stored-lines.ts';

/** Of each step, on the page of its job, before the script has asked for more. */
const linesOfStep = 200;

export function logRoutes(app: PageApp, ports: CommonPorts): void {
  const job = '/:owner/:name/:pipeline{[0-9]{1,15}}/:workflow/:job';
  app.get(job, async (c) => {
    const place = jobPlace(c);
    const found = await findJob(ports, place);
    const asked = numberOf(c.req.query('slice'));
    const slice = (asked === null ? wanted(found?.job.slices ?? []) : found?.job.slices.find(({ index }) => index === asked)) ?? null;
    if (!found || (asked !== null && !slice)) return nothing(c, 'job');
    // The script looks again at how the steps stand, and has their logs already.
    const tails = slice && c.req.query('logs') !== '0' ? await tailsOf(ports, found, { ...place, slice: slice.index }) : [];
    return show(c, jobView(found, place, slice, tails, Date.now(), jobActions(found.pipeline, found.workflow.name, found.job, slice, actorOf(c.get('viewer'), c.get('permission')))));
  });

  const step = `${job}/:slice{[0-9]{1,9}}/:step{[0-9]{1,9}}`;
  app.get(step, async (c) => {
    const place = stepPlace(c);
    const found = await findStep(ports, place, numberOf(c.req.query('attempt')));
    if (!found) return nothing(c, 'step');
    const fromLine = Math.max(1, numberOf(c.req.query('line')) ?? 1);
    try {
      return await show(c, stepView(found, place, fromLine, await readLines(ports, found.logKey, fromLine, linesOnPage)));
    } catch (error) {
      if (!(error instanceof BadManifest)) throw error;
      ports.log.warn({ error, log: found.logKey }, badManifest.forOperators);
      return sentence(c, 'This log cannot be shown', badManifest.forReaders, 500);
    }
  });

  logJsonRoutes(app, ports, step);

  app.get(`${step}/log.txt`, async (c) => {
    const place = stepPlace(c);
    const found = await findStep(ports, place, numberOf(c.req.query('attempt')));
    if (!found) return c.text(`${noSuchStep}\n`, 404);
    return rawLog(c, ports, found, place, standingOf(ports, place, found));
  });
}

/** Whoever comes from a red check wants to see why. */
const wanted = (slices: SliceView[]): SliceView | undefined => slices.find(({ outcome }) => outcome !== null && outcome !== 'passed' && outcome !== 'canceled') ?? slices[0];

/** A log that cannot be read leaves the rest of the page whole. */
function tailsOf(ports: CommonPorts, { pipeline, job }: FoundJob, place: JobPlace & { slice: number }): Promise<Tails> {
  const slice = job.slices.find(({ index }) => index === place.slice)!;
  return Promise.all(
    slice.steps.map((_step, step) =>
      readTail(ports, logKeyOf(pipeline, { ...place, step }, slice.attempt), linesOfStep).catch((error: unknown) => {
        ports.log.warn({ error, step }, 'the log of a step cannot be read');
        return null;
      }),
    ),
  );
}
