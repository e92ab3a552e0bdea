// Which pipeline parameters follow from the paths that have changed? The mapping of the orb circleci/path-filtering: a line says REGEX PARAMETER VALUE [CONFIG].

import type { ParameterValues } from './continuation.ts';

export type Mapping = { pattern: RegExp; parameter: string; value: string | number | boolean; config: string | null };

/** Empty lines and those that begin with `#` say nothing. Throws a sentence for a line that cannot be read. */
export function readMapping(text: string): Mapping[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim();
    return words === '' || words.startsWith('#') ? [] : [readLine(words, index + 1)];
  });
}

function readLine(words: string, number: number): Mapping {
  const wrong = (what: string): Error => new Error(`line ${number} of the mapping, \`${words}\`, ${what}`);
  // A value may be a text in quotes, with blanks in it.
  const [, regex, parameter, json, config = null] = /^(\S+)\s+(\S+)\s+("(?:[^"\\]|\\.)*"|\S+)(?:\s+(\S+))?$/.exec(words) ?? [];
  if (regex === undefined || parameter === undefined || json === undefined) throw wrong('is not REGEX PARAMETER VALUE [CONFIG]');
  return { pattern: patternOf(regex, wrong), parameter, value: valueOf(json, wrong), config };
}

function patternOf(regex: string, wrong: (what: string) => Error): RegExp {
  try {
    return new RegExp(`^(?:${regex})$`, 's');
  } catch (error) {
    throw wrong(`has no regular expression: ${(error as Error).message}`);
  }
}

function valueOf(json: string, wrong: (what: string) => Error): Mapping['value'] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw wrong(`has a value that is not JSON: ${json}. Write true, false, a number, or a text in double quotes`);
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw wrong('has a value that no parameter can have. Write true, false, a number, or a text in double quotes');
  return value;
}

/** Patterns match a whole path. Of two lines that set one parameter the later counts. `configs` are in the order of their lines, each once. */
export function parametersFor(mappings: readonly Mapping[], changed: readonly string[]): { parameters: ParameterValues; configs: string[] } {
  const matching = mappings.filter(({ pattern }) => changed.some((path) => pattern.test(path)));
  return {
    parameters: Object.fromEntries(matching.map(({ parameter, value }) => [parameter, value])),
    configs: [...new Set(matching.flatMap(({ config }) => config ?? []))],
  };
}
