// Which jobs does a job group bring into a workflow?

import { read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { invoke, readRequires, readSerialGroup } from './invocations.ts';
import type { Invocation, Invoked } from './invocations.ts';
import { childOf, entriesOf, isNull, itemsOf, mapAt, scalarAt, stringOf } from './node.ts';
import type { Node, Place } from './node.ts';
import type { JobType } from './processed.ts';

const permitted = ['name', 'requires', 'filters', 'serial-group'];

/**
 * The members between a start before those that wait for nobody in the group, and an end after those that nobody waits for.
 * With a serial group the start is its lock, and an unlock follows the end whatever comes of it.
 */
export function invokeGroup(name: string, group: Node, raw: Node | undefined, place: Place, compiling: Compiling): Invoked {
  const { loader, problems } = compiling;
  const { variables } = loader.config;
  for (const [key, entry] of entriesOf(raw))
    if (!permitted.includes(key)) problems.error(entry.key, `${key} cannot be given to a job group. Permitted keys: ${permitted.join(', ')}.`);
  if (entriesOf(group).has('parameters')) problems.error(entriesOf(group).get('parameters')!.key, 'a job group has no parameters. Remove them, or use parameters of the pipeline.');
  const option = (key: string): Node | undefined => {
    const value = childOf(raw, key);
    const rendered = value && read(value, variables, compiling);
    return rendered && !isNull(rendered) ? rendered : undefined;
  };
  const given = stringOf(option('name'));
  const whole = given ?? name;
  const prefixed = (member: string): string => (given === undefined ? member : `${given}-${member}`);
  const filters = option('filters');
  const serial = option('serial-group');
  const key = serial ? readSerialGroup(serial, compiling) : null;

  const aliases: string[] = [];
  const members = itemsOf(childOf(group, 'jobs')).flatMap((item) => {
    const [reference, options, at] = entryOf(item);
    if (reference === undefined) return [];
    if (isGroup(reference, compiling)) {
      problems.error(at, `${reference} is a job group, and a job group cannot hold another. List its jobs here.`);
      return [];
    }
    if (childOf(options, 'serial-group')) problems.error(entriesOf(options).get('serial-group')!.key, 'a job of a job group has no serial-group of its own. Give it to the group where the workflow names it.');
    const invoked = invoke(reference, options, at, compiling);
    aliases.push(...invoked.aliases.map(prefixed));
    return invoked.invocations.map(
      (invocation): Invocation => ({
        ...invocation,
        name: prefixed(invocation.name),
        aliases: invocation.aliases.map(prefixed),
        requires: invocation.requires.map((requirement) => ({ ...requirement, name: prefixed(requirement.name) })),
        filters: invocation.filters ?? filters,
        group: { name: whole, role: 'member' },
      }),
    );
  });

  const waitedFor = new Set(members.flatMap(({ requires }) => requires.map((requirement) => requirement.name)));
  const leaves = members.filter((member) => !waitedFor.has(member.name) && !member.aliases.some((alias) => waitedFor.has(alias)));
  const piece = (role: 'start' | 'end' | 'unlock', type: JobType, requires: Invocation['requires']): Invocation => ({
    name: `${whole}-group-${role}`,
    aliases: [],
    type,
    job: mapAt(place, [['type', scalarAt(place, type)], ...(key !== null && type !== 'no-op' ? [['key', scalarAt(place, key)] as const] : [])]),
    requires,
    isOn: true,
    filters,
    contexts: [],
    serialGroup: null,
    group: { name: whole, role },
    options: new Map(filters ? [['filters', { key: place, value: filters }]] : []),
    place,
  });
  const start = piece('start', key === null ? 'no-op' : 'lock', readRequires(option('requires')));
  for (const member of members) if (member.requires.length === 0) member.requires.push({ name: start.name, form: undefined, place });
  const end = piece('end', 'no-op', leaves.map((leaf) => ({ name: leaf.name, form: undefined, place })));
  end.aliases.push(whole);
  const unlock = key === null ? [] : [piece('unlock', 'unlock', [{ name: end.name, form: scalarAt(place, 'terminal'), place }])];
  return { invocations: [start, ...members, end, ...unlock], aliases: [...aliases, whole] };
}

const isGroup = (reference: string, { loader }: Compiling): boolean => entriesOf(childOf(loader.config.root, 'job-groups')).has(reference);

/** A job of a list: its name, its options, and where it stands; no name when it has the wrong shape. */
export function entryOf(item: Node): [reference: string | undefined, options: Node | undefined, place: Place] {
  const bare = stringOf(item);
  if (bare !== undefined) return [bare, undefined, item.place];
  const [first, second] = [...entriesOf(item)];
  return first && !second ? [first[0], first[1].value, first[1].key] : [undefined, undefined, item.place];
}
