// What do the tests of the language's shape have in common?

import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import { checkFile, checkJob, checkOrb } from '../../../config-schema/language/check.ts';
import { configJsonSchema } from '../../../config-schema/language/json-schema.ts';
import { childOf, entriesOf, toPlain } from '../../../config-schema/language/node.ts';
import type { MapNode } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import type { Problems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';
import { indent, jobWith } from './compiling.ts';

export { jobWith };

/** `LINE:COLUMN message` of each problem that `judge` finds in the text, warnings marked. */
export function problemsOf(text: string, judge: (root: MapNode, problems: Problems) => void): string[] {
  const source = { path: '.circle.yml', text };
  const problems = collectProblems(source);
  const root = readYaml(source, problems);
  assert.ok(root?.kind === 'map', problems.diagnostics().map(({ message }) => message).join('\n') || 'the text is no map');
  judge(root, problems);
  return problems.diagnostics().map(({ severity, line, column, message }) => `${line}:${column} ${severity === 'warning' ? 'warning: ' : ''}${message}`);
}

export const problemsOfFile = (text: string): string[] => problemsOf(text, (root, problems) => checkFile(root, toPlain(childOf(root, 'version') ?? root) === 2 ? '2.0' : '2.1', problems));

export const problemsOfOrb = (text: string): string[] => problemsOf(text, checkOrb);

/** Of a processed config: each of its jobs. */
export const problemsOfJobs = (text: string, from: 'own' | 'orb' = 'own'): string[] =>
  problemsOf(text, (root, problems) => {
    for (const [name, { value }] of entriesOf(childOf(root, 'jobs'))) checkJob(name, value as MapNode, problems, from);
  });

const accepts = new Ajv({ strict: false }).compile(configJsonSchema());

/** Whether an editor that knows our JSON Schema is content with the text. */
export function isFineToEditors(text: string): boolean {
  const source = { path: '.circle.yml', text };
  const root = readYaml(source, collectProblems(source));
  assert.ok(root);
  // JSON has no NaN; editors see what was written.
  return accepts(JSON.parse(JSON.stringify(toPlain(root), (_, value: unknown) => (Number.isNaN(value) ? '.nan' : value))));
}

/** Steps begin at line 7, column 7. */
export const steps = (lines: string, version?: string): string => jobWith(`steps:\n${indent(lines, 2)}`, version);

/** A file with one executor `x`; its lines begin at line 4, column 5. */
export const executorWith = (lines: string): string => `version: 2.1
executors:
  x:
${indent(lines, 4)}
`;

/** A file with one command `x`; its lines begin at line 4, column 5. */
export const commandWith = (lines: string): string => executorWith(lines).replace('executors', 'commands');

/** A file with a workflow w with these jobs; they begin at line 5, column 7. */
export const workflowWith = (lines: string): string => `version: 2.1
workflows:
  w:
    jobs:
${indent(lines, 6)}
`;
