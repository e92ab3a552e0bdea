// Which members has a matrix?

import { childOf, entriesOf, isNull, itemsOf, toPlain } from './node.ts';
import type { Node, Place } from './node.ts';
import type { Problems } from './problems.ts';

/** One combination: parameter -> value. */
export type Member = Map<string, Node>;

const mostMembers = 10_000;

/**
 * The members: values in the order in which they are written, parameters in that of the alphabet, the first slowest. `matrix` is rendered.
 * The sources disagree about the order of the parameters, here and in the names; this one explains every output of the original that is known.
 */
export function membersOf(job: string, matrix: Node, place: Place, problems: Problems): Member[] {
  const lists = [...entriesOf(childOf(matrix, 'parameters'))].map(([name, { value }]) => [name, valuesOf(value)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  if (lists.length === 0) {
    // Where the key is missing, the check has said so.
    if (childOf(matrix, 'parameters')) problems.error(matrix.place, `the matrix of ${job} has no parameters. Write them under \`parameters:\`, each with a list of values.`);
    return [];
  }
  const count = lists.reduce((product, [, values]) => product * values.length, 1);
  if (count > mostMembers) {
    problems.error(place, `The ${job} build matrix expands to ${count} jobs. Matrices cannot generate more than 10000 jobs. Give it fewer values.`);
    return [];
  }
  let members: Member[] = [new Map()];
  for (const [name, values] of lists) members = members.flatMap((member) => values.map((value) => new Map([...member, [name, value]])));
  const isExcluded = exclusions(childOf(matrix, 'exclude'), new Set(lists.map(([name]) => name)), problems);
  const left = members.filter((member) => !isExcluded(member));
  if (left.length === 0) problems.warn(place, `the matrix of ${job} has no members: it adds no jobs. Give each parameter a value${members.length > 0 ? ', or exclude less' : ''}.`);
  return left;
}

/** A single value stands for a list of it. */
const valuesOf = (node: Node): readonly Node[] => (isNull(node) ? [] : node.kind === 'list' || node.kind === 'bound' ? itemsOf(node) : [node]);

/** A member goes when it has every value of an entry. Entries with the same keys are looked up together: there may be thousands. */
function exclusions(exclude: Node | undefined, known: ReadonlySet<string>, problems: Problems): (member: Member) => boolean {
  const byKeys = new Map<string, { keys: string[]; values: Set<string> }>();
  for (const entry of itemsOf(exclude)) {
    const keys = [...entriesOf(entry).keys()].sort();
    const unknown = keys.find((key) => !known.has(key));
    if (unknown !== undefined) problems.warn(entriesOf(entry).get(unknown)!.key, `the matrix has no parameter ${unknown}, so that this excludes nothing. Its parameters are ${[...known].join(', ')}.`);
    if (keys.length === 0 || unknown !== undefined) continue;
    const group = byKeys.get(keys.join('\0')) ?? { keys, values: new Set() };
    byKeys.set(keys.join('\0'), group);
    group.values.add(fingerprint(keys.map((key) => childOf(entry, key)!)));
  }
  const groups = [...byKeys.values()];
  return (member) => groups.some(({ keys, values }) => values.has(fingerprint(keys.map((key) => member.get(key)!))));
}

const fingerprint = (nodes: Node[]): string => JSON.stringify(nodes.map(toPlain));

/**
 * What a member is called when the workflow gives it no name: by its parameter `name`, or by the job and its values. The order in which
 * these are written is understood as well.
 */
export function memberName(job: string, member: Member, matrix: Node): { name: string; otherName: string | null } {
  const given = member.get('name');
  if (given) return { name: wordOf(given), otherName: null };
  const named = (parameters: Iterable<string>): string => [job, ...[...parameters].map((parameter) => wordOf(member.get(parameter)!))].join('-');
  return { name: named(member.keys()), otherName: named(entriesOf(childOf(matrix, 'parameters')).keys()) };
}

const wordOf = (node: Node): string => (node.kind === 'scalar' ? node.text : JSON.stringify(toPlain(node)));
