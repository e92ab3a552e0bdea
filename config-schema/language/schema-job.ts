// What may a job, an executor or a command be?

import { z } from 'zod';
import { checkKinds, checkRunner, executorName, kinds, maxOneKind, place, saidTwice, twiceSentence } from './schema-executor.ts';
import { elementParameters, executorParameters } from './schema-parameters.ts';
import * as words from './schema-words.ts';
import { sentence, shown, text, withRule } from './schema-words.ts';
import type { Fault } from './schema-words.ts';
import { plainSteps, steps } from './schema-steps.ts';

const types = ['build', 'approval', 'no-op', 'release', 'lock', 'unlock'] as const;

/** What a type cannot be without. A build's needs are longer. */
export const needed: ReadonlyMap<unknown, string> = new Map([
  ['release', 'plan_name'],
  ['lock', 'key'],
  ['unlock', 'key'],
]);

/** What one pipeline can hold open beside its other jobs. */
const mostSlices = 1000;

const integerSentence = (input: unknown): string => `parallelism must be an integer or an expression evaluating to an integer, is ${shown(input)}. Write the number without quotes.`;

const parallelism = z
  .int(sentence(integerSentence))
  .min(1, sentence((input) => `parallelism must be a positive integer, is ${shown(input)}. Remove it for a single container.`))
  .max(mostSlices, sentence((input) => `parallelism must be at most ${mostSlices}, is ${shown(input)}. Write a smaller number.`))
  .describe('In how many containers the job runs at once.');

const retention = z.strictObject({
  caches: z
    .string()
    .regex(/^([1-9]|[12][0-9]|30)d$/, sentence((input) => `must be 1d to 30d, is ${shown(input)}. Write a number of days and the letter d.`))
    .optional()
    .describe('How long caches of this job are kept, such as 7d.'),
});

const ofJob = {
  type: z.enum(types, sentence((input) => `the type of a job is one of ${types.join(', ')}, this is ${shown(input)}. Write one of them.`)).optional().describe('build by default.'),
  parallelism: parallelism.optional(),
  circleci_ip_ranges: words.flag('circleci_ip_ranges').optional(),
  retention: retention.optional(),
  description: words.description.optional(),
  branches: z.unknown().optional().describe('Deprecated; ignored where there are workflows.'),
  plan_name: text.optional().describe('Of a release.'),
  validation: z.unknown().optional().describe('Of a release.'),
  key: text.optional().describe('Of a lock or an unlock.'),
  timeout: words.duration.optional().describe('The limit of the whole job; 5h by default. An extension of Roundhouse.'),
  no_retry: words.flag('no_retry').optional().describe('Never run the job again by itself, not even when a machine was lost. An extension of Roundhouse.'),
  secrets: words.secrets.optional(),
  egress: z.array(text).optional().describe('The hosts that the job may reach; all by default. An extension of Roundhouse.'),
};

const needs =
  (places: readonly string[]) =>
  (map: Record<string, unknown>, fault: Fault): void => {
    const type = map['type'] ?? 'build';
    const key = needed.get(type);
    if (key !== undefined && map[key] === undefined) fault(key, '');
    if (type !== 'build') {
      if ('steps' in map && types.some((known) => known === type)) fault('steps', 'Steps only exist in `build` jobs. Steps here will be ignored. Remove them.', { atKey: true, warning: true });
      return;
    }
    if (!('steps' in map)) fault('steps', '');
    else if (Array.isArray(map['steps']) && map['steps'].length === 0) fault('steps', 'must have at least one entry. Add one.');
    checkKinds(map, fault);
    checkRunner(map, fault);
    for (const key of saidTwice(map)) fault(key, twiceSentence(key), { atKey: true, warning: true });
    if (!places.some((key) => key in map)) fault(places[0]!, `a job needs ${places.slice(0, -1).join(', ')} or ${places.at(-1)!}, this has none of them. Add for example docker with an image.`);
  };

/** Of version 2, and of a processed config: a place of its own to run, and nothing that has to be expanded. */
export const plainJob = withRule(z.strictObject({ ...place, steps: plainSteps.optional(), ...ofJob }), needs(kinds));

const jobMap = withRule(z.strictObject({ ...place, executor: executorName.optional(), steps: steps.optional(), parameters: elementParameters.optional(), ...ofJob }), needs([...kinds, 'executor'])).meta({
  id: 'job-definition',
  ...maxOneKind,
  allOf: [
    { if: { properties: { type: { const: 'build' } } }, then: { required: ['steps'], properties: { steps: { minItems: 1 } }, anyOf: [...kinds, 'executor'].map((key) => ({ required: [key] })) } },
    ...[...needed].map(([type, key]) => ({ if: { properties: { type: { const: type } }, required: ['type'] }, then: { required: [key] } })),
  ],
});

/** Of version 2.1. A text is another name for a job. */
export const job = z.union([text, jobMap]).meta({ id: 'job', description: 'A job: where it runs, and its steps.' });

const executorMap = withRule(
  z.strictObject({ ...place, parameters: executorParameters.optional(), description: words.description.optional() }, {
    error: (issue) => (issue.code === 'unrecognized_keys' && (issue.keys as string[]).includes('steps') ? 'an executor has no steps. Write them into a command or a job.' : undefined),
  }),
  (map, fault) => {
    checkKinds(map, fault);
    checkRunner(map, fault);
    for (const key of saidTwice(map)) fault(key, twiceSentence(key), { atKey: true });
  },
).meta({ id: 'executor-definition', ...maxOneKind });

export const executor = z.union([text, executorMap]).meta({ id: 'executor', description: 'A place to run that several jobs share.' });

const commandMap = z
  .strictObject({ steps, parameters: elementParameters.optional(), description: words.description.optional() })
  .meta({ id: 'command-definition' });

export const command = z.union([text, commandMap, z.null()]).meta({ id: 'command', description: 'Steps under a name, with parameters.' });
