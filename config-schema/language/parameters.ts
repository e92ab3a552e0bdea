// Do the arguments of a call fit the parameters that are declared?

import { didYouMean } from '../nearest.ts';
import { childOf, entriesOf, isNull, itemsOf, stringOf, toPlain, unbound } from './node.ts';
import type { Entry, Node, Place } from './node.ts';
import type { Problems } from './problems.ts';
import { shown } from './schema-words.ts';

export type ParameterType = 'string' | 'boolean' | 'integer' | 'enum' | 'executor' | 'steps' | 'env_var_name';

export type Parameter = { name: string; type: ParameterType; choices: Node[]; default: Node | undefined; place: Place };

type Owner = 'pipeline' | 'job' | 'command' | 'executor';

const typesOf: Record<Owner, ParameterType[]> = {
  pipeline: ['string', 'boolean', 'integer', 'enum'],
  job: ['string', 'boolean', 'integer', 'enum', 'executor', 'steps', 'env_var_name'],
  command: ['string', 'boolean', 'integer', 'enum', 'executor', 'steps', 'env_var_name'],
  executor: ['string', 'boolean', 'integer', 'enum', 'env_var_name'],
};

const reserved = ['name', 'pre-steps', 'post-steps', 'filters', 'requires', 'context', 'type', 'override-with', 'upstream', 'matrix', 'serial-group'];

/** What `parameters:` declares. A declaration of the wrong shape has been reported by the check of the file. */
export function readParameters(node: Node | undefined, owner: Owner, problems: Problems): Map<string, Parameter> {
  const parameters = new Map<string, Parameter>();
  for (const [name, { key, value }] of entriesOf(node)) {
    const type = stringOf(childOf(value, 'type')) as ParameterType | undefined;
    if (type === undefined) continue;
    if (!typesOf[owner].includes(type)) {
      problems.error(childOf(value, 'type')!.place, `a parameter of ${owner === 'pipeline' ? 'the pipeline' : `${owner === 'executor' ? 'an' : 'a'} ${owner}`} cannot be of type ${shown(type)}.${didYouMean(type, typesOf[owner])} Types are ${typesOf[owner].join(', ')}.`);
      continue;
    }
    if (owner === 'job' && reserved.includes(name))
      problems.error(key, `${reserved.map((word) => `"${word}"`).join(', ')} are reserved parameter names in build jobs. Give the parameter ${name} another name.`);
    const declared = entriesOf(value).get('default')?.value;
    const parameter: Parameter = { name, type, choices: [...itemsOf(childOf(value, 'enum'))], default: declared, place: key };
    if (owner === 'pipeline' && declared === undefined) problems.error(key, `a parameter of the pipeline must have a default. Add one.`);
    parameters.set(name, parameter);
  }
  return parameters;
}

/** Reports a default that does not fit its own parameter. Defaults with templates are judged when they are used. */
export function checkDefault(parameter: Parameter, value: Node, problems: Problems): void {
  const fault = faultOf(parameter, value);
  if (fault) problems.error(value.place, `Type error for the default of parameter ${parameter.name}: ${fault}`);
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
  const unexpected = [...given.keys()].filter((name) => !parameters.has(name));
  for (const name of unexpected) {
    const known = parameters.size === 0 ? `${call.what} has no parameters: remove it.` : `Parameters of ${call.what} are ${[...parameters.keys()].join(', ')}.`;
    problems.error(given.get(name)!.key, `Unexpected argument(s): ${name}.${didYouMean(name, parameters.keys())} ${known}`);
  }
  const missing: string[] = [];
  for (const [name, parameter] of parameters) {
    const argument = given.get(name);
    const isGiven = argument && !(isNull(argument.value) && parameter.default !== undefined);
    if (!isGiven && parameter.default === undefined) missing.push(name);
    if (!isGiven) {
      if (parameter.default !== undefined) values.set(name, call.defaultOf(parameter));
      continue;
    }
    const fault = faultOf(parameter, argument.value);
    if (fault) problems.error(argument.value.place.source === call.place.source ? argument.value.place : call.place, `Type error for argument ${name}: ${fault}`);
    values.set(name, argument.value);
  }
  if (missing.length > 0) problems.error(call.place, `Missing required argument(s): ${missing.join(', ')}. Add ${missing.length > 1 ? 'them' : 'it'} to the call of ${call.what}.`);
  return values;
}

/** Why a value does not fit, with the remedy; undefined when it does. */
function faultOf({ type, choices }: Parameter, argument: Node): string | undefined {
  const node = unbound(argument);
  const value = node.kind === 'scalar' ? node.value : undefined;
  const wrong = (remedy: string): string => `expected type: ${type}, actual value: ${describe(node)}. ${remedy}`;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? undefined : wrong(node.kind === 'scalar' ? 'Put quotes around it.' : 'Write a text.');
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrong('Write true or false, without quotes.');
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) ? undefined : wrong('Write a whole number, without quotes.');
    case 'enum': {
      const allowed = choices.map((choice) => unbound(choice)).filter((choice) => choice.kind === 'scalar');
      if (allowed.some((choice) => choice.value === value || (typeof value === 'string' && choice.text === value))) return undefined;
      return `expected one of ${allowed.map(({ text }) => text).join(', ')}, actual value: ${describe(node)}.${didYouMean(typeof value === 'string' ? value : '', allowed.map(({ text }) => text))} Write one of them.`;
    }
    case 'env_var_name':
      if (typeof value === 'number' && Number.isInteger(value)) return undefined;
      return typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? undefined : wrong('Write the name of a variable: letters, digits and _, not beginning with a digit.');
    case 'executor':
      return typeof value === 'string' || (node.kind === 'map' && stringOf(childOf(node, 'name')) !== undefined) || node.kind === 'map' ? undefined : wrong('Write the name of an executor, or a map with its name and arguments.');
    case 'steps':
      return node.kind === 'list' ? undefined : wrong('Write a list of steps.');
  }
}

function describe(node: Node): string {
  const plain = toPlain(node);
  const kind = plain === null ? 'null' : Array.isArray(plain) ? 'list' : typeof plain === 'object' ? 'map' : typeof plain === 'number' ? (Number.isInteger(plain) ? 'integer' : 'number') : typeof plain;
  return kind === 'list' || kind === 'map' || kind === 'null' ? `${shown(plain)} (type ${kind})` : `${shown(plain)} (type ${kind})`;
}
