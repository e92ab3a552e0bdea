// What do the tests of executors, workflows and their jobs have in common?

import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { printConfig, processConfig } from '../../../config-schema/compile.ts';
import type { CompileOptions } from '../../../config-schema/compile.ts';
import type { Processed } from '../../../config-schema/language/processed.ts';
import type { Diagnostic } from '../../../config-schema/plan.ts';

type Options = Omit<CompileOptions, 'path'>;
type Job = Record<string, unknown>;

/** The processed config of a text that must compile. */
export function processedOf(text: string, options: Options = {}): Processed {
  const result = processConfig(text, { path: '.circle.yml', ...options });
  if ('errors' in result) assert.fail(`does not compile:\n${result.errors.map(said).join('\n')}`);
  return result.processed;
}

/** The same as a reader of what is printed sees it. */
export const printedOf = (text: string, options?: Options): { jobs: Record<string, Job>; workflows: Record<string, { jobs: (string | Record<string, Job>)[] } & Job> } => parse(printConfig(processedOf(text, options))) as never;

/** `LINE:COLUMN message` of each problem, warnings marked, and behind it in which calls it was found. */
export function problemsOf(text: string, options: Options = {}): string[] {
  const result = processConfig(text, { path: '.circle.yml', ...options });
  return ('errors' in result ? result.errors : result.warnings).map(said);
}

const said = ({ severity, line, column, message, trace = [] }: Diagnostic): string => `${line}:${column} ${severity === 'warning' ? 'warning: ' : ''}${message}${trace.map((call) => ` | ${call}`).join('')}`;

/** The only problem of a text. */
export function problemOf(text: string, options?: Options): string {
  const [first = '', ...others] = problemsOf(text, options);
  assert.deepEqual(others, [], `there are more problems than ${first}`);
  return first;
}

/** `NAME <- REQUIRED(STATUSES) …` of each job of the workflow w, or of another. */
export const graphOf = (text: string, options?: Options, workflow = 'w'): string[] =>
  processedOf(text, options)
    .workflows.find(({ name }) => name === workflow)!
    .jobs.map(({ name, requires }) => `${name}${requires.length > 0 ? ' <-' : ''}${requires.map(({ name: other, statuses }) => ` ${other}${statuses.join() === 'success' ? '' : `(${statuses.join(' ')})`}`).join('')}`);

/** A file with the jobs a, b, c and d, which are alike, and p, whose parameter is a text and says nothing unless it is given. */
export const file = (rest: string): string => `version: 2.1
jobs:
  a: &job {docker: [{image: x}], steps: [run: echo]}
  b: *job
  c: *job
  d: *job
  p: {parameters: {v: {type: string, default: nothing}}, docker: [{image: x}], steps: [run: echo << parameters.v >>]}
${rest}`;

/** Such a file with these jobs in its workflow w; they begin at line 11, column 7. */
export const withJobs = (lines: string): string => file(`workflows:
  w:
    jobs:
${indent(lines, 6)}
`);

export const indent = (lines: string, columns: number): string =>
  lines
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(columns) + line))
    .join('\n');

/** The command of a job's first step. */
export const commandOf = (job: Job | undefined): unknown => (job?.['steps'] as { run: { command: string } }[])[0]!.run.command;

/** What the steps of a job run, or the steps themselves where they are others. */
export const stepsOf = (job: Job | undefined): unknown[] => (job?.['steps'] as (string | { run?: { command: unknown } })[]).map((step) => (typeof step === 'object' && step.run ? step.run.command : step));

/** The same of the job build. */
export const buildStepsOf = (text: string, options?: Options): unknown[] => stepsOf(printedOf(text, options).jobs['build']);
