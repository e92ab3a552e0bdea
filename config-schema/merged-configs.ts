// What do several configs say together? One map, into which each is laid over those before it.

import { mapAt, type Node, type Source } from './language/node.ts';
import { printNode } from './language/print.ts';
import { collectProblems } from './language/problems.ts';
import { readYaml } from './language/yaml.ts';

/** Maps are joined key by key, of everything else the later counts; anchors are each file's own. Throws a sentence for a text that is no YAML. */
export function mergedConfigs(files: readonly { path: string; text: string }[]): string {
  return printNode(files.map(read).reduce(laidOver, mapAt({ source: { path: '', text: '' }, start: 0, end: 0 }, [])));
}

function read({ path, text }: { path: string; text: string }): Node {
  const source: Source = { path, text };
  const problems = collectProblems(source);
  const node = readYaml(source, problems);
  const fault = problems.diagnostics().find(({ severity }) => severity === 'error');
  if (fault) throw new Error(`${fault.message} (line ${fault.line})`);
  return node ?? mapAt({ source, start: 0, end: 0 }, []);
}

function laidOver(under: Node, over: Node): Node {
  if (under.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(under.entries);
  for (const [name, { key, value }] of over.entries) {
    const before = entries.get(name);
    entries.set(name, { key, value: before ? laidOver(before.value, value) : value });
  }
  return { ...under, entries };
}
