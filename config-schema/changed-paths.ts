// Which pipeline parameters follow from the paths that have changed? The mapping of the orb circleci/path-filtering: a line says REGEX PARAMETER VALUE [CONFIG], or REGEX CONFIG.

import type { ParameterValues } from './continuation.ts';

/** `set`: null when the line only names a config. */
export type Mapping = { pattern: RegExp; set: { parameter: string; value: string | number | boolean } | null; config: string | null };

/** Empty lines and those that begin with `#` say nothing. Throws a sentence for a line that cannot be read. */
export function readMapping(text: string): Mapping[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim();
    return words === '' || words.startsWith('#') ? [] : [readLine(words, index + 1)];
  });
}

function readLine(words: string, number: number): Mapping {
  const wrong = (what: string): Error => new Error(`line ${number} of the mapping, \`${words}\`, ${what}`);
  const [, onlyRegex, onlyConfig] = /^(\S+)\s+(\S+\.ya?ml)$/.exec(words) ?? [];
  if (onlyRegex !== undefined && onlyConfig !== undefined) return { pattern: patternOf(onlyRegex, wrong), set: null, config: onlyConfig };
  // A value may be a text in quotes, with blanks in it.
  const [, regex, parameter, value, config = null] = /^(\S+)\s+(\S+)\s+("(?:[^"\\]|\\.)*"|\S+)(?:\s+(\S+))?$/.exec(words) ?? [];
  if (regex === undefined || parameter === undefined || value === undefined) throw wrong('is not REGEX PARAMETER VALUE [CONFIG]');
  return { pattern: patternOf(regex, wrong), set: { parameter, value: valueOf(value, wrong) }, config };
}

/** Paths that count as unchanged: a regular expression a line, for a whole path. */
export function readExclude(text: string): RegExp[] {
  return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [patternOf(line.trim(), (what) => new Error(`line ${index + 1} of the exclusions, \`${line.trim()}\`, ${what}`))]));
}

function patternOf(regex: string, wrong: (what: string) => Error): RegExp {
  try {
    return new RegExp(`^(?:${regex})$`, 's');
  } catch (error) {
    throw wrong(`has no regular expression: ${(error as Error).message}`);
  }
}

/** JSON; what is none is a text. */
function valueOf(text: string, wrong: (what: string) => Error): string | number | boolean {
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {}
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw wrong('has a value that no parameter can have. Write true, false, a number or a text');
  return value;
}

/** Patterns match a whole path. Of two lines that set one parameter the later counts. `configs` are in the order of their lines, each once. */
export function parametersFor(mappings: readonly Mapping[], changed: readonly string[]): { parameters: ParameterValues; configs: string[] } {
  const matching = mappings.filter(({ pattern }) => changed.some((path) => pattern.test(path)));
  return {
    parameters: Object.fromEntries(matching.flatMap(({ set }) => (set === null ? [] : [[set.parameter, set.value]]))),
    configs: [...new Set(matching.flatMap(({ config }) => config ?? []))],
  };
}
