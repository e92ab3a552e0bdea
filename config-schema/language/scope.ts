// Which names does a text see between << and >>?

import { didYouMean } from '../nearest.ts';
import { scalarAt } from './node.ts';
import type { BoundNode, Node, Source } from './node.ts';
import type { PipelineValues } from './processed.ts';
import type { Variables } from './template.ts';

/** `pipeline.*` of a file. An orb sees the values and not the parameters, which are its user's. */
export function pipelineVariables(source: Source, values: PipelineValues, parameters: ReadonlyMap<string, Node> | null): Variables {
  const place = { source, start: 0, end: 0 };
  const valueAt = (value: PipelineValues[string]): Node => ({ ...scalarAt(place, value), isPipelineValue: true });
  const known = new Map(Object.entries(values).map(([name, value]) => [`pipeline.${name}`, valueAt(value)]));
  for (const [name, node] of parameters ?? []) known.set(`pipeline.parameters.${name}`, node);
  const unset = valueAt(null);
  return {
    lookup: (name) => known.get(name) ?? (mayBeUnset.test(name) ? unset : undefined),
    unknown: (name) => `Referred to a variable "${name}" that does not exist.${didYouMean(name, known.keys())} ${remedyFor(name, parameters !== null)}`,
  };
}

/** What GitHub or an operator may have said, and did not. */
const mayBeUnset = /^pipeline\.(?:trigger_parameters|deploy|event)\../;

const remedyFor = (name: string, isConfig: boolean): string =>
  name.startsWith('parameters.')
    ? 'Parameters are known only in the job, command or executor that declares them: write the value, or a pipeline parameter.'
    : name.startsWith('pipeline.parameters.')
      ? isConfig
        ? 'Declare it under parameters at the top of the file, or correct the name.'
        : 'An orb does not see the parameters of the pipeline: hand it over as an argument.'
      : name.startsWith('matrix.')
        ? 'It is known only in a job of a workflow that has a matrix with this parameter.'
        : name.startsWith('pipeline.')
          ? 'Correct the name.'
          : 'Names begin with parameters., pipeline. or matrix.; an environment variable is written $NAME; a << that is meant as text is written \\<<.';

/** The parameters of one element above the pipeline's values. */
export function elementVariables(what: string, parameters: ReadonlyMap<string, Node>, outer: Variables, executorOf?: (value: BoundNode) => Node | undefined): Variables {
  return {
    ...(executorOf && { executor: executorOf }),
    lookup: (name) => (name.startsWith('parameters.') ? parameters.get(name.slice('parameters.'.length)) : outer.lookup(name)),
    unknown: (name) => (name.startsWith('parameters.') ? undeclared(name, what, parameters.keys()) : outer.unknown(name)),
  };
}

export const undeclared = (name: string, what: string, declared: Iterable<string>): string =>
  `Arguments referenced without declared parameters: ${name}.${didYouMean(name.slice('parameters.'.length), declared)} Declare it under parameters of the ${what}, or correct the name.`;

/** `matrix.x` above the pipeline's values. */
export function matrixVariables(values: ReadonlyMap<string, Node>, outer: Variables): Variables {
  return {
    lookup: (name) => (name.startsWith('matrix.') ? values.get(name.slice('matrix.'.length)) : outer.lookup(name)),
    unknown: (name) => (name.startsWith('matrix.') ? `Referred to a variable "${name}" that does not exist.${didYouMean(name.slice('matrix.'.length), values.keys())} The matrix has ${[...values.keys()].join(', ')}: correct the name, or add the parameter.` : outer.unknown(name)),
  };
}

/** One and then the other. */
export const bothVariables = (first: Variables, second: Variables): Variables => ({
  lookup: (name) => first.lookup(name) ?? second.lookup(name),
  unknown: (name) => first.unknown(name),
});
