// What do the names of a test mean?

import type { Variables } from '../../../config-schema/language/expression.ts';
import { listAt, mapAt, scalarAt } from '../../../config-schema/language/node.ts';
import type { Node, Place, Source } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';
import type { Problems } from '../../../config-schema/language/problems.ts';
import { readYaml } from '../../../config-schema/language/yaml.ts';

const elsewhere: Place = { source: { path: 'elsewhere', text: '' }, start: 0, end: 0 };

/** Plain values as nodes; a node is itself. */
export function nodeOf(value: unknown): Node {
  if (typeof value === 'object' && value !== null && 'kind' in value) return value as Node;
  if (Array.isArray(value)) return listAt(elsewhere, value.map(nodeOf));
  if (typeof value === 'object' && value !== null) return mapAt(elsewhere, Object.entries(value).map(([key, each]) => [key, nodeOf(each)]));
  return scalarAt(elsewhere, value as string | number | boolean | null);
}

/** An executor, or steps, that were handed in from another place. */
export const boundTo = (value: unknown): Node => ({ kind: 'bound', node: nodeOf(value), library: 'there', place: elsewhere });

export const variablesOf = (values: Record<string, unknown>): Variables => ({
  lookup: (name) => (Object.hasOwn(values, name) ? nodeOf(values[name]) : undefined),
  unknown: (name) => `Referred to a variable "${name}" that does not exist.`,
});

/** A file that must be readable, and the problems that are found in it from there on. */
export function fileOf(text: string, path = 'file'): { root: Node; source: Source; problems: Problems } {
  const source: Source = { path, text };
  const problems = collectProblems(source);
  const root = readYaml(source, problems);
  if (!root || problems.failed()) throw new Error(`${path}: ${problems.diagnostics().map(({ message }) => message).join('\n')}`);
  return { root, source, problems };
}

/** `3:5 a.b: sentence`; a warning says that it is one. */
export const linesOf = (problems: Problems): string[] =>
  problems.diagnostics().map(({ severity, line, column, message }) => `${line}:${column} ${severity === 'warning' ? 'warning: ' : ''}${message}`);
