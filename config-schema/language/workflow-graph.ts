// Which job waits for which in a workflow, and can that come to an end?

import { encodeName } from '../address.ts';
import { didYouMean } from '../nearest.ts';
import { childOf, entriesOf, itemsOf, stringOf } from './node.ts';
import type { Node, Place } from './node.ts';
import { notYetSentence } from './not-yet.ts';
import type { RequiredStatus } from '../plan.ts';
import type { Path, Problems } from './problems.ts';

/** One job of a workflow, as the user wrote it. `requires` are names of the same workflow. */
export type Invocation = {
  /** Key of the file's jobs. */
  job: string;
  name: string;
  requires: Requirement[];
  place: Place;
  path: Path;
};

type Requirement = { name: string; statuses: RequiredStatus[]; place: Place; path: Path };

const allStatuses: RequiredStatus[] = ['success', 'failed', 'canceled', 'unauthorized', 'not_run'];

/** Names become keys of the object store, where a file's name ends at 255 bytes; signs that are encoded there count threefold. */
const longestNameBytes = 200;

/**
 * The jobs of one workflow, with every fault of their names and edges reported. What has not the right shape is passed over:
 * validation has spoken of it.
 */
export function readWorkflow(name: string, node: Node, path: Path, jobs: ReadonlySet<string>, problems: Problems): Invocation[] {
  checkName(name, node.place, path, problems);
  const list = itemsOf(childOf(node, 'jobs')).map((item, index) => readInvocation(item, [...path, 'jobs', index], problems));
  const invocations = list.filter((invocation) => invocation !== undefined);

  for (const { invocation, options } of invocations) {
    if (problems.isFull()) break;
    checkName(invocation.name, invocation.place, invocation.path, problems);
    // An approval has no job behind it.
    if (jobs.has(invocation.job) || childOf(options, 'type') !== undefined) continue;
    const sentence = invocation.job.includes('/')
      ? notYetSentence(`\`${invocation.job}\`, a job of an orb,`, 'Write the job into this file.')
      : `Cannot find a definition for job named ${invocation.job}.${didYouMean(invocation.job, jobs)} Add it to jobs, or remove it from the workflow.`;
    problems.error(invocation.place, invocation.path, sentence);
  }

  // A name that only a feature of tomorrow makes, such as that of a matrix, may be required today.
  const isWhole = list.every((item) => item && childOf(item.options, 'matrix') === undefined);
  const graph = invocations.map(({ invocation }) => invocation);
  checkNames(name, graph, isWhole, problems);
  checkCircles(graph, path, problems);
  return graph;
}

function readInvocation(item: Node, path: Path, problems: Problems): { invocation: Invocation; options: Node | undefined } | undefined {
  const bare = stringOf(item);
  if (bare !== undefined) return { invocation: { job: bare, name: bare, requires: [], place: item.place, path }, options: undefined };
  const [first, second] = [...entriesOf(item)];
  if (!first) return undefined;
  if (second)
    problems.error(second[1].key, path, `a job of a workflow has exactly one key, this has ${entriesOf(item).size}. Indent the options of ${first[0]} deeper than its name.`);
  const [job, { key, value: options }] = first;
  const given = childOf(options, 'name');
  const name = given ? stringOf(given) : job;
  if (name === undefined) return undefined;
  return { invocation: { job, name, requires: readRequires(childOf(options, 'requires'), [...path, job, 'requires']), place: key, path }, options };
}

function readRequires(node: Node | undefined, path: Path): Requirement[] {
  const items = node?.kind === 'list' ? node.items : node ? [node] : [];
  return items.flatMap((item, index): Requirement[] => {
    const itemPath = node?.kind === 'list' ? [...path, index] : path;
    const bare = stringOf(item);
    if (bare !== undefined) return [{ name: bare, statuses: ['success'], place: item.place, path: itemPath }];
    return [...entriesOf(item)].map(([name, { key, value }]) => ({ name, statuses: readStatuses(value), place: key, path: itemPath }));
  });
}

function readStatuses(node: Node): RequiredStatus[] {
  const words = (node.kind === 'list' ? node.items : [node]).map(stringOf);
  return words.includes('terminal') ? allStatuses : allStatuses.filter((status) => words.includes(status));
}

function checkName(name: string, place: Place, path: Path, problems: Problems): void {
  const bytes = new TextEncoder().encode(encodeName(name)).length;
  if (name.trim() === '') problems.error(place, path, 'the name is empty. Write one.');
  else if (bytes > longestNameBytes) problems.error(place, path, `the name has ${bytes} bytes, more than ${longestNameBytes}. Shorten it.`);
}

function checkNames(workflow: string, graph: Invocation[], isWhole: boolean, problems: Problems): void {
  const names = new Map<string, number>();
  for (const { name, place, path } of graph) {
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    if (count > 1) problems.error(place, path, `'${name}' is the name of ${count} jobs in workflow '${workflow}'. Give this one a \`name\` of its own.`);
  }
  for (const invocation of graph)
    for (const { name, place, path } of invocation.requires) {
      const isKnown = names.has(name) && name !== invocation.name;
      if (isKnown || !isWhole || problems.isFull()) continue;
      const others = [...names.keys()].filter((other) => other !== invocation.name);
      problems.error(
        place,
        path,
        `Job '${invocation.name}' requires '${name}', which is the name of 0 other jobs in workflow '${workflow}'.${didYouMean(name, others)} Add the job to the workflow, or remove it from requires.`,
      );
    }
}

/** Takes away the jobs that can start, then those that can start after them; what is left waits for itself. */
function checkCircles(graph: Invocation[], path: Path, problems: Problems): void {
  const byName = new Map(graph.map((invocation) => [invocation.name, invocation]));
  const needs = ({ name, requires }: Invocation): Requirement[] => requires.filter((requirement) => byName.has(requirement.name) && requirement.name !== name);
  const open = new Map(graph.map((invocation) => [invocation, new Set(needs(invocation).map(({ name }) => name))]));
  const dependents = new Map<string, Invocation[]>(graph.map(({ name }) => [name, []]));
  for (const [invocation, names] of open) for (const name of names) dependents.get(name)!.push(invocation);

  const ready = graph.filter((invocation) => open.get(invocation)!.size === 0);
  for (const { name } of ready)
    for (const dependent of dependents.get(name)!) {
      open.get(dependent)!.delete(name);
      if (open.get(dependent)!.size === 0) ready.push(dependent);
    }
  const waiting = graph.filter((invocation) => open.get(invocation)!.size > 0);
  if (waiting.length === 0) return;

  // Every one that waits needs another that waits: following them from any comes to a circle.
  const next = (invocation: Invocation): Requirement => needs(invocation).find(({ name }) => open.get(invocation)!.has(name))!;
  const walk = new Set<Invocation>();
  let at = waiting[0]!;
  for (; !walk.has(at); at = byName.get(next(at).name)!) walk.add(at);
  const circle = [...walk].slice([...walk].indexOf(at));
  const start = graph.some(({ requires }) => requires.length === 0) ? '' : 'At least one job in the workflow must have no dependencies. ';
  problems.error(
    next(at).place,
    path,
    `${start}The following jobs are unreachable: ${namesOf(waiting, ', ')}. Break the circle ${namesOf([...circle, at], ' requires ')}: remove one of these requires.`,
  );
}

/** Enough names to find the place by. */
const namesOf = (invocations: Invocation[], separator: string): string => {
  const names = invocations.map(({ name }) => name);
  return names.length <= 50 ? names.join(separator) : [...names.slice(0, 25), '…', ...names.slice(-25)].join(separator);
};
