// What does the text of an expression say?

import { compilePattern, invalidPattern } from './pattern.ts';
import type { Pattern } from './pattern.ts';

export type Expression =
  | { kind: 'literal'; value: string | bigint | boolean }
  | PatternExpression
  | { kind: 'name'; name: string }
  | { kind: 'not'; operand: Expression }
  /** Operators of one strength stand in a list, so that a long chain is no deep tree. */
  | { kind: 'and' | 'or'; operands: Expression[] }
  | { kind: 'chain'; first: Expression; rest: { operator: Operator; operand: Expression }[] };

export type PatternExpression = { kind: 'pattern'; source: string; pattern: Pattern };

export type Operator = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'starts-with' | 'contains' | 'matches';

/** `at`: the offset in the text. `foreign`: the text has a character that the language does not know, so it may be no expression at all. */
export type ExpressionFault = { fault: string; at: number; foreign?: true };

const limits = { depth: 100, patternCharacters: 256, number: 2n ** 63n - 1n };

/**
 * From weak to strong: or; and; == != starts-with contains matches; < > <= >=; not. All of them group from the left.
 * A pure function of the text, linear in its length.
 */
export function parseExpression(text: string): { expression: Expression } | ExpressionFault {
  try {
    return { expression: parse(scan(text), text) };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return { fault: thrown.message, at: thrown.at, ...(thrown.foreign && { foreign: true }) };
  }
}

/** Every name that stands in the expression, also where evaluation would not come. */
export function namesOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'name':
      return [expression.name];
    case 'not':
      return namesOf(expression.operand);
    case 'and':
    case 'or':
      return expression.operands.flatMap(namesOf);
    case 'chain':
      return [expression.first, ...expression.rest.map(({ operand }) => operand)].flatMap(namesOf);
    case 'literal':
    case 'pattern':
      return [];
  }
}

/** Thrown only to leave the descent at once; never leaves this file. */
class Fault extends Error {
  readonly at: number;
  readonly foreign: boolean;
  constructor(message: string, at: number, foreign = false) {
    super(message);
    this.at = at;
    this.foreign = foreign;
  }
}

type Token = { is: string; at: number; value?: Expression };

const words = new Map(['and', 'or', 'not', 'true', 'false'].flatMap((word) => [[word, word], [word.toUpperCase(), word]]));
const equalities = new Set<string>(['==', '!=', 'starts-with', 'contains', 'matches']);
const comparisons = new Set<string>(['<', '>', '<=', '>=']);

const blank = /[ \t\r\n]+/y;
const name = /[A-Za-z][A-Za-z0-9_?-]*(?:\.[A-Za-z0-9_?-]+)*/y;
const digits = /[0-9]+/y;
const symbol = /==|!=|<=|>=|[<>!()]/y;

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (regex: RegExp): string | undefined => {
    regex.lastIndex = at;
    return regex.exec(text)?.[0];
  };
  while (at < text.length) {
    let found: string | undefined;
    if ((found = take(blank))) {
      // Nothing to keep.
    } else if ((found = take(name))) tokens.push(wordToken(found, at));
    else if ((found = take(digits))) tokens.push({ is: 'value', at, value: { kind: 'literal', value: numberOf(found, at) } });
    else if ((found = take(symbol))) tokens.push({ is: found === '!' ? 'not' : found, at });
    else if (text[at] === '"') {
      const { end, value } = scanString(text, at);
      tokens.push({ is: 'value', at, value: { kind: 'literal', value } });
      found = text.slice(at, end);
    } else if (text[at] === '/') {
      const { end, source } = scanPattern(text, at);
      tokens.push({ is: 'value', at, value: patternOf(source, at) });
      found = text.slice(at, end);
    } else throw unknownCharacter(text, at);
    at += found.length;
  }
  tokens.push({ is: 'end', at });
  return tokens;
}

function wordToken(text: string, at: number): Token {
  const word = words.get(text);
  if (word === 'true' || word === 'false') return { is: 'value', at, value: { kind: 'literal', value: word === 'true' } };
  if (word) return { is: word, at };
  return equalities.has(text) ? { is: text, at } : { is: 'value', at, value: { kind: 'name', name: text } };
}

function numberOf(text: string, at: number): bigint {
  const number = BigInt(text);
  if (number > limits.number) throw new Fault('Invalid numeric literal, numbers can range from 0 to 2^63 - 1. Write a smaller one, or put it in double quotes.', at);
  return number;
}

