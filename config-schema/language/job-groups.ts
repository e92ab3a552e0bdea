// Which jobs does a job group bring into a workflow?

import { checkInvocation } from './check.ts';
import type { Compiling } from './elements.ts';
import { textOf } from './fields.ts';
import { invoke } from './invocations.ts';
import type { Invocation, Invoked } from './invocations.ts';
import { childOf, entriesOf, itemsOf, mapAt, scalarAt } from './node.ts';
import type { Entry, Node, Place } from './node.ts';
import { decideFilters, readOptions, readRequires, readSerialGroup, readUse } from './invocation-options.ts';
import type { Use } from './invocation-options.ts';
import type { Problems } from './problems.ts';
import type { JobType } from './processed.ts';

const permitted = ['name', 'requires', 'filters', 'serial-group'];

export const groupOf = (reference: string, { loader }: Compiling): Node | undefined => entriesOf(childOf(loader.config.root, 'job-groups')).get(reference)?.value;

/**
 * The members between a start before those that wait for nobody in the group, and an end after those that nobody waits for: whoever
 * requires the group waits for the end. With a serial group the start is its lock, and an unlock follows the end whatever comes of it.
 */
export function invokeGroup({ reference, raw, place }: Use, group: Node, compiling: Compiling): Invoked[] {
  const { loader, problems } = compiling;
  const { variables } = loader.config;
  for (const [key, entry] of entriesOf(raw)) if (!permitted.includes(key)) problems.error(entry.key, `${key} cannot be given to a job group. Permitted keys: ${permitted.join(', ')}.`);
  const options = readOptions(raw, place, variables, compiling);
  checkInvocation(options, problems);
  const given = textOf(options, 'name');
  const name = given ?? reference;
  const { isOn, filters } = decideFilters(raw, options, variables, problems);
  const key = readSerialGroup(options, problems);

  const piece = (role: 'start' | 'end' | 'unlock', type: JobType, requires: Invocation['requires']): Invocation => {
    const job = mapAt(place, [['type', scalarAt(place, type)], ...(key !== null && type !== 'no-op' ? [['key', scalarAt(place, key)] as const] : [])]);
    return { name: `${name}-group-${role}`, otherName: null, type, job, requires, isOn, filters, contexts: [], serialGroup: null, printed: printedFilters(filters), place };
  };
  const members = invokeMembers(reference, group, compiling).map((member): Invoked => {
    const prefixed = (local: string): string => (given === null ? local : `${given}-${local}`);
    const invocations = member.invocations.map((invocation): Invocation => ({
      ...invocation,
      name: prefixed(invocation.name),
      otherName: invocation.otherName === null ? null : prefixed(invocation.otherName),
      requires: invocation.requires.map(({ to, ...how }) => ({ to: typeof to === 'string' ? prefixed(to) : to, ...how })),
      isOn: invocation.isOn && isOn,
      filters: invocation.filters ?? filters,
      printed: new Map([...printedFilters(filters), ...invocation.printed]),
    }));
    return { invocations, aliases: member.aliases.map(prefixed), group: { name, role: 'member' } };
  });
  const { roots, leaves } = endsOf(members);
  const start = piece('start', key === null ? 'no-op' : 'lock', readRequires(options, variables, compiling));
  for (const root of roots) root.requires.push({ to: start, form: undefined, place });
  const end = piece('end', 'no-op', leaves.map((to) => ({ to, form: undefined, place })));
  const unlock = key === null ? [] : [piece('unlock', 'unlock', [{ to: end, form: scalarAt(place, 'terminal'), place }])];
  return [
    { invocations: [start], aliases: [], group: { name, role: 'start' } },
    ...members,
    { invocations: [end], aliases: [name], group: { name, role: 'end' } },
    { invocations: unlock, aliases: [], group: { name, role: 'unlock' } },
  ];
}

const printedFilters = (filters: Node | undefined): Map<string, Entry> => new Map(filters ? [['filters', { key: filters.place, value: filters }]] : []);

/** The jobs of a group, as the group names them. */
function invokeMembers(name: string, group: Node, compiling: Compiling): Invoked[] {
  const { problems } = compiling;
  const members = itemsOf(childOf(group, 'jobs')).flatMap((item): Invoked[] => {
    const use = readUse(item, compiling);
    if (!use) return [];
    if (groupOf(use.reference, compiling)) {
      problems.error(use.place, `${use.reference} is a job group, and a job group cannot hold another. List its jobs here.`);
      return [];
    }
    const serial = entriesOf(use.raw).get('serial-group');
    if (serial) problems.error(serial.key, 'a job of a job group has no serial-group of its own. Give it to the group where the workflow names it.');
    return [invoke(use, compiling)];
  });
  const single = members.filter(({ aliases }) => aliases.length === 0).flatMap(({ invocations }) => invocations);
  checkOnce(single, (job, times) => `Job '${job}' occurs ${times} times in job group '${name}'. Give each of them a \`name\` of its own.`, problems);
  return members;
}

/** Those that wait for none of the group, and those that none of the group waits for. */
function endsOf(members: Invoked[]): { roots: Invocation[]; leaves: Invocation[] } {
  const empty = new Set(members.filter(({ invocations }) => invocations.length === 0).flatMap(({ aliases }) => aliases));
  const named = (invocation: Invocation): (string | Invocation)[] => invocation.requires.map(({ to }) => to);
  const waitedFor = new Set(members.flatMap(({ invocations }) => invocations.flatMap(named)));
  const isWaitedFor = (name: string | null): boolean => name !== null && waitedFor.has(name);
  return {
    roots: members.flatMap(({ invocations }) => invocations.filter((invocation) => named(invocation).every((to) => typeof to === 'string' && empty.has(to)))),
    leaves: members.filter(({ aliases }) => !aliases.some(isWaitedFor)).flatMap(({ invocations }) => invocations.filter(({ name, otherName }) => !isWaitedFor(name) && !isWaitedFor(otherName))),
  };
}

/** Says of each name that stands there more than once how often it does, at its second place. */
export function checkOnce(uses: readonly { name: string; place: Place }[], sentence: (name: string, times: number) => string, problems: Problems): void {
  for (const [name, [, second, ...more]] of Map.groupBy(uses, (use) => use.name)) if (second) problems.error(second.place, sentence(name, 2 + more.length));
}
