// Which jobs does a workflow call, with which arguments, and under which names?

import { checkInvocation } from './check.ts';
import { bind, parametersOf, read, renderEntries } from './elements.ts';
import type { Compiling } from './elements.ts';
import { compileJob, typeOf } from './job.ts';
import type { Element } from './library.ts';
import { filterExpression } from './logic.ts';
import { membersOf, wordOf } from './matrix.ts';
import type { Member } from './matrix.ts';
import { childOf, entriesOf, isNull, itemsOf, mapAt, scalarAt, stringOf, unbound } from './node.ts';
import type { Entry, MapNode, Node, Place } from './node.ts';
import type { JobType } from './processed.ts';
import { matrixVariables } from './scope.ts';
import type { Variables } from './template.ts';

/** One place of a job in a workflow, before names and requirements are settled. */
export type Invocation = {
  /** As `requires` of the same workflow know it. */
  name: string;
  /** Other names for it, which it may share: of its matrix, and of its matrix's job. */
  aliases: string[];
  type: JobType;
  /** null for an approval, which nothing runs for. */
  job: MapNode | null;
  requires: { name: string; form: Node | undefined; place: Place }[];
  /** False when an expression says that it does not run now. */
  isOn: boolean;
  filters: Node | undefined;
  contexts: string[];
  serialGroup: string | null;
  /** The job group that it stands in, and as what. */
  group: { name: string; role: 'start' | 'member' | 'end' | 'unlock' } | null;
  /** What the processed config prints of the options, `requires` apart. */
  options: Map<string, Entry>;
  place: Place;
};

/** The invocations of one entry of a workflow's `jobs`: one, or the members of a matrix; and the aliases that it gives, members or not. */
export type Invoked = { invocations: Invocation[]; aliases: string[] };

/** `raw` is nothing, or a map of options. */
export function invoke(reference: string, raw: Node | undefined, place: Place, compiling: Compiling): Invoked {
  const { loader, problems } = compiling;
  const { config } = loader;
  const asked = childOf(raw, 'matrix');
  if (!asked || isNull(asked)) {
    const invocation = invokeOne(reference, raw, place, undefined, config.variables, compiling);
    // That the job is not there has been said: nobody who requires it is told so again.
    return invocation ? { invocations: [invocation], aliases: [] } : { invocations: [], aliases: [stringOf(childOf(raw, 'name')) ?? reference] };
  }
  const matrix = read(asked, config.variables, compiling);
  const members = membersOf(reference, matrix, place, problems);
  const invocations = members
    .map((member) => invokeOne(reference, raw, place, member, matrixVariables(member, config.variables), compiling))
    .filter((invocation) => invocation !== undefined);
  const given = childOf(raw, 'name');
  const alias = stringOf(childOf(matrix, 'alias'));
  const aliases = [alias ?? reference];
  if (given && !isNull(given)) {
    // A name without the matrix in it is the same for all: they are counted.
    const plain = new Set(invocations.map(({ name }) => name)).size === 1 ? invocations[0]?.name : undefined;
    if (plain !== undefined && invocations.length > 1) {
      invocations.forEach((invocation, index) => (invocation.name = `${plain}-${index + 1}`));
      aliases.push(plain);
    }
  } else if (members[0]?.has('name')) invocations.forEach((invocation, index) => (invocation.name = wordOf(members[index]!.get('name')!)));
  else
    invocations.forEach((invocation, index) => {
      const member = members[index]!;
      const named = (parameters: Iterable<string>): string => [reference, ...[...parameters].map((parameter) => wordOf(member.get(parameter)!))].join('-');
      invocation.name = named(member.keys());
      // The order in which they are written is understood as well.
      invocation.aliases = [named(entriesOf(childOf(matrix, 'parameters')).keys())];
    });
  for (const invocation of invocations) invocation.aliases.push(...aliases);
  return { invocations, aliases };
}

const optionKeys = ['requires', 'name', 'context', 'type', 'filters', 'matrix', 'pre-steps', 'post-steps', 'serial-group', 'override-with'];

