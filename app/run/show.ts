// What does a person see of `roundhouse run`?

import { styleText } from 'node:util';
import type { SliceKey } from '../../config-schema/address.ts';
import type { Outcome } from '../../config-schema/outcome.ts';
import type { PipelineView, SliceView, StepView } from '../../config-schema/view.ts';
import type { Heard } from './follow.ts';

type Write = (text: string) => void;

/** Prefixes every line with its job, and its slice where there are several. */
export function showLines(write: Write, sliceCount: (key: SliceKey) => number): Heard {
  const prefix = (key: SliceKey): string => styleText('cyan', `${key.job}${sliceCount(key) > 1 ? `/${key.slice}` : ''}`);
  return {
    began: (key, step) => write(`${prefix(key)} ${styleText('bold', `── ${step.name}`)}\n`),
    line: (key, text) => write(`${prefix(key)} ${text.replace(/\r$/, '')}\n`),
    ended: (key, { name, result }) => {
      if (!result) return;
      const how = result.reason ?? (result.exitCode === 0 || result.exitCode === null ? '' : `exit code ${result.exitCode}`);
      write(`${prefix(key)} ${colored(result.outcome, `── ${name}: ${result.outcome}`)} ${seconds(result.durationMs)}${how && result.outcome !== 'passed' ? ` (${how})` : ''}\n`);
    },
  };
}

/** Jobs with their slices; what failed comes last, where the eye is. */
export function summary(view: PipelineView): string {
  const jobs = view.workflows.flatMap((workflow) => workflow.jobs);
  const ordered = [...jobs].sort((a, b) => gravity(a.outcome) - gravity(b.outcome));
  const lines = ordered.flatMap((job) => {
    const took = job.startedAt && job.endedAt ? ` ${seconds(Date.parse(job.endedAt) - Date.parse(job.startedAt))}` : '';
    const head = `${colored(job.outcome!, (job.outcome ?? '').padEnd(9))} ${job.name}${took}${job.reason === undefined ? '' : `  ${job.reason}`}`;
    const slices = job.slices.length > 1 ? job.slices.filter(isBad).map((slice) => `            slice ${slice.index}: ${slice.outcome}  ${slice.reason ?? ''}`) : [];
    return [head, ...slices, ...job.slices.flatMap((slice) => slice.notes.map((note) => `            ${note}`))];
  });
  const whole = `${colored(view.outcome!, view.outcome!)} in ${seconds(Date.parse(view.endedAt!) - Date.parse(view.startedAt))}${view.reason === undefined ? '' : `: ${view.reason}`}`;
  return `\n${[...lines, whole].join('\n')}\n`;
}

/** The last line of `--json`. */
export function summaryObject(view: PipelineView): object {
  return {
    outcome: view.outcome,
    ...(view.reason !== undefined && { reason: view.reason }),
    jobs: view.workflows.flatMap(({ jobs }) => jobs).map(({ name, outcome, slices }) => ({ name, outcome, slices: slices.map(sliceObject) })),
  };
}

const sliceObject = ({ index, outcome, steps }: SliceView): object => ({ index, outcome, steps: steps.flatMap(stepObject) });

const stepObject = ({ name, result }: StepView): object[] => (result ? [{ name, outcome: result.outcome, exitCode: result.exitCode, durationMs: result.durationMs }] : []);

const isBad = ({ outcome }: SliceView): boolean => gravity(outcome) > 1;
const gravity = (outcome: Outcome | null): number => (outcome === 'passed' ? 0 : outcome === 'skipped' || outcome === 'not-run' ? 1 : 2);
const colored = (outcome: Outcome, text: string): string => styleText(outcome === 'passed' ? 'green' : gravity(outcome) === 1 ? 'gray' : 'red', text);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
