// Does a condition hold?

import { changesOf, hasChanged } from './changed.ts';
import type { Asking } from './changed.ts';
import { scalarAt, unbound } from './node.ts';
import type { MapNode, Node, Place } from './node.ts';
import type { Problems } from './problems.ts';
import { evaluate, holdsInExpression, isTruthy, namesOf, parseExpression } from './expression.ts';
import type { Variables } from './expression.ts';
import { compilePattern, invalidPattern, longestMatchedText } from './pattern.ts';
import { isRendered, render } from './template.ts';
import { parseTemplate } from './template-syntax.ts';

const deepest = 100;

/** Of a logic statement that is rendered already; what is wrong in it is reported, and does not hold. */
export const holds = (node: Node, problems: Problems, changes = changesOf()): boolean => decide(node, { rendered: (leaf) => leaf, problems, changes });

/** Of a `when` or `unless` step, as it is written. A bare word is a text, and a text that is not empty holds. */
export function stepCondition(node: Node, variables: Variables, problems: Problems, changes = changesOf()): boolean {
  const text = writtenText(node);
  if (text === undefined) return decide(node, { rendered: renderer(variables, problems), problems, changes, variables });
  if (text.includes('<<')) return decideTemplate(node, text, variables, problems);
  const parsed = parseExpression(text);
  if ('expression' in parsed && isMeantAsExpression(namesOf(parsed.expression))) return decideExpression(text, node.place, 'condition', variables, problems);
  if (text !== '') problems.warn(node.place, `the condition is the text '${shorten(text)}', which always holds. Write true or false, << parameters.x >>, or a logic statement such as equal: [a, b].`);
  return text !== '';
}

/** Of a workflow, as it is written: a text without `<<` is an expression. */
export function workflowCondition(node: Node, variables: Variables, problems: Problems, changes = changesOf()): boolean {
  const text = writtenText(node);
  if (text === undefined) return decide(node, { rendered: renderer(variables, problems), problems, changes, variables });
  return text.includes('<<') ? decideTemplate(node, text, variables, problems) : decideExpression(text, node.place, 'condition', variables, problems);
}

/** Of a job's `filters` that are a text: an expression, whose tags are filled in before it is read. */
export function filterExpression(text: string, place: Place, variables: Variables, problems: Problems): boolean {
  const written = scalarAt(place, text);
  const rendered = unbound(render(written, variables, problems));
  if (rendered.kind === 'scalar' && typeof rendered.value === 'string') return decideExpression(rendered.value, place, 'filter', variables, problems);
  return isTruthy(rendered);
}

function decideTemplate(node: Node, text: string, variables: Variables, problems: Problems): boolean {
  const template = parseTemplate(text);
  // What stands inside a section may be absent; what stands beside a tag never is.
  if (template.kind === 'template' && template.parts.some((part) => typeof part === 'string'))
    problems.warn(node.place, `text stands beside the tag in '${shorten(text)}', so the condition is a text, and always holds. Write the comparison inside the tag, or a logic statement such as equal: [a, b].`);
  return isTruthy(render(node, variables, problems));
}

function decideExpression(text: string, place: Place, what: 'condition' | 'filter', variables: Variables, problems: Problems): boolean {
  const parsed = parseExpression(text);
  const result = 'fault' in parsed ? parsed : evaluate(parsed.expression, variables);
  if ('fault' in result) {
    problems.error(place, 'fault' in parsed ? `Invalid ${what} expression '${shorten(text)}': ${result.fault}` : result.fault);
    return false;
  }
  const held = holdsInExpression(result.value);
  if (held && !isTruthy(result.value)) problems.warn(place, `the ${what} expression gives an empty text or 0, which holds in an expression. Compare it, such as: x != "".`);
  return held;
}

/** Step conditions were texts before there were expressions: only one that speaks of variables is taken for an expression. */
const isMeantAsExpression = (names: string[]): boolean => names.length > 0 && names.every((name) => /^(?:parameters|pipeline|matrix)\./.test(name));

/** `rendered`: a value inside a logic statement, with its tags filled in. */
type Deciding = Asking & { variables?: Variables };

const renderer = (variables: Variables, problems: Problems) => (node: Node): Node => render(node, variables, problems);

function decide(node: Node, deciding: Deciding, depth = 0): boolean {
  const { rendered, problems } = deciding;
  if (depth > deepest) return wrong(problems, node, `the condition is nested deeper than ${deepest} levels. Simplify it.`);
  switch (node.kind) {
    case 'scalar':
      return isTruthy(rendered(node));
    case 'bound':
      // An executor that was handed in; it is no statement, whatever its keys.
      return isTruthy(node);
    case 'list':
      return wrong(problems, node, 'a list is no condition. Say how its entries are joined: and: [a, b], or: [a, b].');
    case 'map':
      return decideOperator(node, deciding, depth);
  }
}

