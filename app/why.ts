// Why did something run, not run, wait or fail? The sentences that stand on the checks, gathered for one who asks.

import type { JobView, PipelineView, SliceView } from '../config-schema/view.ts';
import { branchOf, tagOf } from '../config-schema/trigger.ts';

/** `subject`: the pipeline, a job of it, or a workflow that is off. */
export type Why = { subject: string; answer: string };

/** What part of a pipeline somebody asks about; all of it without a workflow. */
export type WhyOf = { workflow?: string; job?: string };

/** Empty when the pipeline has no such workflow or job. */
export function why(view: PipelineView, of: WhyOf = {}): Why[] {
  const jobs = view.workflows.flatMap((workflow) => workflow.jobs.map((job) => ({ workflow: workflow.name, job })));
  const isAsked = (workflow: string, job: string): boolean => (of.workflow === undefined || of.workflow === workflow) && (of.job === undefined || of.job === job);
  const answers = jobs.filter(({ workflow, job }) => isAsked(workflow, job.name)).map(({ workflow, job }) => ({ subject: `${workflow}/${job.name}`, answer: whyJob(job) }));
  const off = (view.off ?? []).filter(({ workflow }) => of.job === undefined && (of.workflow === undefined || of.workflow === workflow)).map(({ workflow, reason }) => ({ subject: workflow, answer: `did not run; ${reason}` }));
  return of.workflow === undefined ? [{ subject: `${view.repository.owner}/${view.repository.name}#${view.number}`, answer: whyPipeline(view) }, ...answers, ...off] : [...answers, ...off];
}

function whyPipeline({ trigger, state, outcome, reason, wouldRun = [] }: PipelineView): string {
  const stands = sentence([`${beganBy(trigger)} ${trigger.sender.login} for ${refInWords(trigger.ref)}`, state === 'ended' ? (outcome === 'skipped' ? 'nothing ran' : outcome!) : reason === undefined ? 'is open' : undefined, reason]);
  return wouldRun.length === 0 ? stands : `${stands}. ${wouldRun.join(' ')}`;
}

const beganBy = ({ event }: PipelineView['trigger']): string =>
  ({ push: 'began by a push of', pull_request: 'began by a pull request of', rerun: 'was run again by', local: 'was run from the work tree of', schedule: 'began by a schedule of', api: 'was asked for by', webhook: 'began by a webhook of' })[event];

const refInWords = (ref: string): string => branchOf(ref) ?? (tagOf(ref) === null ? ref : `tag ${tagOf(ref)}`);

function whyJob(job: JobView): string {
  if (job.carriedFrom !== undefined) return `${job.outcome} in #${job.carriedFrom}, and was not run again`;
  if (job.state !== 'ended') {
    const waiting = job.slices.find((slice) => slice.state === 'waiting' && slice.reason !== undefined);
    if (job.state === 'running') return sentence(['runs', waiting && `slice ${waiting.index} waits: ${waiting.reason}`]);
    return job.reason ?? waiting?.reason ?? (job.requires?.length ? `waits until ${job.requires.join(', ')} ${job.requires.length === 1 ? 'has' : 'have'} ended` : 'waits for a builder');
  }
  const decisive = job.slices.find((slice) => slice.outcome === job.outcome && slice.reason !== undefined);
  const where = decisive && job.slices.length > 1 ? `slice ${decisive.index}` : undefined;
  const ended = job.outcome === 'not-run' ? 'did not run' : job.outcome === 'skipped' ? 'was filtered out' : job.outcome!;
  return sentence([job.type === 'approval' && job.outcome === 'passed' ? `was approved${job.approvedBy === undefined ? '' : ` by ${job.approvedBy}`}` : ended, where, job.reason ?? decisive?.reason, ...notesOf(job.slices)]);
}

const notesOf = (slices: readonly SliceView[]): string[] => slices.flatMap(({ notes }) => notes);

const sentence = (parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined).join('; ');
