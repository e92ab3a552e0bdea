// How does a processed config look as YAML, so that every reader, of YAML 1.1 or 1.2, reads the values that we mean?

import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { ScalarTag, Tags } from 'yaml';
import { listAt, mapAt, scalarAt, unbound } from './node.ts';
import type { MapNode, Node, ScalarNode } from './node.ts';
import type { Processed, ProcessedInvocation, ProcessedWorkflow } from './processed.ts';

/** In the shape in which the original prints it: version 2, jobs, workflows, and the orbs as comments on top. */
export function printConfig(processed: Processed): string {
  const comments = processed.orbs.map(({ reference, version }) => `# Orb '${reference}' resolved to '${resolved(reference, version)}'\n`);
  return comments.join('') + printNode(processedTree(processed));
}

/** The processed config as one tree, for printing it as something else than YAML. */
export function processedTree({ source, setup, jobs, workflows }: Processed): MapNode {
  const place = { source, start: 0, end: 0 };
  const version: [string, Node] = ['version', scalarAt(place, 2)];
  const workflowOf = ({ name, place, jobs, triggers, maxAutoReruns, autoCancel }: ProcessedWorkflow): [string, Node] => [
    name,
    mapAt(place, [
      ['jobs', listAt(place, jobs.map(invocationOf))],
      ...(triggers ? [['triggers', triggers] as const] : []),
      ...(maxAutoReruns > 0 ? [['max_auto_reruns', scalarAt(place, maxAutoReruns)] as const] : []),
      ...(autoCancel ? [] : [['auto_cancel', scalarAt(place, false)] as const]),
    ]),
  ];
  return mapAt(place, [
    version,
    ...(setup ? [['setup', scalarAt(place, true)] as const] : []),
    ['jobs', mapAt(place, jobs)],
    // A workflow of this name stands where the version stood: the later entry wins.
    ['workflows', mapAt(place, [version, ...workflows.map(workflowOf)])],
  ]);
}

const invocationOf = ({ name, printed, place }: ProcessedInvocation): Node => (printed.entries.size === 0 ? scalarAt(place, name) : mapAt(place, [[name, printed]]));

/** `circleci/slack@3` at 3.2.0 is `circleci/slack@3.2.0`; an address is itself. */
function resolved(reference: string, version: string): string {
  const at = reference.lastIndexOf('@');
  return at < 0 || version === reference ? version : `${reference.slice(0, at)}@${version}`;
}

/** Any value as a YAML document. */
export function printNode(node: Node): string {
  const document = new Document(null, { schema: 'core', compat: 'yaml-1.1', customTags: tags });
  document.contents = treeOf(node);
  return document.toString({ lineWidth: 0, indentSeq: false, doubleQuotedMinMultiLineLength: Infinity });
}

function treeOf(node: Node): YAMLMap | YAMLSeq | Scalar {
  const plain = unbound(node);
  switch (plain.kind) {
    case 'scalar':
      return typeof plain.value === 'string' ? textScalar(plain.value) : new Scalar(new AsIs(literalOf(plain)));
    case 'list': {
      const list = new YAMLSeq<unknown>();
      list.items = plain.items.map(treeOf);
      return list;
    }
    case 'map': {
      const map = new YAMLMap();
      map.items = [...plain.entries].map(([key, { value }]) => new Pair<unknown, unknown>(textScalar(key, true), treeOf(value)));
      return map;
    }
  }
}

function literalOf({ value, text }: ScalarNode): string {
  if (typeof value !== 'number') return String(value);
  // Programs that pack configs make `.nan` of a lone dot; the original prints it as the dot that was meant.
  if (Number.isNaN(value)) return '.';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  // The text holds long numbers exactly. YAML 1.1 knows no exponent without a point.
  const digits = Number(text) === value && text !== '' ? text : String(value);
  return digits.replace(/^(-?\d+)e/, '$1.0e');
}

/** A text that is printed as it is, and never quoted. */
class AsIs {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function textScalar(text: string, isKey = false): Scalar {
  // Some readers take a lone dot for a number; nobody writes it otherwise, so that it must mean the same to them here and there.
  if (text === '.') return new Scalar(new AsIs(text));
  const scalar = new Scalar(text);
  if (mayBreak.test(text)) scalar.type = 'QUOTE_DOUBLE';
  // A block begins and ends with a line that holds something.
  else if (text.includes('\n')) scalar.type = isKey || /^[\t ]*\n|\n[\t ]+\n*$/.test(text) ? 'QUOTE_DOUBLE' : 'BLOCK_LITERAL';
  else if (text.includes('\t')) scalar.type = 'QUOTE_DOUBLE';
  else if (mayBeAnother.test(text)) scalar.type = 'QUOTE_SINGLE';
  return scalar;
}

/** Line breaks of YAML 1.1, and what is not printable to some reader. */
const mayBreak = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;

/** What some reader takes for a number, a time, the value of a map, or a merge key. The library knows booleans, null and the common numbers. */
const mayBeAnother = /^(?:[-+]?[.\d][\d_,:.a-fxo+-]*|=|<<|[yn])$/i;

/** A string is double quoted in ASCII where it holds what some reader would not take as it is. */
const tags = (known: Tags): Tags => [
  { tag: 'roundhouse:as-is', default: true, identify: (value) => value instanceof AsIs, resolve: (text) => text, stringify: ({ value }) => (value as AsIs).text } satisfies ScalarTag,
  ...known.map((tag): Tags[number] => {
    if (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:str' || !tag.stringify) return tag;
    const { stringify } = tag as ScalarTag;
    return { ...tag, stringify: (item, context, ...rest) => escaped(stringify!(item, { ...context, actualString: true }, ...rest)) } as ScalarTag;
  }),
];

const everyBreak = new RegExp(mayBreak, 'gu');
const escaped = (printed: string): string =>
  printed.startsWith('"') ? printed.replace(everyBreak, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`) : printed;
