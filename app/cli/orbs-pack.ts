// `roundhouse orbs pack`: how does the source tree of an orb become one file?

import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { childOf, scalarAt } from '../../config-schema/language/node.ts';
import type { Entry, MapNode, Node, ScalarNode } from '../../config-schema/language/node.ts';
import { printNode } from '../../config-schema/language/print.ts';
import { packTree } from './config-pack.ts';
import { Problem } from './problem.ts';

/** Other folders, such as scripts and tests, are there to be included, or for the orb's authors. */
const parts = ['commands', 'jobs', 'executors', 'examples'];

/** The orb as the original packs it: `@orb.yml` at the top, a file for each element, `<< include(path) >>` for scripts. Throws Problem with every fault. */
export async function packOrb(folder: string): Promise<string> {
  const tree = await packTree(folder, parts);
  if (childOf(tree, 'version') === undefined && !parts.some((part) => childOf(tree, part))) throw new Problem(`${folder}: is not the source tree of an orb: it has neither @orb.yml nor any of ${parts.join(', ')}. Name the folder that holds them, often src.`, 2);
  const faults: string[] = [];
  const packed = await included(tree, await realpath(folder), faults);
  if (faults.length > 0) throw new Problem(faults.join('\nroundhouse: '), 2);
  return printNode(packed);
}

/** The same node when nothing in it includes a file. */
async function included(node: Node, root: string, faults: string[]): Promise<Node> {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? includedText(node, node.value, root, faults) : node;
    case 'list':
      return { ...node, items: await inTurn(node.items, (item) => included(item, root, faults)) };
    case 'map':
      return includedMap(node, root, faults);
    case 'bound':
      return node;
  }
}

async function includedMap(node: MapNode, root: string, faults: string[]): Promise<MapNode> {
  const entries = await inTurn(node.entries, async ([key, entry]): Promise<[string, Entry]> => [key, { ...entry, value: await included(entry.value, root, faults) }]);
  return { ...node, entries: new Map(entries) };
}

async function includedText(node: ScalarNode, text: string, root: string, faults: string[]): Promise<Node> {
  const found = [...text.matchAll(/<<\s*include\(([^)\n]*)\)\s*>>/g)];
  const [only] = found;
  if (!only) return node;
  const fault = (sentence: string): Node => {
    faults.push(`${node.place.source.path}: ${sentence}`);
    return node;
  };
  if (only[0] !== text.trim()) return fault(`'${only[0]}' must be the whole value, and stand there alone. Put the rest into the file.`);
  const path = only[1]!.trim();
  try {
    const file = await realpath(join(root, path));
    if (!file.startsWith(root + sep)) return fault(`'${path}' leads out of the orb. Include files below ${root}.`);
    // The text is a script's: whatever looks like a tag in it is none.
    return scalarAt(node.place, (await readFile(file, 'utf8')).replaceAll('<<', '\\<<'));
  } catch (error) {
    return fault(`'${path}' cannot be included: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message}. Paths are from the top of the orb.`);
  }
}

/** One file after the other: an orb may have more of them than may be open at once. */
async function inTurn<T, R>(items: Iterable<T>, work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}
