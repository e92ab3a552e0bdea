// Do the arguments of a call fit the parameters that are declared?

import { didYouMean } from '../nearest.ts';
import { childOf, entriesOf, isNull, isUnknown, itemsOf, scalarAt, stringOf, unbound, unknownAt } from './node.ts';
import type { BoundNode, Entry, Node, Place } from './node.ts';
import type { Problems } from './problems.ts';
import { shown } from './schema-words.ts';
import { isRendered } from './template.ts';

export type ParameterType = (typeof types)[number];

export type Parameter = { name: string; type: ParameterType; choices: readonly Node[]; default: Node | undefined };

const types = ['string', 'boolean', 'integer', 'enum', 'executor', 'steps', 'env_var_name'] as const;
const isType = (type: string | undefined): type is ParameterType => types.some((known) => known === type);

const reserved = ['name', 'pre-steps', 'post-steps', 'filters', 'requires', 'context', 'type', 'override-with', 'upstream', 'matrix', 'serial-group'];

/** What `parameters:` declares. A declaration of the wrong shape has been reported by the check of the file. */
export function readParameters(node: Node | undefined, owner: 'pipeline' | 'job' | 'command' | 'executor', problems: Problems): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const [name, { key, value }] of entriesOf(node)) {
    const type = stringOf(childOf(value, 'type'));
    if (!isType(type)) continue;
    if (owner === 'job' && reserved.includes(name))
      problems.error(key, `${reserved.map((word) => `"${word}"`).join(', ')} are reserved parameter names in build jobs. Give the parameter ${name} another name.`);
    parameters.set(name, { name, type, choices: itemsOf(childOf(value, 'enum')), default: childOf(value, 'default') });
  }
  return parameters;
}

/** The default, or, when it does not fit its own parameter, an unknown value. Defaults with templates are judged when they are used. */
export function checkDefault(parameter: Parameter, value: Node, problems: Problems): Node {
  const fault = faultOf(parameter, value);
  if (!fault) return value;
  problems.error(value.place, `Type error for the default of parameter ${parameter.name}: ${fault}`);
  return unknownAt(value.place);
}

/**
 * The value of each parameter, defaults included; what does not fit is reported, at the argument or, where one is missing, at the call.
 * `defaultOf` gives a default as the callee means it; null is no argument where there is a default.
 */
export function readArguments(
  call: { what: string; place: Place; parameters: ReadonlyMap<string, Parameter>; given: Iterable<readonly [string, Entry]>; defaultOf: (parameter: Parameter) => Node },
  problems: Problems,
): Map<string, Node> {
  const { parameters } = call;
  const given = new Map(call.given);
  const values = new Map<string, Node>();
  for (const [name, { key }] of given) {
    if (parameters.has(name)) continue;
    const known = parameters.size === 0 ? `${call.what} has no parameters: remove it.` : `Parameters of ${call.what} are ${[...parameters.keys()].join(', ')}.`;
    problems.error(key, `Unexpected argument(s): ${name}.${didYouMean(name, parameters.keys())} ${known}`);
  }
  const missing: string[] = [];
  for (const [name, parameter] of parameters) {
    const written = given.get(name)?.value;
    const argument = parameter.type === 'string' ? asText(written) : written;
    if (argument && !(isNull(argument) && !isUnknown(argument) && parameter.default)) {
      const fault = faultOf(parameter, argument);
      if (fault) problems.error(argument.place.source === call.place.source ? argument.place : call.place, `Type error for argument ${name}: ${fault}`);
      values.set(name, fault ? unknownAt(argument.place) : argument);
    } else if (parameter.default) values.set(name, call.defaultOf(parameter));
    else {
      missing.push(name);
      values.set(name, unknownAt(call.place));
    }
  }
  if (missing.length > 0) problems.error(call.place, `Missing required argument(s): ${missing.join(', ')}. Add ${missing.length > 1 ? 'them' : 'it'} to the call of ${call.what}.`);
  return values;
}

/** Why a value does not fit, with the remedy; undefined when it does. */
function faultOf({ type, choices }: Parameter, argument: Node): string | undefined {
  if (isUnknown(argument)) return undefined;
  const node = unbound(argument);
  const value = node.kind === 'scalar' ? node.value : undefined;
  // What a tag gives cannot be put into quotes.
  const wrong = (remedy: string): string => `expected type: ${type}, actual value: ${describe(node)}. ${isRendered(node) ? `Hand over what is of type ${type}.` : remedy}`;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? undefined : wrong(typeof value === 'number' || typeof value === 'boolean' ? 'Put quotes around it.' : 'Write a text.');
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong('Write true or false, without quotes.');
    case 'integer':
      return isInteger(node) ? undefined : wrong('Write a whole number, without quotes.');
    case 'enum': {
      const allowed = choices.map((choice) => unbound(choice)).filter((choice) => choice.kind === 'scalar');
      // Without choices the check of the file has spoken.
      if (allowed.length === 0 || allowed.some((choice) => choice.value === value || (typeof value === 'string' && choice.text === value))) return undefined;
      const words = allowed.map(({ text }) => text);
      return `expected one of ${words.join(', ')}, actual value: ${describe(node)}.${didYouMean(typeof value === 'string' ? value : '', words)} Write one of them.`;
    }
    case 'env_var_name':
      return isInteger(node) || (typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) ? undefined : wrong('Write the name of a variable: letters, digits and _, not beginning with a digit.');
    case 'executor':
      return typeof value === 'string' || isUnknown(childOf(node, 'name')) || stringOf(childOf(node, 'name')) !== undefined ? undefined : wrong('Write the name of an executor, or a map with its name and arguments.');
    case 'steps':
      return node.kind === 'list' ? undefined : wrong('Write a list of steps.');
  }
}

/** The original takes any value of the pipeline for a text: its number, and the tag where none is set. */
const asText = (node: Node | undefined): Node | undefined => (node?.kind === 'scalar' && node.isPipelineValue ? scalarAt(node.place, node.text) : node);

/** 1.0 is a number, and no integer. */
const isInteger = (node: Node): boolean => node.kind === 'scalar' && Number.isInteger(node.value) && !node.text.includes('.');

/** As the original puts it: a scalar in quotes, and its type. */
function describe(node: Exclude<Node, BoundNode>): string {
  if (node.kind !== 'scalar') return `a ${node.kind} (type ${node.kind})`;
  return node.value === null ? 'empty (type null)' : `${shown(node.text)} (type ${isInteger(node) ? 'integer' : typeof node.value})`;
}
