// Does a file have the shape that the schema asks for? If not: where, what, remedy.

import { z } from 'zod';
import { didYouMean } from '../nearest.ts';
import { childOf, entriesOf, toPlain } from './node.ts';
import type { Node, Place } from './node.ts';
import type { Path, Problems } from './problems.ts';
import { notSupportedYet, shown } from './schema.ts';

type Issue = z.core.$ZodIssue;

/**
 * Reports every place where the file does not fit. A value for which `isOpen` holds may yet become anything, such as a template:
 * others judge it.
 */
export function validate(schema: z.ZodType, root: Node, problems: Problems, isOpen: (node: Node) => boolean): void {
  const permitted = new Map<string[], string[]>();
  const result = schema.safeParse(toPlain(root), { error: (issue) => sentence(issue, permitted) });
  const issues = (result.error?.issues ?? []).flatMap((issue) => narrow(issue, root));
  const withNotYet = new Set(issues.filter(isNotYet).map(({ path }) => parentOf(path)));
  for (const issue of issues) {
    if (problems.isFull()) return;
    const path = issue.path as (string | number)[];
    const found = locate(root, path);
    if (found.node && isOpen(found.node) && !isNotYet(issue)) continue;

    if (issue.code === 'unrecognized_keys') {
      const known = permitted.get(issue.keys);
      // A sentence of the schema's own speaks of all of them.
      for (const key of known ? issue.keys : issue.keys.slice(0, 1)) {
        const place = entriesOf(found.node).get(key)?.key ?? found.place;
        problems.error(place, issue.message || `extraneous key [${key}] is not permitted.${didYouMean(key, known!)} Permitted keys: ${known!.join(', ')}.`);
      }
    } else if (found.node === undefined) {
      // What a key that we do not support yet would have given is not missing.
      if (!withNotYet.has(parentOf(path)))
        problems.error(found.place, issue.message || missing(path[found.depth]!));
    } else {
      const isEmpty = found.node.kind === 'scalar' && found.node.place.start === found.node.place.end;
      problems.error(found.key && (isEmpty || isNotYet(issue)) ? found.key : found.node.place, issue.message);
    }
  }
}

const missing = (key: string | number): string => (typeof key === 'number' ? oneEntry : `required key [${key}] not found. Add it.`);
const oneEntry = 'must have at least one entry. Add one.';

/** The node at a path, its key when it is in a map, and the place of the deepest thing on the way that exists. */
function locate(root: Node, path: Path): { node: Node | undefined; key: Place | undefined; place: Place; depth: number } {
  let node: Node | undefined = root;
  let key: Place | undefined;
  let place: Place = { ...root.place, end: root.place.start };
  let depth = 0;
  for (const part of path) {
    key = entriesOf(node).get(String(part))?.key;
    node = childOf(node, part);
    if (!node) break;
    place = key ?? node.place;
    depth++;
  }
  return { node, key, place, depth };
}

const isNotYet = (issue: Issue): boolean => issue.code === 'custom' && issue.params?.['notYet'] === true;

const parentOf = (path: readonly PropertyKey[]): string => JSON.stringify(path.slice(0, -1));

/** Of a union's failures, those of the form that the user meant. */
function narrow(issue: Issue, root: Node): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || isMissing(issue, root)) return [issue];
  const isHere = (inner: Issue): boolean => inner.path.length === issue.path.length;
  const isKind = (inner: Issue): boolean => isHere(inner) && ['invalid_type', 'invalid_value', 'invalid_union'].includes(inner.code);
  const branches = issue.errors.map((branch) => branch.flatMap((inner) => narrow({ ...inner, path: [...issue.path, ...inner.path] }, root)));

  const rightKind = branches.filter((branch) => !branch.some(isKind));
  // A map without the key that makes this form, but with others, is another form altogether.
  const isAnother = (branch: Issue[]): boolean => branch.some((inner) => isHere(inner) && inner.code === 'unrecognized_keys') && branch.some((inner) => isMissing(inner, root));
  const meant = rightKind.filter((branch) => !isAnother(branch));
  const best = (meant.length > 0 || issue.message !== '' ? meant : rightKind).sort((a, b) => a.length - b.length)[0];
  if (best) return best;
  if (issue.message !== '') return [issue];

  // None of the forms: "must be A" and "must be B" become one sentence.
  const parts = branches.flatMap((branch) => branch.filter(isKind)).map(({ message }) => /^must be (.*?)(, is .*)$/s.exec(message));
  const expected = new Set(parts.map((part) => part?.[1] ?? 'something else'));
  return [{ ...issue, errors: [], message: `must be ${[...expected].join(' or ')}${parts[0]?.[2] ?? ''}` }];
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
      permitted.set(
        issue.keys as string[],
        Object.keys(shape).filter((key) => shape[key]!.description !== notSupportedYet),
      );
      return '';
    }
    case 'invalid_type': {
      if (issue.input === undefined) return '';
      const { words, remedy } = expectations[issue.expected as string] ?? { words: String(issue.expected), remedy: 'Correct it.' };
      return `must be ${words}, is ${shown(issue.input)}. ${issue.input === null ? 'Write it, or remove the key.' : remedy}`;
    }
    case 'invalid_value':
      return `must be one of ${(issue.values as unknown[]).join(', ')}, is ${shown(issue.input)}. Write one of them.`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty. Write a text, or remove the key.' : oneEntry;
    case 'invalid_union':
      return '';
    case 'invalid_key':
      return `the name of a variable must not be empty or hold "=", is ${shown(issue.input)}. Correct it.`;
    default:
      return `does not have the right form, is ${shown(issue.input)}. Correct it.`;
  }
}
