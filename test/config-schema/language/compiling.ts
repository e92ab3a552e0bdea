// What do the tests of the compiler have in common?

import assert from 'node:assert/strict';
import { compileConfig } from '../../../config-schema/compile.ts';
import type { Plan, PlanJob } from '../../../config-schema/plan.ts';

/** The plan of a text that must compile. */
export function planOf(text: string): Plan {
  const compiled = compileConfig(text, { path: '.circle.yml' });
  if ('errors' in compiled) assert.fail(`does not compile:\n${problemsOf(text).join('\n')}`);
  return compiled.plan;
}

/** `LINE:COLUMN message` of each problem, `LINE-END:COLUMN` where it has an end, warnings marked; empty when the text compiles without. */
export function problemsOf(text: string): string[] {
  const compiled = compileConfig(text, { path: '.circle.yml' });
  const diagnostics = 'errors' in compiled ? compiled.errors : compiled.plan.warnings;
  return diagnostics.map(({ severity, line, endLine, column, message }) => `${line}${endLine === undefined ? '' : `-${endLine}`}:${column} ${severity === 'warning' ? 'warning: ' : ''}${message}`);
}

/** A file with one job `build`; its lines begin at line 6, column 5. */
export const jobWith = (lines: string, version = '2.1'): string => `version: ${version}
jobs:
  build:
    docker:
      - image: debian:bookworm
${indent(lines, 4)}
`;

/** The plan of a job with one `run: echo`, and these lines. */
export const compiledJob = (lines: string): PlanJob => planOf(jobWith(`${lines}\nsteps:\n  - run: echo`)).jobs['build']!;

/** A file with the jobs a, b, c and d, and a workflow w with these jobs; they begin at line 10, column 7. */
export const workflowWith = (lines: string): string => `version: 2.1
jobs:
  a: &job {docker: [{image: debian:bookworm}], steps: [{run: echo}]}
  b: *job
  c: *job
  d: *job
workflows:
  w:
    jobs:
${indent(lines, 6)}
`;

export const indent = (lines: string, columns: number): string =>
  lines
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(columns) + line))
    .join('\n');
