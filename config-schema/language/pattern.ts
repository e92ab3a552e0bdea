// Does a text match a regular expression of the config?

import { RE2JS } from 're2js';

/** Longer texts are not looked at: the time that matching takes grows with text times pattern. */
export const longestMatchedText = 65_536;
export const longestPattern = 1024;

const compiled = new Map<string, Pattern | undefined>();

export type Pattern = {
  /** The whole text, as the operator `matches` of expressions and filters want it. */
  matchesAll(text: string): boolean;
  /** Somewhere in the text, as the logic statement `matches` wants it. */
  matchesIn(text: string): boolean;
};

/** RE2's dialect: no lookaround, no backreference, and time that is linear in the text. Undefined when the pattern is not one. */
export function compilePattern(source: string): Pattern | undefined {
  if (compiled.has(source)) return compiled.get(source);
  if (compiled.size >= 1000) compiled.clear();
  const pattern = compile(source);
  compiled.set(source, pattern);
  return pattern;
}

export const invalidPattern = (source: string): string =>
  `Invalid regular expression: ${source.length > 60 ? `${source.slice(0, 60)}…` : source}: Invalid pattern. Patterns are RE2's and have at most ${longestPattern} characters: write it without lookarounds such as (?!…) and without backreferences.`;

function compile(source: string): Pattern | undefined {
  if (source.length > longestPattern) return undefined;
  try {
    const regex = RE2JS.compile(source);
    return {
      matchesAll: (text) => regex.testExact(text),
      matchesIn: (text) => regex.test(text),
    };
  } catch {
    // The library tells a pattern that it does not know by throwing, and one that is nested too deeply by the end of its stack.
    return undefined;
  }
}
