// What does the text say as YAML, and where does each piece of it stand?

import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, Scalar } from 'yaml';
import type { Alias, Node as YamlNode, Pair, ScalarTag, Tags, YAMLMap } from 'yaml';
import type { MapNode, Node, Place, Source } from './node.ts';
import type { Problems } from './problems.ts';

/** More than any real config, after aliases; few enough that walking over all of them takes no time. */
const limits = { characters: 1_000_000, values: 300_000, depth: 100 };

/**
 * The first document of the text; undefined when it is empty, or when there were errors.
 * Anchors and merge keys are resolved here; everything behind this door sees plain maps, lists and scalars.
 */
export function readYaml(source: Source, all: Problems): Node | undefined {
  // In this file: there may have been errors in another.
  let failed = false;
  const error: Problems['error'] = (place, sentence) => {
    failed = true;
    all.error(place, sentence);
  };
  const problems: Problems = { ...all, error };
  const { text } = source;
  const whole = { source, start: 0, end: 0 };
  if (text.length > limits.characters) {
    problems.error(whole, `the file has ${text.length} characters, more than ${limits.characters}. Split it, or generate less.`);
    return undefined;
  }
  let converted: Converted;
  try {
    // intAsBigInt keeps long numbers such as ids exact; duplicate keys are a warning of ours.
    const [document] = parseAllDocuments(text, { schema: 'yaml-1.1', customTags: tags, uniqueKeys: false, intAsBigInt: true, prettyErrors: false, logLevel: 'silent' });
    for (const { message, pos } of document?.errors ?? []) problems.error({ source, start: pos[0], end: pos[1] }, `Unable to parse YAML: ${/call stack/.test(message) ? tooDeep : `${message}. ${remedyFor(message)}`}`);
    for (const { message, pos } of document?.warnings ?? []) problems.warn({ source, start: pos[0], end: pos[1] }, `${message}. It is ignored; remove it.`);
    if (!document?.contents || failed) return undefined;
    converted = convert(document.contents, source, problems);
  } catch (cause) {
    // Parser and conversion descend by recursion, the parser without a limit of its own.
    if (!(cause instanceof RangeError)) throw cause;
    problems.error(whole, `Unable to parse YAML: ${tooDeep}`);
    return undefined;
  }
  const { node, size, depth } = converted;
  if (size > limits.values || depth > limits.depth) {
    const what = size > limits.values ? `more than ${limits.values} values` : `more than ${limits.depth} levels`;
    problems.error(whole, `the file holds ${what} when its aliases are followed. Use fewer aliases of aliases.`);
    return undefined;
  }
  if (failed) return undefined;
  source.root = node;
  return node;
}

const tooDeep = 'it is nested too deeply. Close the brackets that were opened.';

const remedyFor = (message: string): string =>
  /\btabs?\b/i.test(message)
    ? 'Indent with spaces.'
    : /compact mappings/.test(message)
      ? 'Put quotes around a text that holds ": ".'
      : /reserved character|directive indicator/.test(message)
        ? 'Put quotes around the text.'
        : 'Correct the text at this place, or just before it.';

/**
 * Scalars of YAML 1.1 as the original reads them: yes, no, on and off are booleans, y and n are not (they were in the
 * specification, never in practice); dates and times of day stay text. The parser's own float takes `.` and `e2` for numbers.
 */
const tags = (known: Tags): Tags => [...known.filter((tag) => typeof tag === 'string' || (keptTags.test(tag.tag) && tag.format !== 'TIME')), infinity, float, yes, no];

const keptTags = /:(map|seq|str|null|merge|int)$/;

const scalar = (name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  tag: `tag:yaml.org,2002:${name}`,
  default: true,
  test,
  resolve: (text) => new Scalar(resolve(text)),
});

