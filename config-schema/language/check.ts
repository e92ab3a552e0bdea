// Has every part of a config the shape that it must have?

import { childOf, entriesOf, itemsOf, stringOf } from './node.ts';
import type { MapNode, Node, Source } from './node.ts';
import type { Path, Problems } from './problems.ts';
import { plainJob } from './schema-job.ts';
import { ignoredIn } from './schema-steps.ts';
import { invocation } from './schema-workflow.ts';
import { file20, file21, orb } from './schema.ts';
import { validate } from './validate.ts';

/**
 * Reports what is wrong with the shape of a file of this version, before anything of it is rendered: also in jobs that no workflow
 * reaches. What holds a tag may yet become anything and is judged later, by checkJob and checkInvocation.
 */
export function checkFile(root: MapNode, version: '2.0' | '2.1', problems: Problems): void {
  if (version === '2.0') validate(file20, root, problems, { isOpen: () => false, isKeyIgnored });
  else validate(file21, root, problems, { isOpen: (node, path) => hasTag(node) || isOwnCommand(root, path), isKeyIgnored, prefix });
}

/** The same of an orb's text. What is published cannot be corrected by its users: keys too many in a step are warnings. */
export function checkOrb(root: MapNode, problems: Problems): void {
  validate(orb, root, problems, {
    isOpen: (node, path) => hasTag(node) || isOwnCommand(root, path),
    isKeyIgnored: (path) => stepOf(path) !== undefined || isKeyIgnored(path),
    prefix,
  });
}

/** Reports what is wrong with a processed job: everything is rendered, and its steps are built-in ones. All of its faults at once. */
export function checkJob(name: string, job: MapNode, problems: Problems, from: 'own' | 'orb'): void {
  const isOrbs = (source: Source): boolean => from === 'orb' || source !== job.place.source;
  validate(plainJob, job, problems, {
    isOpen: () => false,
    isKeyIgnored: (path, place) => (stepOf(path) !== undefined && isOrbs(place.source)) || isKeyIgnored(path),
  });
  const again = itemsOf(childOf(job, 'steps')).filter((step) => (stringOf(step) ?? [...entriesOf(step).keys()][0]) === 'setup_remote_docker')[1];
  if (again) problems.error(again.place, `More than one setup_remote_docker is not valid, please adjust in job ${name}. Remove all but one of these steps.`);
}

/** Reports what is wrong with the options of a job in a workflow, once they are rendered: a tag has become a text that is no status, a number where a list must be. Arguments are not looked at. */
export function checkInvocation(options: Node | undefined, problems: Problems): void {
  if (options) validate(invocation, options, problems, { isOpen: () => false, isKeyIgnored });
}

/** `<<` with an even number of backslashes before it. */
const tag = /(?<!\\)(?:\\\\)*<</;

const hasTag = (node: Node): boolean => node.kind === 'scalar' && typeof node.value === 'string' && tag.test(node.value);

const stepLists = new Set<string | number>(['steps', 'pre-steps', 'post-steps', 'default']);

/** The name of the step whose body is at this path. */
function stepOf(path: Path): string | undefined {
  const [name, at] = [path.at(-1), path.at(-2)];
  const list = typeof at === 'number' ? path.at(-3) : at;
  return typeof name === 'string' && list !== undefined && stepLists.has(list) ? name : undefined;
}

/** Keys that the original passes over, as the configs show that it compiles. */
function isKeyIgnored(path: Path): boolean {
  return ignoredIn.has(stepOf(path) ?? '') || path.at(-1) === 'filters';
}

/** Whether the path leads into a step that a command of the file, or of the orb in it, has put in place of a built-in one. */
function isOwnCommand(root: Node, path: Path): boolean {
  const [section, name, ...rest] = path;
  if (section === 'orbs') {
    const inline = childOf(childOf(root, 'orbs'), name ?? '');
    return inline !== undefined && isOwnCommand(inline, rest);
  }
  const commands = entriesOf(childOf(root, 'commands'));
  if (commands.size === 0) return false;
  // A bare name ends the path at its index in the list.
  const isBare = typeof path.at(-1) === 'number' && stepLists.has(path.at(-2) ?? '');
  const bare = isBare ? stringOf(path.reduce<Node | undefined>(childOf, root)) : undefined;
  return (bare !== undefined && commands.has(bare)) || path.some((_, end) => commands.has(stepOf(path.slice(0, end + 1)) ?? ''));
}

/** A fault inside an executor is said with the executor, as the original does. */
function prefix(path: Path): string {
  const [key, inside, name, section] = [...path].reverse();
  return section === 'executors' && inside === 'machine' && key === 'docker_layer_caching' ? `Executor ${String(name)}: ` : '';
}
