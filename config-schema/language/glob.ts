// Does a path match a glob of the config?

import { RE2JS } from 're2js';

export const longestGlob = 256;
/** Each multiplies what has to be tried. */
const mostStars = 10;

export type Glob = { matches(path: string): boolean };

/**
 * The whole path must match, from the top of the repository. `*` and `?` stand for characters of one name, `**` as a whole name for any number
 * of folders, `[a-z]` for one character, `{a,b}` for one of several; `\` takes the meaning from the next character. Names that begin with a
 * dot are names like others. Time is linear in the path: it is a pattern of RE2 that is matched.
 */
export function compileGlob(glob: string): Glob | { problem: string } {
  if (glob === '') return { problem: 'a pattern is empty. Put one that begins with ! or * into quotes: "!docs/**"; or remove it.' };
  if (glob.length > longestGlob) return { problem: `a pattern has at most ${longestGlob} characters, ${shorten(glob)} has ${glob.length}. Shorten it, with * or **.` };
  if (glob.split(/\*+/).length - 1 > mostStars) return { problem: `a pattern has at most ${mostStars} stars, ${shorten(glob)} has more. Write several patterns.` };
  const [, beginning] = /^((?:\.{0,2}\/)+)/.exec(glob) ?? [];
  if (beginning !== undefined) return { problem: `paths begin at the top of the repository, without ${beginning}, so ${shorten(glob)} matches none. Write ${shorten(glob.slice(beginning.length) || '**')}.` };
  if (glob.endsWith('/')) return { problem: `${shorten(glob)} is a folder, and the paths are those of files. Write ${shorten(glob)}**.` };
  const regex = toRegex(glob);
  if (typeof regex !== 'string') return { problem: `${shorten(glob)} is no glob: ${regex.fault}` };
  try {
    const compiled = RE2JS.compile(regex);
    return { matches: (path) => compiled.testExact(path) };
  } catch {
    // Such as a class whose range runs backwards.
    return { problem: `${shorten(glob)} is no glob. Write \\ before a character that means itself, such as \\[.` };
  }
}

function toRegex(glob: string): string | { fault: string } {
  let regex = '(?s)';
  let open = 0;
  const ends = (sign: string | undefined, signs: string): boolean => sign === undefined || sign === '/' || (open > 0 && signs.includes(sign));
  for (let at = 0; at < glob.length; ) {
    const [token] = /\\[^]|\[[!^]?\]?[^\]]*\]|\*+|[^]/uy.exec(glob.slice(at))!;
    const [before, after] = [glob[at - 1], glob[at + token.length]];
    at += token.length;
    if (token === '\\') return { fault: 'it ends with a \\. Remove it.' };
    if (token === '[') return { fault: 'it has a [ without a ]. Write \\[ for the character.' };
    if (token.startsWith('**') && ends(before, '{,') && ends(after, ',}')) {
      regex += after === '/' ? '(?:[^/]+/)*' : '.+';
      if (after === '/') at += 1;
    } else if (token.startsWith('*')) regex += '[^/]*';
    else if (token === '?') regex += '[^/]';
    else if (token.startsWith('[')) regex += classOf(token.slice(1, -1));
    else if (token === '{') {
      open += 1;
      regex += '(?:';
    } else if (open > 0 && token === '}') {
      open -= 1;
      regex += ')';
    } else if (open > 0 && token === ',') regex += '|';
    else regex += literal(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
  }
  return open > 0 ? { fault: 'it has a { without a }. Write \\{ for the character.' } : regex;
}

function classOf(content: string): string {
  const not = /^[!^]/.test(content);
  return `[${not ? '^/' : ''}${(not ? content.slice(1) : content).replace(/[\\[\]^&~]/g, '\\$&')}]`;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

export const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