const yes = scalar('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true);
const no = scalar('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false);
const float = scalar('float', /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?$/, (text) => Number(text.replaceAll('_', '')));
const infinity = scalar('float', /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/, (text) =>
  /nan/i.test(text) ? NaN : text.startsWith('-') ? -Infinity : Infinity,
);

type Converted = { node: Node; size: number; depth: number };

/** Our tree of the parser's. Shared by its aliases, so its size in memory is that of the text. */
function convert(root: YamlNode, source: Source, problems: Problems): Converted {
  const placeOf = (yaml: YamlNode): Place => ({ source, start: yaml.range?.[0] ?? 0, end: yaml.range?.[1] ?? 0 });
  const anchors = new Map<string, Converted | 'open'>();
  // What merge keys bring is counted as it is copied; the file is refused below when it was too much.
  let copied = 0;
  const empty = (place: Place): Converted => ({ node: { kind: 'scalar', value: null, text: '', place }, size: 1, depth: 1 });

  const visit = (yaml: YamlNode | null | undefined, fallback: Place): Converted => {
    if (!yaml) return empty(fallback);
    if (isAlias(yaml)) return follow(yaml);
    if ('anchor' in yaml && yaml.anchor) anchors.set(yaml.anchor as string, 'open');
    const converted = isMap(yaml) ? visitMap(yaml) : isSeq(yaml) ? visitList(yaml.items as YamlNode[], placeOf(yaml)) : visitScalar(yaml as Scalar);
    if ('anchor' in yaml && yaml.anchor) anchors.set(yaml.anchor as string, converted);
    return converted;
  };

  const follow = (alias: Alias): Converted => {
    const target = anchors.get(alias.source);
    const place = placeOf(alias);
    if (target === undefined) problems.error(place, `Unable to parse YAML: alias *${alias.source} has no anchor before it. ${/[*/.]/.test(alias.source) ? 'Put quotes around a text that begins with *' : `Write &${alias.source} at the value that is meant`}.`);
    if (target === 'open') problems.error(place, `Unable to parse YAML: alias *${alias.source} stands inside its own anchor. Remove it.`);
    return target === undefined || target === 'open' ? empty(place) : target;
  };

  const visitList = (items: YamlNode[], place: Place): Converted => {
    const converted = items.map((item) => visit(item, place));
    return { node: { kind: 'list', items: converted.map(({ node }) => node), place }, ...measure(converted) };
  };

  const visitMap = (yaml: YAMLMap): Converted => {
    const node: MapNode = { kind: 'map', entries: new Map(), place: placeOf(yaml) };
    const merged: MapNode[] = [];
    const parts: Converted[] = [];
    for (const pair of yaml.items as Pair<YamlNode | null, YamlNode | null>[]) {
      const place = pair.key ? placeOf(pair.key) : node.place;
      if (isScalar(pair.key) && typeof pair.key.value === 'symbol') {
        const part = visit(pair.value, place);
        parts.push(part);
        merged.push(...mapsToMerge(part.node));
        continue;
      }
      const key = visit(pair.key, place).node;
      if (key.kind !== 'scalar') {
        problems.error(place, `Unable to parse YAML: a key is a ${key.kind}. Write a text as the key.`);
        continue;
      }
      // What was written counts, not what YAML makes of it: `on:` and `1.20:` are names.
      const name = isScalar(pair.key) && pair.key.type === 'PLAIN' ? (pair.key.source ?? key.text) : key.text;
      const value = visit(pair.value, place);
      parts.push(value);
      if (node.entries.has(name)) problems.warn(place, 'the key is there twice. The last one counts; remove the other.');
      node.entries.set(name, { key: place, value: value.node });
    }
    for (const { entries } of merged) {
      copied += entries.size;
      if (copied > limits.values) break;
      for (const [key, entry] of entries) if (!node.entries.has(key)) node.entries.set(key, entry);
    }
    return { node, ...measure(parts) };
  };

  const mapsToMerge = (node: Node): MapNode[] => {
    const maps = node.kind === 'list' ? node.items : [node];
    return maps.filter((map): map is MapNode => {
      if (map.kind !== 'map') problems.error(map.place, `Unable to parse YAML: a merge key takes a map or a list of maps. Write the alias of a map after "<<:".`);
      return map.kind === 'map';
    });
  };

  const visitScalar = (yaml: Scalar): Converted => {
    const place = placeOf(yaml);
    const text = textOf(yaml.value);
    if (text.includes('\0')) problems.error(place, 'the text holds the character NUL, which no command or variable can hold. Remove it.');
    const value = typeof yaml.value === 'bigint' ? Number(yaml.value) : (yaml.value as string | number | boolean | null);
    return { node: { kind: 'scalar', value, text, place }, size: 1, depth: 1 };
  };

  return visit(root, { source, start: 0, end: 0 });
}

const measure = (parts: Converted[]): { size: number; depth: number } => ({
  size: parts.reduce((sum, { size }) => sum + size, 1),
  depth: parts.reduce((deepest, { depth }) => Math.max(deepest, depth), 0) + 1,
});

/**
 * As the original prints it: the float 1.0 keeps its digit, 1.20 does not. Not a number is a lone dot: programs that pack configs
 * read it so by YAML 1.1, and write `.nan` for the folder that was meant.
 */
const textOf = (value: unknown): string =>
  value === null || value === undefined ? '' : Number.isNaN(value) ? '.' : typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e7 ? value.toFixed(1) : String(value);

