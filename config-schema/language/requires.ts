// Who waits for whom in a workflow, and does everybody get to start?

import { didYouMean } from '../nearest.ts';
import type { RequiredStatus } from '../plan.ts';
import type { Compiling } from './elements.ts';
import type { Invocation, Invoked } from './invocations.ts';
import { stringOf } from './node.ts';
import type { Node, Place } from './node.ts';
import type { Problems } from './problems.ts';
import { reach } from './reach.ts';

export type Edge = { to: Invocation; statuses: RequiredStatus[]; form: Node | undefined; place: Place };

/** What each invocation waits for, names resolved. */
export function resolveRequires(workflow: string, entries: Invoked[], { problems, spend }: Compiling): Map<Invocation, Edge[]> {
  const find = finder(workflow, entries, problems);
  const edgesOf = (from: Invocation, entry: Invoked, { to, form, place }: Invocation['requires'][number]): Edge[] => {
    const found = typeof to === 'string' ? find(from, entry, to, place) : [to];
    // A large matrix that requires a large matrix is more than anybody meant.
    return spend(found.length, place) ? found.map((one) => ({ to: one, statuses: statusesOf(form), form, place })) : [];
  };
  const edges = new Map(entries.flatMap((entry) => entry.invocations.map((from) => [from, from.requires.flatMap((requirement) => edgesOf(from, entry, requirement))])));
  checkCircles(edges, problems);
  return edges;
}

type Find = (from: Invocation, entry: Invoked, name: string, place: Place) => Invocation[];

/** What a name means to a job: one other job, all of one matrix, the end of a job group; or else one member of a matrix. */
function finder(workflow: string, entries: Invoked[], problems: Problems): Find {
  const whole = groupByNames(entries, ({ aliases, invocations: [single] }) => (aliases.length > 0 || !single ? aliases : [single.name]));
  const members = groupByNames(
    entries.filter(({ aliases }) => aliases.length > 0).flatMap((entry) => entry.invocations.map((invocation) => ({ entry, invocation }))),
    ({ invocation: { name, otherName } }) => (otherName === null ? [name] : [name, otherName]),
  );
  return (from, entry, name, place) => {
    const others = (whole.get(name) ?? []).filter((other) => other !== entry);
    const seen = others.filter((other) => sees(entry, other));
    if (seen.length === 1) return seen[0]!.invocations;
    const single = (members.get(name) ?? []).filter(({ invocation }) => invocation !== from);
    const seenSingle = seen.length === 0 ? single.filter((member) => sees(entry, member.entry)) : [];
    if (seenSingle.length === 1) return [seenSingle[0]!.invocation];

    if (problems.isFull()) return [];
    const [hidden] = [...others, ...single.map((member) => member.entry)];
    if (seen.length + seenSingle.length === 0 && hidden) {
      problems.error(place, `Job '${from.name}' cannot require '${name}': ${hiddenBecause(entry, hidden)}.`);
      return [];
    }
    const matrices = seen.filter(({ aliases, group }) => aliases.length > 0 && group?.role !== 'end').length;
    const jobs = seen.length - matrices + seenSingle.length;
    const remedy = jobs + matrices === 0 ? `${didYouMean(name, [...whole.keys(), ...members.keys()].filter((known) => known !== from.name))} Add the job to the workflow, or remove it from requires.` : ` Give each of them a \`name\` of its own${matrices > 0 ? ', and a matrix an `alias`' : ''}, and require that.`;
    problems.error(place, `Job '${from.name}' requires '${name}', which is the name of ${jobs} other jobs${matrices > 0 ? ` and ${matrices} ${matrices === 1 ? 'matrix' : 'matrices'}` : ''} in workflow '${workflow}'.${remedy}`);
    return [];
  };
}

function groupByNames<Item>(items: Item[], namesOf: (item: Item) => Iterable<string>): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items)
    for (const name of new Set(namesOf(item))) {
      const group = groups.get(name);
      if (group) group.push(item);
      else groups.set(name, [item]);
    }
  return groups;
}

/** From outside, a job group is waited for as a whole; and it waits as a whole. */
const sees = (from: Invoked, to: Invoked): boolean => (isOut(from) ? to.group === null || to.group.role === 'end' : from.group?.name === to.group?.name);
const isOut = ({ group }: Invoked): boolean => group === null || group.role === 'start';

const hiddenBecause = (from: Invoked, to: Invoked): string =>
  isOut(from) ? `it belongs to the job group ${to.group!.name}: require the group` : `a job of the job group ${from.group!.name} waits for jobs of that group only: write it into the requires of the group`;

const all: RequiredStatus[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'];

/** Of a status, or a list of them, which have been checked; terminal is each. */
function statusesOf(form: Node | undefined): RequiredStatus[] {
  if (form === undefined) return ['success'];
  const words = (form.kind === 'list' ? form.items : [form]).map(stringOf);
  return words.includes('terminal') ? all : all.filter((status) => words.includes(status));
}

/**
 * Without those that do not run: their edges go, and with them whoever waited for nobody else. It is left out, not made a job
 * that starts at once.
 */
export function withoutOff(edges: Map<Invocation, Edge[]>): Map<Invocation, Edge[]> {
  const off = walk(edges, ({ isOn }) => !isOn);
  return new Map([...edges].filter(([invocation]) => !off.has(invocation)).map(([invocation, list]) => [invocation, list.filter(({ to }) => !off.has(to))]));
}

const walk = (edges: Map<Invocation, Edge[]>, begins: (invocation: Invocation) => boolean): Set<Invocation> =>
  reach(edges.keys(), (invocation) => edges.get(invocation)!.map(({ to }) => to), begins);

/** Takes away the jobs that can start, then those that can start after them; what is left waits for itself. */
function checkCircles(edges: Map<Invocation, Edge[]>, problems: Problems): void {
  const reached = walk(edges, (invocation) => edges.get(invocation)!.length === 0);
  const waiting = [...edges.keys()].filter((invocation) => !reached.has(invocation));
  if (waiting.length === 0) return;

  // Every one that waits needs another that waits: following them from any comes to a circle.
  const next = (invocation: Invocation): Edge => edges.get(invocation)!.find(({ to }) => !reached.has(to))!;
  const steps = new Set<Invocation>();
  let at = waiting[0]!;
  for (; !steps.has(at); at = next(at).to) steps.add(at);
  const circle = [...steps].slice([...steps].indexOf(at));
  const start = reached.size > 0 ? '' : 'At least one job in the workflow must have no dependencies. ';
  const named = (list: Invocation[], separator: string): string => {
    const names = list.map(({ name }) => name);
    return names.length <= 50 ? names.join(separator) : [...names.slice(0, 25), '…', ...names.slice(-25)].join(separator);
  };
  problems.error(next(at).place, `${start}The following jobs are unreachable: ${named(waiting, ', ')}. Break the circle ${named([...circle, at], ' requires ')}: remove one of these requires.`);
}
