// Where does a text of a 2.1 file hold `<< >>`, and what is the text without escapes?

import type { Node, Place, ScalarNode } from './node.ts';
import { notYetSentence } from './not-yet.ts';
import type { Path, Problems } from './problems.ts';

/** The node with every text rendered; one that cannot be is reported and becomes null. `source` is the file's text, to find a tag's own place. */
export function render(node: Node, path: Path, source: string, problems: Problems): Node {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? renderText(node, node.value, path, source, problems) : node;
    case 'list':
      return { ...node, items: node.items.map((item, index) => render(item, [...path, index], source, problems)) };
    case 'map': {
      const entries = [...node.entries].map(([key, entry]) => [key, { ...entry, value: render(entry.value, [...path, key], source, problems) }] as const);
      return { ...node, entries: new Map(entries) };
    }
  }
}

function renderText(node: ScalarNode, text: string, path: Path, source: string, problems: Problems): Node {
  const scan = scanTemplates(text);
  if (scan.kind === 'text') return { ...node, value: scan.text, text: scan.text };
  const place = placeOfTag(node, text, scan.at, source);
  const sentence =
    scan.kind === 'template'
      ? notYetSentence(`The template << ${shorten(scan.body)} >>`, "Remove it and write the value; a << that is meant as text is escaped as '\\<<' in config v2.1+.")
      : `Unclosed '<<' tag in string: '${shorten(text)}' ('<<' must be escaped as '\\<<' in config v2.1+). Write a backslash before it.`;
  problems.error(place, path, sentence);
  return { ...node, value: null, text: '' };
}

/** The tag's own place in its text; the text's where escapes hide it. */
function placeOfTag(node: ScalarNode, text: string, index: number, source: string): Place {
  const inSource = [...source.slice(node.place.start, node.place.end).matchAll(/<</g)];
  const tag = inSource[index];
  if (!tag || inSource.length !== [...text.matchAll(/<</g)].length) return node.place;
  return { start: node.place.start + tag.index, end: node.place.start + tag.index + 2 };
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text).replaceAll('\n', ' ');

export type Scan =
  /** `\<<` has become `<<`. */
  | { kind: 'text'; text: string }
  /** `at`: which `<<` of the text it is, from 0. */
  | { kind: 'template'; body: string; at: number }
  | { kind: 'unclosed'; at: number };

/**
 * Looks for the first tag. A lone `>>` is text; `\<<` is a literal `<<`; `\\<<` is a backslash before a real tag.
 * `at` counts every `<<` before the tag, escaped ones too, so that it can be found again in the source.
 */
export function scanTemplates(text: string): Scan {
  let out = '';
  let seen = 0;
  for (let i = 0; i < text.length; ) {
    if (text.startsWith('\\<<', i) && text[i - 1] !== '\\') {
      out += '<<';
      seen++;
      i += 3;
    } else if (text.startsWith('<<', i)) {
      const end = text.indexOf('>>', i + 2);
      return end < 0 ? { kind: 'unclosed', at: seen } : { kind: 'template', body: text.slice(i + 2, end).trim(), at: seen };
    } else out += text[i++];
  }
  return { kind: 'text', text: out };
}
