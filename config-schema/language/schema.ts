// What may stand in a config file? The shape of the whole, after YAML and before any meaning.

import { z } from 'zod';
import { command, executor, job, plainJob } from './schema-job.ts';
import { pipelineParameters } from './schema-parameters.ts';
import { description, maybeEmpty } from './schema-words.ts';
import { jobGroup, workflow, workflow20 } from './schema-workflow.ts';

export { shown } from './schema-words.ts';

const named = <T extends z.ZodType>(schema: T): z.ZodRecord<z.ZodString, T> => z.record(z.string(), schema);

const version = z.literal([2, 2.1, '2', '2.0', '2.1']).describe('2.1, or 2 for a file without templates, commands and orbs.');
const workflowsOf = (schema: z.ZodType): z.ZodType => z.object({ version: z.unknown().optional() }).catchall(schema).nullish().describe('Graphs of jobs, by name.');

/** Version 2: what is not a key of it holds anchors, or nothing. */
export const file20 = z.looseObject({ version, jobs: named(plainJob).nullish(), workflows: workflowsOf(workflow20) });

const elements = {
  commands: named(command).nullish().describe('Steps that jobs share, by name.'),
  executors: named(executor).nullish().describe('Places to run that jobs share, by name.'),
  jobs: named(job).nullish().describe('Jobs, by name. They run where a workflow names them.'),
};

const display = z.looseObject({ home_url: z.unknown().optional(), source_url: z.unknown().optional() }).nullish();

/** What an orb holds; its orbs may be written into it. */
export const orb: z.ZodType = z
  .looseObject({
    version: z.unknown().optional(),
    description: description.optional(),
    display,
    orbs: z.lazy(() => orbs).optional(),
    ...elements,
    examples: z.unknown().optional(),
  })
  .meta({ id: 'orb', description: 'Commands, executors and jobs under a name.' });

const orbs = named(z.union([maybeEmpty, orb])).nullable().meta({ id: 'orbs', description: 'Orbs, by the name that they have here: a reference such as `circleci/node@5.0.2`, an address, or an orb itself.' });

/** Version 2.1. `roundhouse config schema` prints it. */
export const file21 = z
  .looseObject({
    version,
    setup: z.boolean().nullish().describe('This file only makes the config that runs.'),
    orbs: orbs.optional(),
    parameters: pipelineParameters.optional(),
    ...elements,
    'job-groups': named(jobGroup).nullish().describe('Jobs that workflows name together.'),
    workflows: workflowsOf(workflow),
  })
  .describe('A config of Roundhouse: what runs for a push.');
