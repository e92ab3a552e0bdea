// Which jobs does a workflow call, with which arguments, and under which names?

import { checkInvocation } from './check.ts';
import { bind, parametersOf, read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { textOf, textsOf } from './fields.ts';
import { compileJob, typeOf } from './job.ts';
import type { JobCall } from './job.ts';
import type { Element } from './library.ts';
import { memberName, membersOf } from './matrix.ts';
import type { Member } from './matrix.ts';
import { childOf, entriesOf, isNull, isUnknown, scalarAt, stringOf, toPlain } from './node.ts';
import type { Entry, MapNode, Node, Place } from './node.ts';
import { around, decideFilters, optionKeys, printedKeys, readOptions, readRequires, readSerialGroup } from './invocation-options.ts';
import type { Requirement, Use } from './invocation-options.ts';
import type { Problems } from './problems.ts';
import type { JobType } from './processed.ts';
import { matrixVariables } from './scope.ts';
import type { Variables } from './template.ts';

/** One place of a job in a workflow, before names and requirements are settled. */
export type Invocation = {
  /** As `requires` of the same workflow know it. */
  name: string;
  /** Another spelling of the name that `requires` may use; null: there is none. */
  otherName: string | null;
  type: JobType;
  /** null for an approval, which nothing runs for. */
  job: MapNode | null;
  /** By their names, or themselves. */
  requires: Requirement<string | Invocation>[];
  /** False when an expression says that it does not run now. */
  isOn: boolean;
  filters: Node | undefined;
  contexts: string[];
  serialGroup: string | null;
  /** The options that the processed config prints, `requires` apart. */
  printed: Map<string, Entry>;
  place: Place;
};

/** What one entry of a workflow's `jobs` comes to. */
export type Invoked = {
  /** One, or the members of a matrix; none where the job is not there. */
  invocations: Invocation[];
  /** Names that stand for all of them: of a matrix. */
  aliases: string[];
  /** The job group that it stands in, and as what. */
  group: { name: string; role: 'start' | 'member' | 'end' | 'unlock' } | null;
};

/** A job is as much work to expand as so many steps. */
const perJob = 2;

export function invoke(use: Use, compiling: Compiling): Invoked {
  const { reference, raw, place } = use;
  const { variables } = compiling.loader.config;
  const asked = childOf(raw, 'matrix');
  if (isNull(asked)) {
    const invocation = compiling.spend(perJob, place) ? invokeOne(use, { variables, name: reference, otherName: null }, null, compiling) : undefined;
    // That the job is not there has been said: nobody who requires it is told so again.
    return invocation ? { invocations: [invocation], aliases: [], group: null } : { invocations: [], aliases: [textOf(raw, 'name') ?? reference], group: null };
  }
  const matrix = read(asked!, variables, compiling);
  const members = membersOf(reference, matrix, place, compiling.problems);
  const aliases = [textOf(matrix, 'alias') ?? reference];
  if (!compiling.spend(perJob * members.length, place)) return { invocations: [], aliases, group: null };
  const invocations = members.flatMap((member) => invokeOne(use, { variables: matrixVariables(member, variables), ...memberName(reference, member, matrix) }, member, compiling) ?? []);
  // A name without the matrix in it is the same for all: they are counted.
  const [name, ...others] = new Set(invocations.map((invocation) => invocation.name));
  if (name !== undefined && others.length === 0 && invocations.length > 1) {
    aliases.push(name);
    invocations.forEach((invocation, index) => (invocation.name = `${name}-${index + 1}`));
  }
  return { invocations, aliases, group: null };
}

/** What it is called without a `name` of its own, and what its text sees. */
type Surroundings = { variables: Variables; name: string; otherName: string | null };

function invokeOne(use: Use, { variables, ...names }: Surroundings, member: Member | null, compiling: Compiling): Invocation | undefined {
  const { reference, raw, place } = use;
  const options = readOptions(raw, place, variables, compiling);
  checkInvocation(options, compiling.problems);
  const inline = textOf(options, 'type');
  const element = inline === null ? findJob(reference, childOf(options, 'override-with'), place, compiling) : undefined;
  if (!element && inline !== 'approval') return undefined;
  const type: JobType = element ? typeOf(element) : 'approval';
  const given = textOf(options, 'name');
  return {
    ...(given === null ? names : { name: given, otherName: null }),
    type,
    job: element && type !== 'approval' ? callJob(element, use, options, member, variables, compiling) : ignoreArguments(raw, compiling.problems),
    requires: readRequires(options, variables, compiling),
    ...decideFilters(raw, options, variables, compiling.problems),
    contexts: textsOf(options, 'context') ?? [],
    serialGroup: readSerialGroup(options, compiling.problems),
    printed: new Map([...(type === 'approval' ? [['type', { key: place, value: scalarAt(place, type) }] as const] : []), ...[...options.entries].filter(([key]) => printedKeys.includes(key))]),
    place,
  };
}

/** The job that runs: that of an orb which overrides it, if there is one. */
function findJob(reference: string, override: Node | undefined, place: Place, { loader, problems }: Compiling): Element | undefined {
  const other = stringOf(override);
  // That an orb must stand before the slash has been said.
  if (!other?.includes('/')) return loader.find('job', reference, loader.config, place);
  const [alias = '', ...name] = other.split('/');
  const orb = loader.config.orbs.get(alias)?.();
  if (orb && loader.has('job', name.join('/'), orb)) return loader.find('job', other, loader.config, override!.place);
  problems.warn(override!.place, `there is no job ${other} to override ${reference} with, so ${reference} runs. Import its orb, or remove override-with.`);
  return loader.find('job', reference, loader.config, place);
}

/** Nothing runs for an approval, so that whatever else is given goes nowhere. */
function ignoreArguments(raw: Node | undefined, problems: Problems): null {
  for (const [name, { key }] of entriesOf(raw))
    if (!optionKeys.includes(name) || around.includes(name)) problems.warn(key, `'${name}' is not a recognized approval key and is ignored. Remove it.`);
  return null;
}

function callJob(element: Element, { reference, raw, place }: Use, options: MapNode, member: Member | null, variables: Variables, compiling: Compiling): MapNode {
  const { loader, problems } = compiling;
  if (typeOf(element) !== 'build')
    for (const key of around) if (childOf(options, key)) problems.error(options.entries.get(key)!.key, `${key} have no place around a job of type ${typeOf(element)}, which runs no steps. Remove them.`);
  const [preSteps, postSteps] = around.map((key) => childOf(options, key)).map((steps) => steps && bind(steps, loader.config));
  return problems.calling({ kind: 'job', name: reference, place }, () => {
    const given = argumentsOf(element, raw, member, variables, compiling);
    return compileOnce(element, { given, outer: variables, caller: loader.config, preSteps, postSteps, place }, compiling);
  });
}

/** Arguments are read with the workflow's eyes; a map that names an executor with the job's, later. */
function argumentsOf(element: Element, raw: Node | undefined, member: Member | null, variables: Variables, compiling: Compiling): [string, Entry][] {
  const parameters = parametersOf(element, compiling);
  const given = new Map<string, Entry>();
  for (const [name, { key, value }] of entriesOf(raw)) {
    if (optionKeys.includes(name)) continue;
    const isDeferred = parameters.get(name)?.type === 'executor' && value.kind === 'map';
    given.set(name, { key, value: isDeferred ? value : read(value, variables, compiling) });
  }
  for (const [name, value] of member ?? []) {
    // It names the member.
    if (name === 'name') continue;
    const beside = given.get(name);
    // Real configs say `v: << matrix.v >>`, which changes nothing.
    if (beside && !isUnknown(beside.value) && !isSame(beside.value, value)) compiling.problems.error(beside.key, `${name} is given both in the matrix and beside it. Remove one of them.`);
    else if (!beside) given.set(name, { key: value.place, value });
  }
  return [...given];
}

const isSame = (one: Node, other: Node): boolean => JSON.stringify(toPlain(one)) === JSON.stringify(toPlain(other));

const compiled = new WeakMap<Element, MapNode>();

/** A job without arguments comes to the same wherever it is called. */
function compileOnce(element: Element, call: JobCall, compiling: Compiling): MapNode {
  if (call.given.length > 0 || call.preSteps || call.postSteps) return compileJob(element, call, compiling);
  let job = compiled.get(element);
  if (!job) compiled.set(element, (job = compileJob(element, call, compiling)));
  return job;
}
