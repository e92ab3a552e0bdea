// Which names does a pattern of Go's filepath.Match match? As persist_to_workspace has them: one part of a path at a time.

/** Thrown for a pattern without meaning: a bracket that is not closed, a backslash before nothing. */
export class BadPattern extends Error {
  constructor(pattern: string) {
    super(`The path ${pattern} is no pattern: a bracket is not closed, or a backslash stands before nothing.`);
  }
}

export const isPattern = (text: string): boolean => /[*?[\\]/.test(text);

/** `*` any characters, `?` one, `[a-z]` and `[^a-z]` one of these, `\` takes the next one as it is. Dots are like any other. */
export function goPattern(text: string): (name: string) => boolean {
  let source = '';
  const characters = [...text];
  const literal = (): string => {
    const next = characters.shift();
    if (next === undefined) throw new BadPattern(text);
    return next;
  };
  while (characters.length > 0) {
    const next = literal();
    if (next === '*') source += '.*';
    else if (next === '?') source += '.';
    else if (next === '[') source += set(text, characters, literal);
    else source += escaped(next === '\\' ? literal() : next);
  }
  const expression = new RegExp(`^${source}$`, 'su');
  return (name) => expression.test(name);
}

function set(text: string, characters: string[], literal: () => string): string {
  const isNegated = characters[0] === '^';
  if (isNegated) characters.shift();
  const one = (): string => {
    const next = literal();
    if (next === '-' || next === ']') throw new BadPattern(text);
    return next === '\\' ? literal() : next;
  };
  const ranges: string[] = [];
  do {
    const low = one();
    const isRange = characters[0] === '-';
    if (isRange) characters.shift();
    const high = isRange ? one() : low;
    // Go takes a range that runs backwards for an empty one.
    if (low.codePointAt(0)! <= high.codePointAt(0)!) ranges.push(`${escaped(low)}-${escaped(high)}`);
  } while (characters[0] !== ']');
  characters.shift();
  return ranges.length === 0 ? (isNegated ? '.' : '[]') : `[${isNegated ? '^' : ''}${ranges.join('')}]`;
}

const escaped = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;
