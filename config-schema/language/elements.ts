// How is a definition called? Its parameters take their values, and its text is read with them.

import { childOf, entriesOf, mapAt } from './node.ts';
import type { BoundNode, Entry, Node, Place } from './node.ts';
import type { Element, Library, Loader } from './library.ts';
import type { Changes } from './changed.ts';
import { checkDefault, readArguments, readParameters } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import type { Problems } from './problems.ts';
import { elementVariables, undeclared } from './scope.ts';
import { hasTagsBelow, namesIn, render } from './template.ts';
import type { Variables } from './template.ts';

/** What one compile shares. */
export type Compiling = {
  loader: Loader;
  problems: Problems;
  changes: Changes;
  /** Workflows count as on that the changed paths leave out. */
  withLeftOut: boolean;
  /** False for version 2, where `<<` is text and nothing but built-in steps can be called. */
  hasTemplates: boolean;
  /** What an executor consists of, for a condition that compares it with a map. */
  executorOf(value: BoundNode): Node | undefined;
  /** Counts what is expanded; false, and reported once, when the config has become more than anybody wants to run. */
  spend(steps: number, place: Place): boolean;
};

/** Names in it are looked up in that library, wherever it is handed on to. */
export const bind = (node: Node, library: Library): Node => (node.kind === 'bound' ? node : ({ kind: 'bound', node, library, place: node.place } satisfies BoundNode));

const declarations = new WeakMap<Element, Map<string, Parameter>>();

/** The parameters of an element, read and checked once. */
export function parametersOf(element: Element, { problems, hasTemplates }: Compiling): Map<string, Parameter> {
  let parameters = declarations.get(element);
  if (!parameters) {
    parameters = readParameters(hasTemplates ? childOf(element.node, 'parameters') : undefined, element.kind, problems);
    declarations.set(element, parameters);
    if (hasTemplates) checkReferences(element, parameters, problems);
    for (const parameter of parameters.values()) if (parameter.default && !hasTagsBelow(parameter.default)) checkDefault(parameter, parameter.default, problems);
  }
  return parameters;
}

/** The original refuses an undeclared parameter even where the text would not be used. */
function checkReferences(element: Element, parameters: Map<string, Parameter>, problems: Problems): void {
  for (const [key, { value }] of element.node.entries) {
    if (key === 'parameters' || !hasTagsBelow(value)) continue;
    for (const { name, place } of namesIn(value))
      if (name.startsWith('parameters.') && !parameters.has(name.slice('parameters.'.length))) problems.error(place, undeclared(name, `${element.kind} ${element.name}`, parameters.keys()));
  }
}

/** What the text of an element sees when it is called with these arguments, whose names mean what they mean to the caller. */
export function callElement(element: Element, given: Iterable<readonly [string, Entry]>, caller: Library, place: Place, compiling: Compiling): { variables: Variables; values: Map<string, Node> } {
  const parameters = parametersOf(element, compiling);
  const isClosure = (name: string): boolean => ['steps', 'executor'].includes(parameters.get(name)?.type ?? '');
  const bound = [...given].map(([name, entry]) => [name, isClosure(name) ? { key: entry.key, value: bind(entry.value, caller) } : entry] as const);
  const what = `${element.kind} ${element.name}`;
  const values = readArguments({ what, place, parameters, given: bound, defaultOf: (parameter) => defaultOf(parameter, element, compiling) }, compiling.problems);
  return { values, variables: elementVariables(what, values, element.library.variables, compiling.executorOf) };
}

function defaultOf(parameter: Parameter, element: Element, compiling: Compiling): Node {
  const value = checkDefault(parameter, read(parameter.default!, element.library.variables, compiling), compiling.problems);
  return ['steps', 'executor'].includes(parameter.type) ? bind(value, element.library) : value;
}

/** A text with its templates rendered; in version 2 the text. */
export const read = (node: Node, variables: Variables, { hasTemplates, problems }: Compiling): Node => (hasTemplates ? render(node, variables, problems) : node);

/** The entries of a call's map, rendered one by one. */
export function renderEntries(node: Node | undefined, variables: Variables | null, compiling: Compiling): [string, Entry][] {
  return [...entriesOf(node)].map(([name, { key, value }]) => [name, { key, value: variables ? read(value, variables, compiling) : value }]);
}

export const oneKey = (key: string, value: Node, place: Place = value.place): Node => mapAt(place, [[key, value]]);