function scanString(text: string, start: number): { end: number; value: string } {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { end: at + 1, value };
    // A backslash before anything else is itself.
    if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at++;
    value += text[at];
  }
  throw new Fault('Unterminated string. Close it with a double quote; one inside it is written \\".', start);
}

function scanPattern(text: string, start: number): { end: number; source: string } {
  let source = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '/') return { end: at + 1, source };
    if (text.charCodeAt(at) > 0xff || (text[at] === '\\' && (text[at + 1] === 'u' || text[at + 1] === 'x')))
      throw new Fault('Invalid pattern character, only ASCII and Latin-1 are allowed in patterns, and no \\u or \\x. Write a dot for it.', at);
    if (text[at] === '\\' && text[at + 1] === '/') at++;
    source += text[at];
  }
  throw new Fault('Unterminated pattern. Close it with a slash; one inside it is written \\/.', start);
}

function patternOf(source: string, at: number): PatternExpression {
  if (source.length > limits.patternCharacters) throw new Fault(`Pattern length exceeded, limit is ${limits.patternCharacters} characters. Shorten it.`, at);
  const pattern = compilePattern(source);
  if (!pattern) throw new Fault(invalidPattern(source), at);
  return { kind: 'pattern', source, pattern };
}

function unknownCharacter(text: string, at: number): Fault {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  if (character === '=') return new Fault(`Incomplete token, expected "==", found "=". Write == to compare.`, at);
  const remedies: Record<string, string> = { '&': 'Write and', '|': 'Write or', "'": 'Put texts in double quotes', '-': 'There are no negative numbers', '.': 'Single dots join the parts of a name' };
  return new Fault(`Unexpected character '${character}'. ${remedies[character] ?? 'Put texts in double quotes'}.`, at, true);
}

function parse(tokens: Token[], text: string): Expression {
  let next = 0;
  let depth = 0;
  const peek = (): Token => tokens[next]!;
  const has = (is: string): boolean => peek().is === is && ++next > 0;
  const found = (token: Token): string => {
    const lexeme = text.slice(token.at, tokens[tokens.indexOf(token) + 1]?.at).trim();
    return token.is === 'end' ? 'the end' : `"${lexeme.length > 40 ? `${lexeme.slice(0, 40)}…` : lexeme}"`;
  };
  const deeper = <T>(inside: () => T): T => {
    if (++depth > limits.depth) throw new Fault(`the expression is nested deeper than ${limits.depth} levels. Use fewer parentheses and fewer not.`, peek().at);
    const result = inside();
    depth--;
    return result;
  };

  const listOf = (kind: 'and' | 'or', operand: () => Expression) => (): Expression => {
    const operands = [operand()];
    while (has(kind)) operands.push(operand());
    return operands.length === 1 ? operands[0]! : { kind, operands };
  };
  const chainOf = (operators: ReadonlySet<string>, operand: () => Expression) => (): Expression => {
    const first = operand();
    const rest: { operator: Operator; operand: Expression }[] = [];
    while (operators.has(peek().is)) rest.push({ operator: tokens[next++]!.is as Operator, operand: operand() });
    return rest.length === 0 ? first : { kind: 'chain', first, rest };
  };
  const unary = (): Expression => (has('not') ? { kind: 'not', operand: deeper(unary) } : primary());
  const primary = (): Expression => {
    const token = peek();
    if (has('(')) {
      const expression = deeper(whole);
      if (!has(')')) throw new Fault(`Expected ')' after expression, found ${found(peek())}. Close the parenthesis.`, peek().at);
      return expression;
    }
    if (!token.value) throw new Fault(`Expected expression, found ${found(token)}. Write a name, a number, or a text in double quotes there.`, token.at);
    next++;
    return token.value;
  };
  const whole = listOf('or', listOf('and', chainOf(equalities, chainOf(comparisons, unary))));

  const expression = whole();
  const left = peek();
  if (left.is === 'end') return expression;
  const follower = tokens[next + 1];
  if (left.value?.kind === 'name' && (follower?.value || follower?.is === '(' || follower?.is === 'not'))
    throw new Fault(`Unknown infix function ${found(left)}. The operators are == != < > <= >= starts-with contains matches and or.`, left.at);
  throw new Fault(`Unexpected additional input, found ${found(left)}. Join expressions with and, or.`, left.at);
}
