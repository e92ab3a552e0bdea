// Where does a value hold `<< >>`, and what does it become?

import { isUnknown, scalarAt, unbound, unknownAt } from './node.ts';
import type { Entry, Node, Place, ScalarNode } from './node.ts';
import type { Problems } from './problems.ts';
import { evaluate, isTruthy } from './expression.ts';
import type { Value, Variables } from './expression.ts';
import { hasTags, parseTemplate } from './template-syntax.ts';
import type { Part, Tag } from './template-syntax.ts';

export { hasTags } from './template-syntax.ts';
export type { Variables } from './expression.ts';

/** As many characters as a config may have: a text that doubles with each call stops here. */
const longestText = 1_000_000;

/** Texts that render made: a `<<` in one of them is text, however often it is handed on and rendered with what is around it. */
const finished = new WeakSet<Node>();

/**
 * The node with every text in it rendered, keys excepted; the same node when nothing in it is to be. What a tag brings in is not rendered
 * again, nor is what was rendered before, and bound nodes are left alone. A text that is exactly one tag becomes the value itself; a
 * scalar then stands where the tag stood, so that what is wrong with it is told there. A text that cannot be rendered is reported, and
 * unknown from then on.
 */
export function render(node: Node, variables: Variables, problems: Problems): Node {
  // What aliases share stays shared.
  const done = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    if (!isToRender(node)) return node;
    const known = done.get(node);
    if (known) return known;
    const rendered = renderOne(node);
    done.set(node, rendered);
    return rendered;
  };
  const renderOne = (node: Node): Node => {
    switch (node.kind) {
      case 'scalar':
        return renderText(node, variables, problems);
      case 'list':
        return { ...node, items: node.items.map(visit) };
      case 'map': {
        const entries = new Map<string, Entry>();
        for (const [key, entry] of node.entries) entries.set(key, { key: entry.key, value: visit(entry.value) });
        return { ...node, entries };
      }
      case 'bound':
        return node;
    }
  };
  return visit(node);
}

/** Whether a real tag, or the beginning of one, is in any text below. */
export const hasTagsBelow = below(hasTags);

/** Whether render made this text, so that it is the value of something, and not what the user wrote. */
export const isRendered = (node: Node): boolean => finished.has(node);

const isToRender = below((text) => text.includes('<<'));

/** Every name that the tags and sections below mention, also those that rendering would pass over. */
export function* namesIn(node: Node, seen = new Set<Node>()): Generator<{ name: string; place: Place }> {
  if (!hasTagsBelow(node) || seen.has(node)) return;
  seen.add(node);
  switch (node.kind) {
    case 'scalar': {
      const template = parseTemplate(String(node.value));
      if (template.kind === 'fault') return;
      const placeOf = placesOfTags(node);
      for (const { name, nth } of template.names) yield { name, place: placeOf(nth) };
      return;
    }
    case 'list':
      for (const item of node.items) yield* namesIn(item, seen);
      return;
    case 'map':
      for (const { value } of node.entries.values()) yield* namesIn(value, seen);
      return;
    case 'bound':
  }
}

/** Remembers the answer with each list and map: most of a config has nothing to render, and is asked again with each call. */
function below(test: (text: string) => boolean): (node: Node) => boolean {
  const answers = new WeakMap<Node, boolean>();
  const ask = (node: Node): boolean => {
    if (node.kind === 'scalar') return typeof node.value === 'string' && test(node.value) && !finished.has(node);
    if (node.kind === 'bound') return false;
    const known = answers.get(node);
    if (known !== undefined) return known;
    const answer = node.kind === 'list' ? node.items.some(ask) : [...node.entries.values()].some(({ value }) => ask(value));
    answers.set(node, answer);
    return answer;
  };
  return ask;
}

function renderText(node: ScalarNode, variables: Variables, problems: Problems): Node {
  const placeOf = placesOfTags(node);
  let failed = false;
  const report = (nth: number, sentence: string): undefined => {
    failed = true;
    problems.error(placeOf(nth), sentence);
    return undefined;
  };
  const valueOf = ({ expression, nth }: Tag): Value => {
    const result = evaluate(expression, variables);
    return 'fault' in result ? report(nth, result.fault) : result.value;
  };

  const write = (parts: Part[], text: string): string => {
    for (const part of parts) {
      if (typeof part === 'string') text += part;
      else if (part.kind === 'tag') {
        const value = valueOf(part);
        failed ||= typeof value === 'object' && isUnknown(value);
        text += textOf(part, value, report);
      } else {
        const value = variables.lookup(part.name);
        if (!value) report(part.nth, variables.unknown(part.name));
        else if (isTruthy(value) !== part.inverted) text = write(part.parts, text);
      }
      if (text.length > longestText) {
        // Once is enough: the rest is not written.
        if (!failed) report(typeof part === 'string' ? 0 : part.nth, `the text has more than ${longestText} characters once its tags are filled in. Put what is long into a file of the repository.`);
        return text;
      }
    }
    return text;
  };

  const template = parseTemplate(String(node.value));
  if (template.kind === 'fault') report(template.nth, template.sentence);
  else {
    const [part, ...others] = template.parts;
    const isLone = others.length === 0 && typeof part === 'object' && part.kind === 'tag';
    const rendered = isLone ? nodeOf(valueOf(part), node.place) : scalarAt(node.place, write(template.parts, ''));
    if (rendered.kind === 'scalar') finished.add(rendered);
    if (!failed) return rendered;
  }
  return unknownAt(node.place);
}

function nodeOf(value: Value, place: Place): Node {
  if (typeof value === 'object') return value.kind === 'scalar' ? { ...value, place } : value;
  if (typeof value === 'bigint') return scalarAt(place, Number(value), String(value));
  // Nothing but values of the pipeline can be not set.
  return value === undefined ? { ...scalarAt(place, null), isPipelineValue: true } : scalarAt(place, value);
}

/** What a value is inside a longer text; what is not set is empty. */
function textOf(tag: Tag, value: Value, report: (nth: number, sentence: string) => undefined): string {
  if (typeof value !== 'object') return String(value ?? '');
  const node = unbound(value);
  if (node.kind === 'scalar') return node.text;
  report(tag.nth, `<< ${tag.body} >> is a ${node.kind}, which cannot stand inside a longer text. Let the tag stand alone.`);
  return '';
}

/** Where each `<<` of the text stands in the source; the text's own place where YAML's escapes hide it. */
function placesOfTags({ value, place }: ScalarNode): (nth: number) => Place {
  let offsets: number[] | undefined;
  return (nth) => {
    offsets ??= findOffsets(String(value), place);
    const start = offsets[nth];
    if (start === undefined) return place;
    const end = place.source.text.indexOf('>>', start) + 2;
    return { source: place.source, start, end: end > start && end <= place.end ? end : start + 2 };
  };
}

function findOffsets(text: string, { source, start, end }: Place): number[] {
  const inSource = [...source.text.slice(start, end).matchAll(/<</g)];
  return inSource.length === [...text.matchAll(/<</g)].length ? inSource.map(({ index }) => start + index) : [];
}
