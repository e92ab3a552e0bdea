// Does a value have the shape that a schema asks for? If not: where, what, remedy.

import { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import { childOf, entriesOf, isUnknown } from './node.ts';
import type { Node, Place } from './node.ts';
import type { Path, Problems } from './problems.ts';
import { must, shown } from './schema-words.ts';
import type { How } from './schema-words.ts';

type Issue = z.core.$ZodIssue;

export type Exceptions = {
  /** The value may yet become anything, such as a template: others judge it. `path` leads to it. */
  isOpen(node: Node, path: Path): boolean;
  /** A key too many in the map at this path is a warning. */
  isKeyIgnored(path: Path, place: Place): boolean;
  /** What a sentence about the value at this path begins with. */
  prefix?(path: Path): string;
};

/** Reports every place where the value does not fit. */
export function validate(schema: z.ZodType, root: Node, problems: Problems, { isOpen, isKeyIgnored, prefix = () => '' }: Exceptions): void {
  const permitted = new Map<string[], string[]>();
  const result = schema.safeParse(plainOf(root), { error: (issue) => sentence(issue, permitted) });
  for (const issue of (result.error?.issues ?? []).flatMap((issue) => narrow(issue, root))) {
    if (problems.isFull()) return;
    const path = issue.path as (string | number)[];
    const found = locate(root, path);
    if (isUnknown(found.deepest) || isOpen(found.deepest, path)) continue;

    if (issue.code === 'unrecognized_keys') {
      const known = permitted.get(issue.keys);
      // A sentence of the schema's own speaks of all of them.
      for (const key of known ? issue.keys : issue.keys.slice(0, 1)) {
        const place = entriesOf(found.node).get(key)?.key ?? found.place;
        const isIgnored = isKeyIgnored(path, place);
        const sentence = issue.message || `extraneous key [${key}] is not permitted.${isIgnored ? ' It is ignored; remove it.' : ''}${didYouMean(key, known!)} Permitted keys: ${known!.join(', ')}.`;
        problems[isIgnored ? 'warn' : 'error'](place, sentence);
      }
    } else if (found.node === undefined) {
      problems.error(found.place, issue.message || missing(path[found.depth]!));
    } else {
      const how: How = issue.code === 'custom' ? (issue.params ?? {}) : {};
      const isEmpty = found.node.kind === 'scalar' && found.node.place.start === found.node.place.end;
      const key = how.atSecondKey ? [...entriesOf(found.node).values()][1]?.key : isEmpty || how.atKey ? found.key : undefined;
      problems[how.warning ? 'warn' : 'error'](key ?? found.node.place, prefix(path) + issue.message);
    }
  }
}

/** Plain values of nodes that were asked for: nodes never change, and many uses share one. */
const plain = new WeakMap<Node, unknown>();

/** As toPlain, but what is no number for JSON either counts by its text. */
function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return typeof node.value === 'number' && !Number.isFinite(node.value) ? node.text : node.value;
  if (node.kind === 'bound') return plainOf(node.node);
  const known = plain.get(node);
  if (known !== undefined) return known;
  // fromEntries defines properties, so that a key such as `__proto__` stays a key.
  const made = node.kind === 'list' ? node.items.map(plainOf) : Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plainOf(value)]));
  plain.set(node, made);
  return made;
}

const missing = (key: string | number): string => (typeof key === 'number' ? oneEntry : `required key [${key}] not found. Add it.`);
const oneEntry = 'must have at least one entry. Add one.';

/** The node at a path, its key when it is in a map, and the place of the deepest thing on the way that exists. */
function locate(root: Node, path: Path): { node: Node | undefined; deepest: Node; key: Place | undefined; place: Place; depth: number } {
  let node: Node | undefined = root;
  let deepest = root;
  let key: Place | undefined;
  let place: Place = { ...root.place, end: root.place.start };
  let depth = 0;
  for (const part of path) {
    key = entriesOf(node).get(String(part))?.key;
    node = childOf(node, part);
    if (!node) break;
    deepest = node;
    place = key ?? node.place;
    depth++;
  }
  return { node, deepest, key, place, depth };
}

/** Of a union's failures, those of the form that the user meant. */
function narrow(issue: Issue, root: Node): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || isMissing(issue, root)) return [issue];
  const isHere = (inner: Issue): boolean => inner.path.length === issue.path.length;
  const isKind = (inner: Issue): boolean => isHere(inner) && ['invalid_type', 'invalid_value', 'invalid_union'].includes(inner.code);
  const branches = issue.errors.map((branch) => branch.flatMap((inner) => narrow({ ...inner, path: [...issue.path, ...inner.path] }, root)));

  const best = branches.filter((branch) => !branch.some(isKind)).sort((a, b) => a.length - b.length)[0];
  if (best) return best;
  if (issue.message !== '') return [issue];

  // None of the forms: "must be A" and "must be B" become one sentence.
  const parts = branches.flatMap((branch) => branch.filter(isKind)).map(({ message }) => /^must be (.*?), is /s.exec(message)?.[1]);
  const expected = new Set(parts.filter((part) => part !== undefined && part !== 'null'));
  return [{ ...issue, errors: [], message: must([...expected].join(' or '), 'Write one of them.')(plainOf(locate(root, issue.path as Path).node!)) }];
}

const isMissing = (issue: Issue, root: Node): boolean => locate(root, issue.path as Path).node === undefined;

const expectations: Record<string, { words: string; remedy: string }> = {
  string: { words: 'a text', remedy: 'Write a text; put quotes around a number or a boolean.' },
  boolean: { words: 'true or false', remedy: 'Write true or false, without quotes.' },
  array: { words: 'a list', remedy: 'Write each entry after "- " on a line of its own.' },
  tuple: { words: 'a list', remedy: 'Write each entry after "- " on a line of its own.' },
  object: { words: 'a map', remedy: 'Write its keys, indented, below.' },
  record: { words: 'a map', remedy: 'Write its keys, indented, below.' },
};

/** The words for what a schema has no sentence of its own for; empty where the place has to be known first. */
function sentence(issue: z.core.$ZodRawIssue, permitted: Map<string[], string[]>): string {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const shape = issue.inst instanceof z.ZodObject ? (issue.inst.shape as Record<string, z.ZodType>) : {};
      permitted.set(issue.keys as string[], Object.keys(shape));
      return '';
    }
    case 'invalid_type': {
      if (issue.input === undefined) return '';
      const { words, remedy } = expectations[issue.expected as string] ?? { words: String(issue.expected), remedy: 'Correct it.' };
      return must(words, remedy)(issue.input);
    }
    case 'invalid_value':
      return `must be one of ${(issue.values as unknown[]).join(', ')}, is ${shown(issue.input)}. Write one of them.`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty. Write a text, or remove the key.' : oneEntry;
    case 'invalid_union':
    case 'custom':
      return '';
    case 'invalid_key':
      return `the name of a variable must not be empty or hold "=", is ${shown(issue.input)}. Correct it.`;
    default:
      return `does not have the right form, is ${shown(issue.input)}. Correct it.`;
  }
}
