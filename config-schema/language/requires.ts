// Who waits for whom in a workflow, and does everybody get to start?

import { didYouMean } from '../nearest.ts';
import type { RequiredStatus } from '../plan.ts';
import type { Invocation } from './invocations.ts';
import { itemsOf, stringOf } from './node.ts';
import type { Node, Place } from './node.ts';
import type { Problems } from './problems.ts';

export type Edge = { to: Invocation; statuses: RequiredStatus[]; form: Node | undefined; place: Place };

/** What each invocation waits for, names resolved. `aliases` are names of matrices, those without members too. */
export function resolveRequires(workflow: string, invocations: Invocation[], aliases: ReadonlySet<string>, place: Place, problems: Problems): Map<Invocation, Edge[]> {
  const byName = Map.groupBy(invocations, ({ name }) => name);
  const byAlias = new Map<string, Invocation[]>();
  for (const invocation of invocations) for (const alias of invocation.aliases) byAlias.set(alias, [...(byAlias.get(alias) ?? []), invocation]);

  const find = (invocation: Invocation, { name, place: at }: { name: string; place: Place }): Invocation[] => {
    const others = (byName.get(name) ?? []).filter((other) => other !== invocation);
    if (others.length === 1) return others;
    if (others.length === 0) {
      const members = byAlias.get(name)?.filter((other) => other !== invocation);
      if (members?.length || aliases.has(name)) return members ?? [];
    }
    const known = new Set([...byName.keys(), ...byAlias.keys()].filter((other) => other !== invocation.name));
    const remedy = others.length === 0 ? `${didYouMean(name, known)} Add the job to the workflow, or remove it from requires.` : ' Give each of them a `name` of its own, and require that.';
    if (!problems.isFull()) problems.error(at, `Job '${invocation.name}' requires '${name}', which is the name of ${others.length} other jobs in workflow '${workflow}'.${remedy}`);
    return [];
  };
  const edges = new Map(
    invocations.map((invocation): [Invocation, Edge[]] => [
      invocation,
      invocation.requires.flatMap((requirement) => {
        const statuses = statusesOf(requirement.form, problems);
        return find(invocation, requirement).filter((to) => mayRequire(invocation, to, requirement.place, problems)).map((to) => ({ to, statuses, form: requirement.form, place: requirement.place }));
      }),
    ]),
  );
  checkCircles(invocations, edges, place, problems);
  return edges;
}

/** From outside, a job group is waited for as a whole; and it waits as a whole. */
function mayRequire(from: Invocation, to: Invocation, place: Place, problems: Problems): boolean {
  if (from.group?.name === to.group?.name) return true;
  const isOut = from.group === null || from.group.role === 'start';
  const isIn = to.group === null || to.group.role === 'end';
  if (isOut && isIn) return true;
  const remedy = isOut ? `it belongs to the job group ${to.group!.name}: require the group` : `a job of the job group ${from.group!.name} waits for jobs of that group only: write it into the requires of the group`;
  problems.error(place, `Job '${from.name}' cannot require '${to.name}': ${remedy}.`);
  return false;
}

const all: RequiredStatus[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'];

/** A status, or a list of them; terminal is each. */
function statusesOf(form: Node | undefined, problems: Problems): RequiredStatus[] {
  if (form === undefined) return ['success'];
  const items = form.kind === 'list' ? itemsOf(form) : [form];
  const words = items.map(stringOf);
  items.forEach((item, index) => {
    const word = words[index];
    if (word !== 'terminal' && !all.includes(word as RequiredStatus)) problems.error(item.place, `a job is required with the statuses ${all.join(', ')} or terminal, this is ${word ?? 'none of them'}. Write one of them.`);
  });
  return words.includes('terminal') ? all : all.filter((status) => words.includes(status));
}

/**
 * Without those that do not run: their edges go, and with them whoever waited for nobody else. It is left out, not made a job
 * that starts at once.
 */
export function withoutOff(invocations: Invocation[], edges: Map<Invocation, Edge[]>, isOff: (invocation: Invocation) => boolean): Invocation[] {
  const off = new Set<Invocation>();
  const waiting = new Map(invocations.map((invocation) => [invocation, edges.get(invocation)!.length]));
  const dependents = dependentsOf(invocations, edges);
  const next = invocations.filter(isOff);
  for (const invocation of next) {
    if (off.has(invocation)) continue;
    off.add(invocation);
    for (const dependent of dependents.get(invocation)!) {
      waiting.set(dependent, waiting.get(dependent)! - 1);
      if (waiting.get(dependent) === 0) next.push(dependent);
    }
  }
  for (const list of edges.values()) list.splice(0, list.length, ...list.filter(({ to }) => !off.has(to)));
  return invocations.filter((invocation) => !off.has(invocation));
}

function dependentsOf(invocations: Invocation[], edges: Map<Invocation, Edge[]>): Map<Invocation, Invocation[]> {
  const dependents = new Map<Invocation, Invocation[]>(invocations.map((invocation) => [invocation, []]));
  for (const [invocation, list] of edges) for (const { to } of list) dependents.get(to)!.push(invocation);
  return dependents;
}

/** Takes away the jobs that can start, then those that can start after them; what is left waits for itself. */
function checkCircles(invocations: Invocation[], edges: Map<Invocation, Edge[]>, place: Place, problems: Problems): void {
  const open = new Map(invocations.map((invocation) => [invocation, edges.get(invocation)!.length]));
  const dependents = dependentsOf(invocations, edges);
  const ready = invocations.filter((invocation) => open.get(invocation) === 0);
  for (const invocation of ready)
    for (const dependent of dependents.get(invocation)!) {
      open.set(dependent, open.get(dependent)! - 1);
      if (open.get(dependent) === 0) ready.push(dependent);
    }
  const waiting = invocations.filter((invocation) => open.get(invocation)! > 0);
  if (waiting.length === 0) return;

  // Every one that waits needs another that waits: following them from any comes to a circle.
  const isWaiting = new Set(waiting);
  const next = (invocation: Invocation): Edge => edges.get(invocation)!.find(({ to }) => isWaiting.has(to))!;
  const walk = new Set<Invocation>();
  let at = waiting[0]!;
  for (; !walk.has(at); at = next(at).to) walk.add(at);
  const circle = [...walk].slice([...walk].indexOf(at));
  const start = ready.length > 0 ? '' : 'At least one job in the workflow must have no dependencies. ';
  const named = (list: Invocation[], separator: string): string => {
    const names = list.map(({ name }) => name);
    return names.length <= 50 ? names.join(separator) : [...names.slice(0, 25), '…', ...names.slice(-25)].join(separator);
  };
  const found = next(at).place;
  problems.error(found.source === place.source ? found : place, `${start}The following jobs are unreachable: ${named(waiting, ', ')}. Break the circle ${named([...circle, at], ' requires ')}: remove one of these requires.`);
}
