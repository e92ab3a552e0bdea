// `roundhouse config pack`: how does a folder of YAML files become one config?

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { childOf, entriesOf, toPlain } from '../../config-schema/language/node.ts';
import type { Entry, MapNode, Node, Source } from '../../config-schema/language/node.ts';
import { printNode } from '../../config-schema/language/print.ts';
import { collectProblems } from '../../config-schema/language/problems.ts';
import { readYaml } from '../../config-schema/language/yaml.ts';
import { readText } from './config-input.ts';
import { Problem } from './problem.ts';

/**
 * The convention is the original's (FYAML): a folder is a key and so is a file, without its ending; the content of a file whose name
 * begins with `@`, or that lies at the top, belongs to the folder itself. Names that begin with a dot are passed over.
 * Throws Problem with every fault.
 */
export async function packFolder(folder: string): Promise<string> {
  return printNode(await packTree(folder));
}

/** The same before it is printed. Of the folders at the top, only `parts` where they are given. */
export async function packTree(folder: string, parts?: readonly string[]): Promise<MapNode> {
  const faults: string[] = [];
  const packed = await packLevel(folder, [], faults, parts);
  if (faults.length > 0) throw new Problem(faults.join('\nroundhouse: '), 2);
  if (packed.entries.size === 0) throw new Problem(`${folder}: holds no YAML file with anything in it. Name the folder that holds the parts of the config.`, 2);
  return packed;
}

async function packLevel(folder: string, path: readonly string[], faults: string[], parts?: readonly string[]): Promise<MapNode> {
  const listed = await readdir(join(folder, ...path), { withFileTypes: true }).catch((cause: unknown) => {
    throw new Problem(`${join(folder, ...path)}: cannot be read as a folder: ${(cause as Error).message}. Name the folder that holds the parts of the config.`, 2, { cause });
  });
  const named = listed.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  const level = emptyMap({ path: join(folder, ...path), text: '' });
  for (const entry of named.filter((each) => !each.isDirectory())) {
    const [, at, name] = /^(@?)(.*)\.ya?ml$/s.exec(entry.name) ?? [];
    if (name === undefined) continue;
    const content = await readPart(join(folder, ...path, entry.name), faults);
    if (!content) continue;
    if (at === '' && path.length > 0) add(level, name, { key: content.place, value: content }, faults, path);
    else if (content.kind === 'map') merge(level, content, faults, path);
    else faults.push(`${content.place.source.path}: is not a map, and its content belongs to ${path.join('.') || 'the top of the config'}. Write keys with values, or give the file a name without @ in a folder.`);
  }
  for (const { name } of named.filter((each) => each.isDirectory() && (parts?.includes(each.name) ?? true))) {
    const inside = await packLevel(folder, [...path, name], faults);
    if (isGroup(path, inside)) merge(level, inside, faults, path);
    else add(level, name, { key: inside.place, value: inside }, faults, path);
  }
  return level;
}

/**
 * A folder below `commands`, `jobs` or `executors` that is not one of them itself, but holds some: it only keeps them together, since a
 * command within a command means nothing.
 */
function isGroup(path: readonly string[], inside: MapNode): boolean {
  const kinds = ['steps', 'docker', 'machine', 'macos', 'executor', 'type'];
  const isElement = ({ value }: Entry): boolean => value.kind === 'map' && kinds.some((kind) => childOf(value, kind) !== undefined);
  return ['commands', 'jobs', 'executors'].includes(path[0] ?? '') && inside.entries.size > 0 && [...inside.entries.values()].every(isElement);
}

async function readPart(file: string, faults: string[]): Promise<Node | undefined> {
  const source = { path: file, text: await readText(file) };
  const problems = collectProblems(source);
  const node = readYaml(source, problems);
  for (const { severity, line, column, message } of problems.diagnostics()) {
    if (severity === 'error') faults.push(`${file}:${line}:${column}: ${message}`);
    else process.stderr.write(`${file}:${line}:${column}: warning: ${message}\n`);
  }
  return node;
}

function merge(into: MapNode, from: MapNode, faults: string[], path: readonly string[]): void {
  for (const [key, entry] of entriesOf(from)) add(into, key, entry, faults, path);
}

/** Maps under one key become one map; anything else may be said twice only if it is the same. */
function add(into: MapNode, key: string, entry: Entry, faults: string[], path: readonly string[]): void {
  const before = into.entries.get(key);
  if (!before) into.entries.set(key, entry);
  else if (before.value.kind === 'map' && entry.value.kind === 'map') {
    const both: MapNode = { ...before.value, entries: new Map(before.value.entries) };
    merge(both, entry.value, faults, [...path, key]);
    into.entries.set(key, { ...before, value: both });
  } else if (!isDeepStrictEqual(toPlain(before.value), toPlain(entry.value)))
    faults.push(`${entry.value.place.source.path}: ${[...path, key].join('.')} is there already, from ${before.value.place.source.path}. Keep one of them, or give them different names.`);
}

const emptyMap = (source: Source): MapNode => ({ kind: 'map', entries: new Map(), place: { source, start: 0, end: 0 } });
