// What does a text say with its variables filled in? As `circleci env subst` does: $A, ${A}, ${A:-other} and its kin, $$ for a dollar.

import { Refused } from '../refused.ts';

type Variables = Record<string, string | undefined>;

/** A variable that is not set is empty. A dollar before anything else stays. */
export function expandVariables(text: string, env: Variables): string {
  const { expanded } = expand(text, 0, env, false);
  return expanded;
}

const name = /[\p{L}\p{Nd}_]+/uy;
const operator = /:?[-+=]/y;

/** From `start` to the end, or to the brace that closes the one around it; `end` is behind it. */
function expand(text: string, start: number, env: Variables, isInBraces: boolean): { expanded: string; end: number } {
  let expanded = '';
  let at = start;
  while (at < text.length) {
    if (isInBraces && text[at] === '}') return { expanded, end: at + 1 };
    if (text[at] !== '$') {
      expanded += text[at++];
      continue;
    }
    const next = text[at + 1];
    if (next === '$') {
      expanded += '$';
      at += 2;
    } else if (next === '{') {
      const braces = expandBraces(text, at, env);
      expanded += braces.expanded;
      at = braces.end;
    } else {
      const variable = match(name, text, at + 1);
      // The original's exception: $_ is left alone.
      expanded += variable === '' || variable === '_' ? `$${variable}` : (env[variable] ?? '');
      at += 1 + variable.length;
    }
  }
  if (isInBraces) throw new Refused('env subst: a `${` is not closed by `}`.');
  return { expanded, end: at };
}

function expandBraces(text: string, start: number, env: Variables): { expanded: string; end: number } {
  const variable = match(name, text, start + 2);
  const sign = match(operator, text, start + 2 + variable.length);
  const other = expand(text, start + 2 + variable.length + sign.length, env, true);
  if (variable === '' || (sign === '' && other.end !== start + 3 + variable.length)) throw new Refused(`env subst: \`${text.slice(start, other.end)}\` is not understood; \${A}, \${A:-other} and \${A:+other} are.`);
  const value = env[variable];
  const isThere = value !== undefined && (value !== '' || !sign.startsWith(':'));
  const isAlternative = sign.endsWith('+');
  if (sign === '') return { expanded: value ?? '', end: other.end };
  return { expanded: isThere === isAlternative ? other.expanded : isAlternative ? '' : (value ?? ''), end: other.end };
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
