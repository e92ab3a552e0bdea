// What does a workflow say of a job beside its name?

import { read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { textOf } from './fields.ts';
import { filterExpression } from './logic.ts';
import { childOf, entriesOf, isNull, itemsOf, scalarAt, stringOf } from './node.ts';
import type { Entry, MapNode, Node, Place } from './node.ts';
import type { Problems } from './problems.ts';
import type { Variables } from './template.ts';

/** A job of a list, as it is written: its name, and nothing or a map of options. */
export type Use = { reference: string; raw: Node | undefined; place: Place };

/** Undefined when it has the wrong shape, which has been said. */
export function readUse(item: Node, compiling: Compiling): Use | undefined {
  const bare = stringOf(item.kind === 'scalar' ? read(item, compiling.loader.config.variables, compiling) : item);
  if (bare !== undefined) return { reference: bare, raw: undefined, place: item.place };
  const [first, second] = [...entriesOf(item)];
  return first && (!second || isNull(first[1].value)) ? { reference: first[0], raw: first[1].value, place: first[1].key } : undefined;
}

export const optionKeys = ['requires', 'name', 'context', 'type', 'filters', 'matrix', 'pre-steps', 'post-steps', 'serial-group', 'override-with'];
export const around = ['pre-steps', 'post-steps'];
export const printedKeys = ['context', 'filters', 'serial-group'];

/** Rendered, those that say something. A matrix has been read before, and filters that are a text are an expression. */
export function readOptions(raw: Node | undefined, place: Place, variables: Variables, compiling: Compiling): MapNode {
  const options = new Map<string, Entry>();
  for (const key of optionKeys) {
    const written = entriesOf(raw).get(key);
    if (!written || key === 'matrix' || (key === 'filters' && written.value.kind === 'scalar')) continue;
    const value = read(written.value, variables, compiling);
    if (!isNull(value)) options.set(key, { key: written.key, value });
  }
  return { kind: 'map', entries: options, place };
}

/** An expression is decided now; a map is left to the branch or tag. */
export function decideFilters(raw: Node | undefined, options: MapNode, variables: Variables, problems: Problems): { isOn: boolean; filters: Node | undefined } {
  const written = childOf(raw, 'filters');
  const expression = stringOf(written);
  return { isOn: expression === undefined || filterExpression(expression, written!.place, variables, problems), filters: childOf(options, 'filters') };
}

/** Whom a job waits for; and the status, or a list of them, where there are some. */
export type Requirement<To> = { to: To; form: Node | undefined; place: Place };

/** A text, a list of texts, or in it maps of name to statuses. Names may hold tags here too, where they are keys. */
export function readRequires(options: MapNode, variables: Variables, compiling: Compiling): Requirement<string>[] {
  const node = childOf(options, 'requires');
  const items = node === undefined ? [] : node.kind === 'list' ? itemsOf(node) : [node];
  return items.flatMap((item): Requirement<string>[] => {
    if (item.kind === 'map') return [...item.entries].map(([name, { key, value }]) => ({ to: stringOf(read(scalarAt(key, name), variables, compiling)) ?? name, form: value, place: key }));
    return item.kind === 'scalar' && !isNull(item) ? [{ to: item.text, form: undefined, place: item.place }] : [];
  });
}

/** At most 512 characters of letters, digits and `._/-`. */
export function readSerialGroup(options: MapNode, problems: Problems): string | null {
  const key = textOf(options, 'serial-group');
  if (key === null || /^[A-Za-z0-9._/-]{1,512}$/.test(key)) return key;
  problems.error(childOf(options, 'serial-group')!.place, `serial-group must be 1 to 512 letters, digits and . _ / -, is ${JSON.stringify(key.slice(0, 60))}. Correct it.`);
  return null;
}
