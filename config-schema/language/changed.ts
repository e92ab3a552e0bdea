// Has a path changed that these patterns mean?

import { compileGlob, shorten } from './glob.ts';
import { isUnknown, unbound } from './node.ts';
import type { Node } from './node.ts';
import type { Problems } from './problems.ts';

/** Every path that the commit has changed, from the top of the repository; of a renamed file both. `unknown`: why nobody can tell, as a phrase. */
export type ChangedPaths = { paths: readonly string[] } | { unknown: string };

/** The changed paths, as one compile asks for them. */
export type Changes = {
  known: ChangedPaths;
  /** What each question came to, in words, in the order in which they were asked. */
  answers: string[];
  /** By the patterns: a config may ask the same many times. */
  asked: Map<string, Found>;
  /** So many patterns may be looked at yet. */
  left: number;
};

/** The first path that the patterns mean; or what is wrong with each of them. */
type Found = { path: string | undefined } | { faults: (string | undefined)[] };

/** Together with the length of patterns and paths this bounds the time that asking takes. */
const mostPatterns = 500;
const mostInOne = 100;
/** Of all changed paths together; more are taken for unknown. */
export const mostCharacters = 50_000;

export const changesOf = (known: ChangedPaths = { unknown: 'nobody has said it' }): Changes => ({ known, answers: [], asked: new Map(), left: mostPatterns });

export const noPatterns = 'changed has no patterns. Write at least one: changed: [docs/**].';
export const notPatterns = 'changed takes patterns of paths, which are texts. Put it in quotes, or write one such as docs/**.';

/** `rendered`: a value with its tags filled in. */
export type Asking = { rendered: (node: Node) => Node; problems: Problems; changes: Changes };

/** Where the paths are unknown this is true, as if every path had changed. What is wrong in the patterns is reported, and is false. */
export function hasChanged(value: Node, { rendered, problems, changes }: Asking): boolean {
  const { known, answers } = changes;
  const list = value.kind === 'list' ? value : unbound(rendered(value));
  const items = list.kind === 'list' ? list.items : [list];
  const patterns = items.slice(0, mostInOne + 1).map((item) => textOf(rendered(item)));
  const found = find(patterns, changes);
  if (typeof found === 'string') return wrong(value, found);
  if ('faults' in found) {
    for (const [index, fault] of found.faults.entries()) if (fault !== undefined && !isUnknown(rendered(items[index]!))) wrong(items[index]!, fault);
    return false;
  }
  if ('unknown' in known) {
    if (answers.length === 0) problems.warn(value.place, `which paths have changed is not known: ${known.unknown}. All count as changed, so \`changed\` is true here and elsewhere.`);
    answers.push('which paths have changed is not known, and all count');
    return true;
  }
  const { paths: { length } } = known;
  answers.push(found.path !== undefined ? `${shown(found.path)} has changed` : length === 0 ? 'no path has changed' : length === 1 ? 'the one changed path does not match' : `none of the ${length} changed paths matches`);
  return found.path !== undefined;

  function wrong({ place }: Node, sentence: string): false {
    problems.error(place, sentence);
    return false;
  }
}

/** null: it is none. A pattern without quotes that begins with `!` is a tag to YAML, and nothing follows it. */
function textOf(node: Node): string | null {
  const text = unbound(node);
  if (text.kind !== 'scalar') return null;
  return text.value === null ? '' : typeof text.value === 'string' ? text.value : null;
}

/** A sentence: on what is wrong with all of it. */
function find(patterns: readonly (string | null)[], changes: Changes): Found | string {
  if (patterns.length === 0) return noPatterns;
  if (patterns.length > mostInOne) return `changed has at most ${mostInOne} patterns. Use fewer, with **, * or {a,b}.`;
  if (patterns.every((pattern) => pattern?.startsWith('!'))) return 'every pattern of changed begins with !, so that nothing can match. Write before them what they take something out of: ["**", "!docs/**"].';
  const key = JSON.stringify(patterns);
  let found = changes.asked.get(key);
  if (!found) {
    if (changes.left < patterns.length) return `the conditions of one config look at no more than ${mostPatterns} patterns of paths. Use fewer, with **, * or {a,b}.`;
    changes.left -= patterns.length;
    changes.asked.set(key, (found = look(patterns, changes.known)));
  }
  return found;
}

function look(patterns: readonly (string | null)[], known: ChangedPaths): Found {
  const read = patterns.map((pattern) => (pattern === null ? { problem: notPatterns } : compileGlob(pattern.replace(/^!/, ''))));
  const globs = read.flatMap((glob, index) => ('matches' in glob ? [{ glob, takesIn: !patterns[index]!.startsWith('!') }] : []));
  if (globs.length < read.length) return { faults: read.map((glob) => ('problem' in glob ? glob.problem : undefined)) };
  const paths = 'paths' in known ? known.paths : [];
  // The last that matches has the say.
  return { path: paths.find((path) => globs.findLast(({ glob }) => glob.matches(path))?.takesIn) };
}

/** A file may have any name. */
const shown = (path: string): string => shorten(path.replace(/\p{C}/gu, '\ufffd'));
