// Which pages show the log of more than what runs now: the same step of several slices, and earlier attempts?

import { findJob, jobPath, jobPlace, logKeyOf, numberOf } from '../address.ts';
import type { FoundJob, JobPlace } from '../address.ts';
import { nothing, show } from '../env.ts';
import type { PageApp } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { hasLog } from './job-view.ts';
import { earlierAttemptView, slicesView } from './slices-view.ts';
import { readTail } from './stored-lines.ts';
import type { StoredLines } from './stored-lines.ts';
import type { SliceView } from '../../../config-schema/view.ts';

const linesOfColumn = 100;
const mostColumns = 8;

/** Before the other routes of logs: it looks whether an earlier attempt is asked for. */
export function slicesRoutes(app: PageApp, ports: CommonPorts): void {
  const job = '/:owner/:name/:pipeline{[0-9]{1,15}}/:workflow/:job';
  /** A log that cannot be read leaves the others whole. */
  const tail = (found: FoundJob, place: JobPlace, slice: SliceView, attempt: number, step: number): Promise<StoredLines | null> =>
    readTail(ports, logKeyOf(found.pipeline, { ...place, slice: slice.index, step }, attempt), linesOfColumn).catch((error: unknown) => {
      ports.log.warn({ error, step }, 'the log of a step cannot be read');
      return null;
    });

  app.get(job, async (c, next) => {
    const attempt = numberOf(c.req.query('attempt'));
    if (attempt === null) return next();
    const place = jobPlace(c);
    const found = await findJob(ports, place);
    const slice = found?.job.slices.find(({ index }) => index === (numberOf(c.req.query('slice')) ?? found.job.slices[0]?.index));
    if (!found || !slice || attempt < 1 || attempt > slice.attempt) return nothing(c, 'attempt');
    if (attempt === slice.attempt) return next();
    const logs = await Promise.all(slice.steps.map((_step, step) => tail(found, place, slice, attempt, step)));
    return show(c, earlierAttemptView(found, place, slice, attempt, logs));
  });

  app.get(`${job}/slices`, async (c) => {
    const place = jobPlace(c);
    const found = await findJob(ports, place);
    const step = numberOf(c.req.query('step')) ?? 0;
    if (!found || found.job.slices.length === 0 || step >= 1000) return nothing(c, 'step');
    const asked = new Set((c.req.queries('slice') ?? []).map(numberOf));
    const chosen = asked.size === 0 ? found.job.slices : found.job.slices.filter(({ index }) => asked.has(index));
    if (chosen.length === 0) return c.redirect(`${jobPath(place)}/slices?step=${step}`);
    const shown = await Promise.all(
      chosen.slice(0, mostColumns).map(async (slice) => {
        const of = slice.steps[step];
        return { slice, stored: of && hasLog(of) ? await tail(found, place, slice, slice.attempt, step) : null };
      }),
    );
    return show(c, slicesView(found, place, step, shown, Date.now()));
  });
}
