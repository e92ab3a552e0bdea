// Which built-in steps does a list of steps come to?

import { bind, callElement, oneKey, read, renderEntries } from './elements.ts';
import type { Compiling } from './elements.ts';
import type { Element, Library } from './library.ts';
import { holds, stepCondition } from './logic.ts';
import { childOf, entriesOf, isNull, isUnknown, listAt, scalarAt, stringOf, unknownAt } from './node.ts';
import type { Node, Place } from './node.ts';
import { builtIns, standsAlone } from './schema-steps.ts';
import type { Variables } from './template.ts';

/** Where steps are written: the file whose commands they name, and what their text sees; null when it has been rendered already. */
export type StepScope = { library: Library; variables: Variables | null; depth: number };

/** Deeper than any command calls another. */
const mostLevels = 100;

/**
 * Every command, condition and steps parameter expanded. What is not understood here, such as a step of two keys, stays as it is:
 * the check of the finished job speaks of it.
 */
export function expandSteps(list: Node | undefined, scope: StepScope, compiling: Compiling): Node[] {
  if (list === undefined) return [];
  // What is wrong with it has been told.
  if (isNull(list)) return [unknownAt(list.place)];
  if (list.kind === 'bound') return expandSteps(list.node, { library: list.library as Library, variables: null, depth: scope.depth }, compiling);
  if (list.kind !== 'list') {
    compiling.problems.error(list.place, 'steps must be a list. Write each step after "- " on a line of its own.');
    return [unknownAt(list.place)];
  }
  if (scope.depth > mostLevels) {
    compiling.problems.error(list.place, `commands call each other more than ${mostLevels} levels deep. Break the circle: a command must not lead to itself.`);
    return [unknownAt(list.place)];
  }
  const steps: Node[] = [];
  for (const item of list.items) steps.push(...expandStep(item, scope, compiling));
  return steps;
}

function expandStep(raw: Node, scope: StepScope, compiling: Compiling): readonly Node[] {
  if (!compiling.spend(1, raw.place)) return [unknownAt(raw.place)];
  if (raw.kind === 'bound') {
    const there = { ...scope, library: raw.library as Library, variables: null };
    // A tag of a steps parameter alone in the list is spliced, as `- steps: <<…>>` is.
    return raw.node.kind === 'list' ? expandSteps(raw, { ...there, depth: scope.depth + 1 }, compiling) : expandStep(raw.node, there, compiling);
  }
  if (raw.kind === 'scalar') {
    const item = scope.variables ? read(raw, scope.variables, compiling) : raw;
    if (item.kind === 'bound') return expandStep(item, scope, compiling);
    const name = stringOf(item);
    return name === undefined ? [item] : expandNamed(name, undefined, item, raw.place, scope, compiling);
  }
  const [first, second] = [...entriesOf(raw)];
  if (!first || second || raw.kind !== 'map') return [raw];
  const [name, { key, value }] = first;
  return expandNamed(name, value, raw, key, scope, compiling);
}

function expandNamed(name: string, value: Node | undefined, item: Node, place: Place, scope: StepScope, compiling: Compiling): readonly Node[] {
  const { loader, problems, changes, hasTemplates } = compiling;
  const { library, variables } = scope;
  // With a colon and nothing behind it: in steps that are handed on, the original takes it for a bare call.
  const isBareCall = value !== undefined && isNull(value) && !isUnknown(value) && !variables;
  // A command of the file's own goes before the built-in of its name.
  if (loader.has('command', name, library)) return expandCommand(name, value, place, scope, compiling);
  if (hasTemplates && (name === 'when' || name === 'unless')) {
    // A bare `- when` comes to nothing in the original.
    if (value === undefined || isBareCall) return [];
    const [condition, steps] = ['condition', 'steps'].map((key) => childOf(value, key));
    if (!condition) problems.error(place, 'required key [condition] not found. Add it.');
    if (!steps || isNull(steps)) problems.error(entriesOf(value).get('steps')?.key ?? place, `required key [steps] ${steps ? 'is empty' : 'not found'}. Add ${steps ? 'steps' : 'it'}.`);
    if (!condition || !steps) return [unknownAt(place)];
    const isTrue = variables ? stepCondition(condition, variables, problems, changes) : holds(condition, problems, changes);
    return isTrue === (name === 'when') ? expandSteps(steps.kind === 'map' ? listAt(steps.place, [steps]) : steps, { ...scope, depth: scope.depth + 1 }, compiling) : [];
  }
  if (hasTemplates && name === 'steps' && value !== undefined) {
    if (isBareCall) return expandSteps(scalarAt(place, ''), scope, compiling);
    const given = variables ? read(value, variables, compiling) : value;
    // A list that is written here has been rendered with the rest of this text; a parameter's brings its own names.
    return expandSteps(bind(given, library), { ...scope, depth: scope.depth + 1 }, compiling);
  }
  if (builtIns.has(name)) {
    if (value === undefined) return [item];
    if (isBareCall || (isNull(value) && !isUnknown(value) && standsAlone(name))) return [scalarAt(place, name)];
    const rendered = variables ? read(value, variables, compiling) : value;
    if (name === 'run' && rendered.kind === 'scalar' && !isNull(rendered)) return [oneKey('run', oneKey('command', rendered), item.place)];
    return rendered === value ? [item] : [{ kind: 'map', entries: new Map([[name, { key: place, value: rendered }]]), place: item.place }];
  }
  return compiling.hasTemplates ? expandCommand(name, value, place, scope, compiling) : [item];
}

/** What calls without arguments come to: the same everywhere. */
const bareCalls = new WeakMap<Element, Node[] | 'open'>();

function expandCommand(name: string, value: Node | undefined, place: Place, scope: StepScope, compiling: Compiling): readonly Node[] {
  const { loader, problems } = compiling;
  const fail = (at: Place, sentence: string): Node[] => {
    problems.error(at, sentence);
    return [unknownAt(place)];
  };
  const element = loader.find('command', name, scope.library, place);
  if (!element) return [unknownAt(place)];
  if (value !== undefined && isNull(value) && scope.variables) return fail(place, `${name} has a colon and no arguments. Remove the colon, or write the arguments indented below it.`);
  if (value !== undefined && !isNull(value) && value.kind !== 'map') return fail(value.place, `the arguments of a command are a map. Write each after its name, indented below ${name}.`);

  const given = renderEntries(value, scope.variables, compiling);
  const isBare = given.length === 0;
  const known = isBare ? bareCalls.get(element) : undefined;
  if (known === 'open') return fail(place, `Infinite loop detected: command ${name} calls itself. Break the circle: a command must not lead to itself.`);
  if (known) return compiling.spend(known.length, place) ? known : [];
  if (isBare) bareCalls.set(element, 'open');
  const steps = problems.calling({ kind: 'command', name, place }, () => {
    const { variables } = callElement(element, given, scope.library, place, compiling);
    // That it has no steps has been told.
    return expandSteps(childOf(element.node, 'steps') ?? unknownAt(element.place), { library: element.library, variables, depth: scope.depth + 1 }, compiling);
  });
  if (isBare) bareCalls.set(element, steps);
  return steps;
}