function invokeOne(reference: string, raw: Node | undefined, place: Place, member: Member | undefined, variables: Variables, compiling: Compiling): Invocation | undefined {
  const { loader, problems } = compiling;
  const { config } = loader;
  const option = (name: string): Node | undefined => {
    const value = childOf(raw, name);
    const rendered = value && read(value, variables, compiling);
    return rendered && !isNull(rendered) ? rendered : undefined;
  };
  checkInvocation(raw && mapAt(place, optionKeys.flatMap((key) => (key !== 'matrix' && option(key) ? [[key, option(key)!] as const] : []))), problems);
  const inline = stringOf(option('type'));
  if (inline !== undefined && inline !== 'approval') problems.error(childOf(raw, 'type')!.place, `the type of a job in a workflow can only be approval, is ${inline}. Write other types into the definition of the job.`);
  const element = inline === 'approval' ? undefined : findJob(reference, option('override-with'), place, compiling);
  if (inline !== 'approval' && !element) return undefined;

  const type: JobType = element ? typeOf(element) : 'approval';
  const given = stringOf(option('name')) ?? textOf(option('name'));
  const name = given ?? reference;
  const filters = option('filters');
  const expression = stringOf(filters);
  const args = element ? argumentsOf(element, raw, member, variables, compiling) : [];
  const around = { pre: option('pre-steps'), post: option('post-steps') };
  const serialGroup = option('serial-group');
  if (type !== 'build')
    for (const key of ['pre-steps', 'post-steps']) if (childOf(raw, key)) problems.error(entriesOf(raw).get(key)!.key, `${key} have no place around a job of type ${type}, which runs no steps. Remove them.`);
  const call = {
    given: args,
    outer: variables,
    caller: config,
    preSteps: around.pre && bind(around.pre, config),
    postSteps: around.post && bind(around.post, config),
    place,
  };
  const job = element && type !== 'approval' ? problems.calling({ kind: 'job', name: reference, place }, () => compileOnce(element, call, compiling)) : null;

  const options = new Map<string, Entry>();
  for (const key of ['type', 'context', 'filters', 'serial-group']) {
    const value = key === 'type' ? (type === 'approval' ? scalarAt(place, 'approval') : undefined) : key === 'filters' ? (expression === undefined ? filters : undefined) : option(key);
    if (value) options.set(key, { key: value.place, value });
  }
  return {
    name,
    aliases: [],
    type,
    job,
    requires: readRequires(option('requires')),
    isOn: expression === undefined || filterExpression(expression, filters!.place, variables, problems),
    filters: expression === undefined ? filters : undefined,
    contexts: namesOf(option('context')),
    serialGroup: serialGroup ? readSerialGroup(serialGroup, compiling) : null,
    group: null,
    options,
    place,
  };
}

const textOf = (node: Node | undefined): string | undefined => (node && unbound(node).kind === 'scalar' ? (unbound(node) as { text: string }).text : undefined);

const namesOf = (node: Node | undefined): string[] => (node === undefined ? [] : node.kind === 'list' ? itemsOf(node).map((item) => textOf(item) ?? '') : [textOf(node) ?? '']).filter((name) => name !== '');

function findJob(reference: string, override: Node | undefined, place: Place, { loader, problems }: Compiling): Element | undefined {
  const other = stringOf(override);
  if (other !== undefined && !other.includes('/')) problems.error(override!.place, `override-with names a job of an orb, ALIAS/JOB, is ${other}. Write the orb before it.`);
  else if (other !== undefined) {
    const orb = loader.config.orbs.get(other.slice(0, other.indexOf('/')))?.();
    if (orb && loader.has('job', other.slice(other.indexOf('/') + 1), orb)) return loader.find('job', other, loader.config, override!.place);
    problems.warn(override!.place, `there is no job ${other} to override ${reference} with, so ${reference} runs. Import its orb, or remove override-with.`);
  }
  return loader.find('job', reference, loader.config, place);
}

/** Arguments are read with the workflow's eyes; a map that names an executor with the job's, later. */
function argumentsOf(element: Element, raw: Node | undefined, member: Member | undefined, variables: Variables, compiling: Compiling): [string, Entry][] {
  const parameters = parametersOf(element, compiling);
  const given: [string, Entry][] = [];
  for (const [name, entry] of entriesOf(raw)) {
    if (optionKeys.includes(name)) continue;
    const isDeferred = parameters.get(name)?.type === 'executor' && entry.value.kind === 'map';
    given.push(isDeferred ? [name, entry] : renderEntries(mapAt(entry.key, [[name, entry.value]]), variables, compiling).map(([key, { value }]): [string, Entry] => [key, { key: entry.key, value }])[0]!);
  }
  for (const [name, value] of member ?? []) {
    if (name === 'name' && !parameters.has('name')) continue;
    const beside = given.find(([other]) => other === name);
    if (beside) compiling.problems.error(beside[1].key, `${name} is given both in the matrix and beside it. Remove one of them.`);
    else given.push([name, { key: value.place, value }]);
  }
  return given;
}

const compiled = new WeakMap<Element, MapNode>();

/** A job without arguments comes to the same wherever it is called. */
function compileOnce(element: Element, call: Parameters<typeof compileJob>[1], compiling: Compiling): MapNode {
  if (call.given.length > 0 || call.preSteps || call.postSteps) return compileJob(element, call, compiling);
  let job = compiled.get(element);
  if (!job) compiled.set(element, (job = compileJob(element, call, compiling)));
  return job;
}

/** A text, a list of texts, or in it maps of name to statuses. */
export function readRequires(node: Node | undefined): Invocation['requires'] {
  const items = node === undefined ? [] : node.kind === 'list' ? itemsOf(node) : [node];
  return items.flatMap((item): Invocation['requires'] =>
    item.kind === 'map' ? [...item.entries].map(([name, { key, value }]) => ({ name, form: value, place: key })) : textOf(item) === undefined || isNull(item) ? [] : [{ name: textOf(item)!, form: undefined, place: item.place }],
  );
}

/** At most 512 characters of letters, digits and `._/-`. */
export function readSerialGroup(node: Node, { problems }: Compiling): string | null {
  const key = textOf(node) ?? '';
  if (/^[A-Za-z0-9._/-]{1,512}$/.test(key)) return key;
  problems.error(node.place, `serial-group must be 1 to 512 letters, digits and . _ / -, is ${JSON.stringify(key.slice(0, 60))}. Correct it.`);
  return null;
}
