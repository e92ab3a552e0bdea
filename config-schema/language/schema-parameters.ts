// How is a parameter declared?

import { z } from 'zod';
import { looseSteps } from './schema-steps.ts';
import { description, isMap, shown } from './schema-words.ts';

const ofPipeline = ['string', 'boolean', 'integer', 'enum'] as const;
const ofExecutor = [...ofPipeline, 'env_var_name'] as const;
const ofElement = [...ofPipeline, 'executor', 'steps', 'env_var_name'] as const;

const values = z
  .array(z.union([z.string(), z.number(), z.boolean()]))
  .min(1)
  .describe('What a parameter of the type enum may be.');

function parametersOf(types: readonly string[], id: string, isDefaultNeeded: boolean): z.ZodType {
  const choice = (type: z.ZodType, fallback: z.ZodType): z.ZodRawShape => ({
    type,
    default: isDefaultNeeded ? fallback.describe('What it is when nobody says.') : fallback.optional().describe('What it is when nobody says; without one it must be given.'),
    description: description.optional(),
    enum: values.optional(),
  });
  const others = types.filter((type) => type !== 'enum' && type !== 'steps');
  const forms = [
    z.strictObject(choice(z.literal(others), given)),
    z.strictObject({ ...choice(z.literal('enum'), given), enum: values }),
    ...(types.includes('steps') ? [z.strictObject(choice(z.literal('steps'), z.union([looseSteps, z.null()])))] : []),
  ];
  const parameter = z.discriminatedUnion('type', forms as unknown as [z.ZodObject<{ type: z.ZodLiteral }>], {
    error: ({ code, input }) =>
      code === 'invalid_union' && isMap(input) && input['type'] !== undefined ? `the type of a parameter is one of ${types.join(', ')}, this is ${shown(input['type'])}. Write one of them.` : undefined,
  });
  return z.record(z.string(), parameter.meta({ id })).nullable().describe('Parameters, by name.');
}

const given = z.unknown().refine((input) => input !== undefined);

/** Of the whole pipeline: they must have a default. */
export const pipelineParameters = parametersOf(ofPipeline, 'pipeline-parameter', true);

export const executorParameters = parametersOf(ofExecutor, 'executor-parameter', false);

/** Of a job or a command. */
export const elementParameters = parametersOf(ofElement, 'parameter', false);