function decideOperator(node: MapNode, deciding: Deciding, depth: number): boolean {
  const { rendered, problems } = deciding;
  const [entry, ...others] = node.entries;
  if (!entry || others.length > 0) {
    const found = entry ? `has ${node.entries.size} keys (${shorten([...node.entries.keys()].join(', '))})` : 'is empty';
    return wrong(problems, node, `a logic statement has exactly one of and, or, not, equal, matches, changed; this one ${found}. Nest them: and: [{equal: [a, b]}, {not: c}].`);
  }
  const [operator, { key, value }] = entry;
  switch (operator) {
    case 'and':
    case 'or': {
      // None is passed over: what is wrong in any of them is told.
      const results = argumentsOf(operator, value, deciding)?.map((argument) => decide(argument, deciding, depth + 1));
      return results !== undefined && (operator === 'and' ? results.every(Boolean) : results.some(Boolean));
    }
    case 'not':
      return !decide(value, deciding, depth + 1);
    case 'equal': {
      const values = argumentsOf(operator, value, deciding)?.map(rendered);
      return values !== undefined && allEqual(values, deciding.variables);
    }
    case 'matches':
      return decideMatches(value, deciding);
    case 'changed':
      return hasChanged(value, deciding);
    default:
      return wrong(problems, { place: key }, `there is no operator '${shorten(operator)}'. The operators are and, or, not, equal, matches, changed.`);
  }
}

/** Undefined, and reported, when there are none. */
function argumentsOf(operator: string, value: Node, { rendered, problems }: Deciding): readonly Node[] | undefined {
  const list = value.kind === 'list' ? value : unbound(rendered(value));
  if (list.kind === 'list' && list.items.length > 0) return list.items;
  wrong(problems, value, list.kind === 'list' ? `${operator} has no arguments. Write at least one: ${operator}: [a, b].` : `${operator} takes a list. Write ${operator}: [a, b].`);
  return undefined;
}

function decideMatches(value: Node, { rendered, problems }: Deciding): boolean {
  const map = unbound(value);
  const keys = map.kind === 'map' ? [...map.entries.keys()].sort() : [];
  if (map.kind !== 'map' || keys.join() !== 'pattern,value') return wrong(problems, value, 'matches takes a pattern and a value. Write matches: {pattern: "^main$", value: << pipeline.git.branch >>}.');
  const [patternNode, valueNode] = [map.entries.get('pattern')!.value, map.entries.get('value')!.value];
  const [patternText, text] = [rendered(patternNode), rendered(valueNode)].map((node) => textOrUnset(unbound(node)));
  if (patternText === undefined) return wrong(problems, patternNode, 'pattern must be a text. Put it in quotes.');
  if (text === undefined) return wrong(problems, valueNode, 'value must be a text for matches to look at. Compare numbers and booleans with equal: [a, b].');
  if (text.length > longestMatchedText) return wrong(problems, valueNode, `matches looks at texts of at most ${longestMatchedText} characters, this one has ${text.length}. Shorten it.`);
  const source = /^\/.*\/$/s.test(patternText) && patternText.length > 1 ? patternText.slice(1, -1) : patternText;
  const pattern = compilePattern(source);
  return pattern ? pattern.matchesIn(text) : wrong(problems, patternNode, invalidPattern(source));
}

/** A value that is not set, such as the branch of a tag's pipeline, is an empty text to a logic statement. */
const textOrUnset = (node: Node): string | undefined => (node.kind !== 'scalar' || (typeof node.value !== 'string' && node.value !== null) ? undefined : (node.value ?? ''));

function allEqual(values: Node[], variables: Variables | undefined): boolean {
  // An executor is known by its name, unless it is compared with what one consists of.
  const asMaps = values.some((value) => unbound(value).kind === 'map');
  const [first, ...others] = values.map((value) => unbound((asMaps && value.kind === 'bound' && variables?.executor?.(value)) || value));
  return others.every((other) => areEqual(first!, other));
}

/** By value and type; what is not set equals the empty text, as a lone tag of the branch did before there was such a thing as not set. */
function areEqual(a: Node, b: Node): boolean {
  [a, b] = [unbound(a), unbound(b)];
  if (a === b) return true;
  if (a.kind === 'scalar' && b.kind === 'scalar') return Object.is(a.value ?? '', b.value ?? '') && (typeof a.value !== 'number' || Number.isSafeInteger(a.value) || a.text === b.text);
  if (a.kind === 'list' && b.kind === 'list') {
    const items = b.items;
    return a.items.length === items.length && a.items.every((item, index) => areEqual(item, items[index]!));
  }
  if (a.kind !== 'map' || b.kind !== 'map') return false;
  const entries = b.entries;
  return a.entries.size === entries.size && [...a.entries].every(([key, { value }]) => entries.has(key) && areEqual(value, entries.get(key)!.value));
}

/** A condition that the user wrote as a text; what rendering left of one is a value. */
const writtenText = (node: Node): string | undefined => (node.kind === 'scalar' && typeof node.value === 'string' && !isRendered(node) ? node.value : undefined);

const shorten = (text: string, most = 60): string => (text.length > most ? `${text.slice(0, most)}…` : text).replaceAll('\n', ' ');

/** A condition as its user would write it in one line, for a sentence about it. */
export function inOneLine(node: Node, depth = 0): string {
  const [most, inner] = depth > 4 ? [0, depth] : [8, depth + 1];
  const joined = (all: string[], size: number): string => [...all, ...(size > most ? ['…'] : [])].join(', ');
  switch (node.kind) {
    case 'bound':
      return inOneLine(node.node, depth);
    case 'scalar':
      return shorten(node.text);
    case 'list':
      return shorten(`[${joined(node.items.slice(0, most).map((item) => inOneLine(item, inner)), node.items.length)}]`, 100);
    case 'map':
      return shorten(`{${joined([...node.entries].slice(0, most).map(([key, { value }]) => `${key}: ${inOneLine(value, inner)}`), node.entries.size)}}`, 100);
  }
}

function wrong(problems: Problems, { place }: { place: Place }, sentence: string): false {
  problems.error(place, sentence);
  return false;
}
