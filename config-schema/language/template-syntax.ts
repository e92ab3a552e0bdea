// What does a text say between its `<<` and `>>`?

import { namesOf, parseExpression } from './expression-syntax.ts';
import type { Expression } from './expression-syntax.ts';

/** `nth` says which `<<` of the text it is, from 0, escaped ones counted, so that it can be found again in the source. */
export type Part = string | Tag | Section;
export type Tag = { kind: 'tag'; body: string; expression: Expression; nth: number };
export type Section = { kind: 'section'; name: string; inverted: boolean; parts: Part[]; nth: number };

/** `names`: all that the text mentions, in its order, sections included. */
export type Template = { kind: 'template'; parts: Part[]; names: { name: string; nth: number }[] } | TemplateFault;
export type TemplateFault = { kind: 'fault'; sentence: string; nth: number };

const limits = { bodyCharacters: 2048, depth: 100, rememberedCharacters: 4_000_000 };

const remembered = new Map<string, Template>();
let rememberedCharacters = 0;

/**
 * `\<<` is a literal `<<`; of two and more backslashes one goes, and the tag is real. A lone `>>` is text.
 * A section tag that is alone on its line takes the whole line with it, as in Mustache. The first fault is the one that is told.
 */
export function parseTemplate(text: string): Template {
  const known = remembered.get(text);
  if (known) return known;
  if ((rememberedCharacters += text.length) > limits.rememberedCharacters) {
    remembered.clear();
    rememberedCharacters = text.length;
  }
  const template = parse(text);
  remembered.set(text, template);
  return template;
}

/** Whether there is a real tag, or the beginning of one, in the text. */
export function hasTags(text: string): boolean {
  for (let at = text.indexOf('<<'); at >= 0; at = text.indexOf('<<', at + 2)) if (text[at - 1] !== '\\' || text[at - 2] === '\\') return true;
  return false;
}

type Open = { section: Section; inside: Part[] };

function parse(text: string): Template {
  const top: Part[] = [];
  const names: { name: string; nth: number }[] = [];
  const open: Open[] = [];
  let parts = top;
  let run = '';
  let at = 0;
  let nth = -1;
  const nextClose = finder(text, '>>');
  const flush = (): void => {
    if (run !== '') parts.push(run);
    run = '';
  };
  const fault = (sentence: string, of = nth): TemplateFault => ({ kind: 'fault', sentence, nth: of });

  for (let start = text.indexOf('<<'); start >= 0; start = text.indexOf('<<', at)) {
    nth++;
    const backslashes = countBackslashes(text, at, start);
    if (backslashes > 0) {
      run += text.slice(at, start - 1);
      at = start;
      if (backslashes === 1) {
        run += '<<';
        at += 2;
        continue;
      }
    }
    const sigil = '#^/'.includes(text[start + 2] ?? ' ') ? text[start + 2]! : '';
    const bodyStart = start + 2 + sigil.length;
    const bodyEnd = nextClose(bodyStart);
    const nested = text.indexOf('<<', bodyStart);
    if (bodyEnd < 0 || (nested >= 0 && nested < bodyEnd)) return fault(unclosed(text));
    const body = text.slice(bodyStart, bodyEnd);
    const end = bodyEnd + 2;

    if (sigil === '') {
      const parsed = parseBody(body);
      if ('sentence' in parsed) return fault(parsed.sentence);
      run += text.slice(at, start);
      flush();
      parts.push({ kind: 'tag', body: body.trim(), expression: parsed.expression, nth });
      for (const name of parsed.names) names.push({ name, nth });
      at = end;
      continue;
    }

    const name = body.trim();
    if (!isName(name)) return fault(`Expected valid identifier after '<<${sigil}', found '${shorten(name)}'. A section takes one name: <<# parameters.x >>…<</ parameters.x >>.`);
    const line = lineAround(text, start, end);
    run += text.slice(at, line.start);
    flush();
    at = line.end;
    if (sigil === '/') {
      const closed = open.pop();
      if (closed?.section.name !== name)
        return fault(`Expected section end tag to match start tag, found <</ ${name} >>${closed ? ` where <</ ${closed.section.name} >> is due` : ' without a start tag'}. Close the section that was opened last.`);
      parts = open.at(-1)?.inside ?? top;
    } else {
      if (open.length === limits.depth) return fault(`sections are nested deeper than ${limits.depth} levels. Use fewer.`);
      const section: Section = { kind: 'section', name, inverted: sigil === '^', parts: [], nth };
      names.push({ name, nth });
      parts.push(section);
      open.push({ section, inside: (parts = section.parts) });
    }
  }
  const left = open.at(-1);
  if (left) return fault(`Unclosed section, expected '<</'. Write <</ ${left.section.name} >> where the section ends.`, left.section.nth);
  run += text.slice(at);
  flush();
  return { kind: 'template', parts, names };
}

/** The place of the next `what` from an offset on, for offsets that only grow: the text is gone through once. */
function finder(text: string, what: string): (from: number) => number {
  let at = -1;
  let none = false;
  return (from) => {
    if (!none && at < from) none = (at = text.indexOf(what, from)) < 0;
    return none ? -1 : at;
  };
}

function countBackslashes(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && text[at - 1] === '\\') at--;
  return end - at;
}

/** The whole line with its end when nothing but blanks stands beside the tag, else the tag alone. */
function lineAround(text: string, start: number, end: number): { start: number; end: number } {
  let [before, behind] = [start, end];
  while (before > 0 && isBlank(text[before - 1])) before--;
  while (isBlank(text[behind])) behind++;
  if (text.startsWith('\r\n', behind)) behind++;
  const alone = (before === 0 || text[before - 1] === '\n') && (behind === text.length || text[behind] === '\n');
  return alone ? { start: before, end: Math.min(behind + 1, text.length) } : { start, end };
}

const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t';

/** Lax as the original is, also about names of parameters that no expression can hold, such as `a:b`. */
const isName = (text: string): boolean => /^[\w-]+(?:\.\S+)?$/.test(text);

function parseBody(body: string): { expression: Expression; names: string[] } | { sentence: string } {
  if (body.length > limits.bodyCharacters && [...body].length > limits.bodyCharacters)
    return { sentence: `Expressions must be less than ${limits.bodyCharacters} characters, this one is ${[...body].length}. Shorten it.` };
  const trimmed = body.trim();
  if (trimmed === '') return { sentence: "Expected expression after '<<'. Write a name such as << pipeline.git.branch >>; a << that is meant as text is escaped as '\\<<' in config v2.1+." };
  if (/^include\(/.test(trimmed)) return { sentence: `<< ${shorten(trimmed)} >> is understood only when an orb is packed. Write what the file holds.` };
  const parsed = parseExpression(body);
  if ('expression' in parsed) return { expression: parsed.expression, names: namesOf(parsed.expression) };
  if (parsed.foreign && isName(trimmed)) return { expression: { kind: 'name', name: trimmed }, names: [trimmed] };
  return { sentence: `In << ${shorten(trimmed)} >>: ${parsed.fault} A << that is meant as text is escaped as '\\<<' in config v2.1+.` };
}

const unclosed = (text: string): string => `Unclosed '<<' tag in string: '${shorten(text)}' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it, or >> behind the tag.`;

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text).replaceAll('\n', ' ');
