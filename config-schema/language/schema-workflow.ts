// What may a workflow hold?

import { z } from 'zod';
import { condition } from './schema-conditions.ts';
import { looseSteps } from './schema-steps.ts';
import * as words from './schema-words.ts';
import { ignoresOthers, isMap, must, sentence, shown, text, withRule } from './schema-words.ts';

const patterns = z.union([text, z.array(text)], sentence(must('a name or a list of names', 'Write names, or /patterns/ between slashes.'))).nullable();

const ref = z
  .strictObject({ only: patterns.optional().describe('Run for these alone.'), ignore: patterns.optional().describe('Do not run for these.') })
  .nullable()
  .meta({ id: 'ref-filter', description: 'Names, or regular expressions between slashes that must match the whole name.' });

const filters = z
  .union([z.string().min(1), z.strictObject({ branches: ref.optional(), tags: ref.optional() }).meta(ignoresOthers)])
  .nullable()
  .meta({ id: 'filters', description: 'For which branches and tags: a map, or an expression such as `pipeline.git.branch == "main"`.' });

export const requiredStatuses = ['success', 'failed', 'canceled', 'unauthorized', 'not_run', 'terminal'] as const;

const status = z.enum(requiredStatuses, sentence((input) => `the status of a required job is one of ${requiredStatuses.join(', ')}, this is ${shown(input)}. Write one of them.`));

const requirement = z.union(
  [text, z.record(z.string(), z.union([status, z.array(status).min(1)], sentence(must('a status or a list of them', 'Write for example `[success, failed]`.'))))],
  sentence((input) => `a required job is a name, or a map of name and status, this is ${shown(input)}. Correct it.`),
);

const requires = z
  .union([text, z.array(requirement)], sentence(must('a list of jobs', 'Write each after "- " on a line of its own.')))
  .nullable()
  .meta({ id: 'requires', description: 'Jobs of the workflow that must have ended first: each a name (it must have passed), or a map of name and statuses.' });

const matrix = z
  .strictObject({
    parameters: z.record(z.string(), z.unknown()).describe('The values of each parameter, as lists.'),
    exclude: z.array(z.record(z.string(), z.unknown())).nullish().describe('Combinations to leave out.'),
    alias: text.nullish().describe('A name for all of them, for requires.'),
  })
  .meta({ id: 'matrix', description: 'One job for each combination of values.' });

const context = z.union([text, z.array(text)], sentence(must('the name of a context or a list of them', 'Correct it.'))).nullable().describe('Contexts whose variables the job gets; of two with the same variable the later counts.');

const serialGroup = z
  .union([z.string().regex(/\S/, sentence(() => 'must not be blank. Write a key, or remove it.')), z.number()], sentence(must('a text', 'Write a key.')))
  .describe('A key: of all jobs with it, one runs at a time.');

const options = {
  requires: requires.optional(),
  name: text.nullish().describe('What the job is called here.'),
  context: context.optional(),
  type: z.literal('approval', sentence((input) => `the type of a job in a workflow can only be approval, this is ${shown(input)}. Write it into the definition of the job.`)).nullish().describe('approval: wait until somebody allows what comes after.'),
  filters: filters.optional(),
  matrix: matrix.nullish(),
  'pre-steps': looseSteps.nullish().describe('Steps before those of the job.'),
  'post-steps': looseSteps.nullish().describe('Steps after those of the job.'),
  'serial-group': serialGroup.nullish(),
  'override-with': z.union([z.string().regex(/\//, sentence(must('the job of an orb such as ORB/JOB', 'Correct it.'))), z.null()]).optional().describe('Use this job of an orb instead, if there is one.'),
};

/** The names that are options of an invocation, and never arguments. */
export const invocationOptions: readonly string[] = Object.keys(options);

/** What is not an option is an argument. */
export const invocation = z.object(options).catchall(z.unknown()).nullable().meta({ id: 'invocation', description: 'Options and arguments of the job.' });

const oneJob = 'a job in a workflow has exactly one key, its name; this has more. Indent its options deeper than the name.';

const passedOver = (keys: string[]): string => `${keys.join(', ')} stands beside the job's name, not below it, and is ignored. Indent it deeper than the name, or remove it.`;

const withOptions = withRule(z.record(z.string(), invocation), (map, fault) => {
  const [first, ...others] = Object.keys(map);
  if (first === undefined) fault(null, 'must be the name of a job, or a map of its name and options, is empty. Correct it.');
  else if (others.length > 0) {
    // The original refuses a list or a text there, such as that of requires, and passes over a map, such as filters.
    const isPassedOver = map[first] === null && others.every((key) => key in options && isMap(map[key]));
    fault(null, isPassedOver ? passedOver(others) : oneJob, { atSecondKey: true, ...(isPassedOver && { warning: true }) });
  }
}).meta({ minProperties: 1, maxProperties: 1 });

const invocations = z.array(z.union([text, withOptions], sentence(must('the name of a job, or a map of its name and options', 'Correct it.'))));

const trigger = z.strictObject({
  schedule: z.strictObject({
    cron: text.describe('Minute, hour, day of month, month, day of week; UTC.'),
    filters: z.strictObject({ branches: ref.optional() }).nullable().describe('On which branches.'),
  }),
});

const workflowOf = (extra: z.ZodRawShape): z.ZodType =>
  withRule(
    z.strictObject({
      jobs: invocations.describe('The jobs, in any order: each a name, or a map of name and options.'),
      triggers: z.array(trigger).nullish().describe('Run on a schedule, and not on pushes.'),
      description: words.description.optional(),
      max_auto_reruns: words.maxAutoReruns.optional().describe('Run failed jobs again, so many times at most.'),
      auto_cancel: words.flag('auto_cancel').optional().describe('false: let it run on when the branch has a newer commit. An extension of Roundhouse.'),
      ...extra,
    }),
    (map, fault) => {
      // The manual asks for one at least; the original does not.
      if (Array.isArray(map['jobs']) && map['jobs'].length === 0) fault('jobs', 'the workflow has no jobs. It is left out; remove it, or give it a job.', { warning: true });
      if ('when' in map && 'unless' in map) fault('unless', 'a workflow has when or unless, not both. Remove one; `not:` turns a condition round.', { atKey: true });
    },
  );

export const workflow20 = workflowOf({});
export const workflow = workflowOf({ when: condition.optional().describe('Run it only if this holds.'), unless: condition.optional().describe('Run it only if this does not hold.') }).meta({
  id: 'workflow',
  description: 'A graph of jobs.',
  not: { required: ['when', 'unless'] },
});

export const jobGroup = z.strictObject({ jobs: invocations, description: words.description.optional() }).meta({ id: 'job-group', description: 'Jobs that a workflow names together.' });
