// What may stand in a config file? The shape of each part, after YAML and before any meaning.

import { z } from 'zod';
import { durationPattern, durationSeconds } from '../durations.ts';
import { notYet, notYetSentence, notYetStep } from './not-yet.ts';
import { splitWords } from '../shell-words.ts';

// A schema's own `error` is the whole sentence: what is wrong, then the remedy. For the rest validate.ts has the words.

export const notSupportedYet = 'Not supported yet.';

/** Keys that we know and do not run yet. Asking for nothing (null, false, empty) is not asking for them. */
const later = <T extends Record<string, string>>(table: T): Record<keyof T, z.ZodOptional<z.ZodUnknown>> =>
  Object.fromEntries(Object.entries(table).map(([key, remedy]) => [key, unsupported(`\`${key}\``, remedy).optional().describe(notSupportedYet)])) as Record<keyof T, z.ZodOptional<z.ZodUnknown>>;

const unsupported = (feature: string, remedy: string): z.ZodUnknown =>
  z
    .unknown()
    .refine((value) => value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0), {
      error: notYetSentence(feature, remedy),
      params: { notYet: true },
    });

/** Thirty days: longer than any build, shorter than any timer's limit. */
const longestSeconds = 720 * 3600;

const duration = z.string({ error: ({ input }) => durationSentence(input) }).refine(
  (text) => durationPattern.test(text) && durationSeconds(text) > 0 && durationSeconds(text) <= longestSeconds,
  { error: ({ input }) => durationSentence(input) },
);

const durationSentence = (input: unknown): string => `must be a duration such as 30s, 10m or 1.5h, at most 720h, is ${shown(input)}. Write the number and its unit.`;

const value = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: ({ input }) => `the value of a variable must be a text, a number or a boolean, is ${shown(input)}. Put quotes around it, or remove it.`,
});

const variableName = z.string().refine((name) => /^[^=]+$/.test(name));

export const environment = z
  .union([
    z.record(variableName, value),
    z.array(
      z.union([
        z.record(variableName, value),
        z.string().refine((text) => /^[^=]+=/.test(text), { error: ({ input }) => `a variable in a list is written KEY=value, this is ${shown(input)}. Add the = and the value.` }),
      ]),
    ),
  ])
  .nullable()
  .describe('Environment variables; values are not expanded.');

const words = z.string().refine((text) => (splitWords(text)?.length ?? 0) > 0, {
  error: ({ input }) => `must be a program and its arguments, is ${shown(input)}. Write for example /bin/bash -eo pipefail, with every quote closed.`,
});
const shell = z.union([words, z.array(z.string().min(1)).min(1)]);

const command = z.string().refine((text) => text.trim() !== '', { error: 'required key [command] is empty. Write the command, or remove the step.' });

const run = z.union([
  command,
  z.strictObject({
    command,
    name: z.string().optional(),
    environment: environment.optional(),
    when: z
      .enum(['on_success', 'always', 'on_fail'], { error: ({ input }) => `Invalid when condition: expected on_success, always, on_fail; got ${typeof input === 'string' ? input : shown(input)}. Write one of them.` })
      .optional(),
    no_output_timeout: duration.optional(),
    background: z.boolean().optional(),
    working_directory: z.string().min(1).optional(),
    shell: shell.optional(),
    ...later(notYet.run),
  }),
]);

const checkout = z.strictObject({
  path: z.string().min(1).optional(),
  name: z.string().optional(),
  ...later(notYet.checkout),
});

const oneStep = {
  error: (issue: { code?: string | undefined }) =>
    issue.code === 'unrecognized_keys' ? 'a step has exactly one key, this has more. Indent the keys of the step deeper than its name.' : undefined,
};

/** Steps that we run, by name. */
export const stepTypes = { checkout, run };

export const step = z.union([z.literal('checkout'), z.strictObject({ checkout }, oneStep), z.strictObject({ run }, oneStep)], { error: ({ input }) => stepSentence(input) });

function stepSentence(input: unknown): string {
  if (input === 'run') return 'required key [command] not found. Write `- run: COMMAND`.';
  const name = typeof input === 'string' ? input : typeof input === 'object' && input !== null && !Array.isArray(input) ? Object.keys(input)[0] : undefined;
  if (name === undefined) return `a step must be a name or a map, is ${shown(input)}. Write for example \`- run: COMMAND\`.`;
  if (name.includes('/')) return notYetSentence(`\`${name}\`, a command of an orb,`, 'Write its steps as run steps.');
  return notYetStep(name) ?? `Cannot find a definition for command named ${name}. Steps are ${Object.keys(stepTypes).join(', ')}.`;
}

/** What one pipeline can hold open beside its other jobs. */
const mostSlices = 1000;

const dockerEntry = z.strictObject({ image: z.string().min(1), ...later(notYet.docker) });

export const job = z.strictObject(
  {
    docker: z.tuple([dockerEntry]).rest(unsupported('A second container', 'Remove the entry; the first one is where the steps run.')),
    steps: z.array(step).min(1),
    environment: environment.optional(),
    working_directory: z.string().min(1).optional(),
    shell: shell.optional(),
    parallelism: z
      .int({ error: ({ input }) => `parallelism must be an integer, is ${shown(input)}. Write the number without quotes.` })
      .min(1, { error: ({ input }) => `parallelism must be a positive integer, is ${shown(input)}. Remove it for a single container.` })
      .max(mostSlices, { error: ({ input }) => `parallelism must be at most ${mostSlices}, is ${shown(input)}. Write a smaller number.` })
      .optional(),
    resource_class: z.string().min(1).optional(),
    timeout: duration.optional(),
    description: z.string().nullish(),
    ...later(notYet.job),
  },
  {
    error: ({ code, input }) => (code === 'invalid_type' && typeof input === 'string' ? notYetSentence('A job that is another name for a job', 'Write the job here; anchors help.') : undefined),
  },
);

const status = z.enum(['success', 'failed', 'canceled', 'unauthorized', 'not_run', 'terminal']);
const requirement = z.union([z.string(), z.record(z.string(), z.union([status, z.array(status).min(1)]))]);

const invocation = z.strictObject(
  {
    name: z.string().optional(),
    requires: z.union([z.string(), z.array(requirement)]).nullish(),
    ...later(notYet.invocation),
  },
  {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `Unexpected argument(s): ${(issue.keys as string[]).join(', ')}. Jobs take no arguments yet; permitted keys: name, requires.` : undefined),
  },
);

export const workflow = z.strictObject({
  jobs: z.array(z.union([z.string(), z.record(z.string(), invocation.nullable())])),
  description: z.string().nullish(),
  ...later(notYet.workflow),
});

const jobs = z.record(z.string(), job).optional();
const workflows = z.object({ version: z.unknown().optional() }).catchall(workflow).nullish();

/** Version 2: what is not a key of it holds anchors, or nothing. */
export const file20 = z.looseObject({ version: z.literal([2, '2', '2.0']), jobs, workflows });

/** Version 2.1. `roundhouse config schema` prints it. */
export const file21 = z.looseObject({ version: z.literal([2.1, '2.1']), jobs, workflows, ...later(notYet.file) });

/** A value as a sentence shows it. */
export function shown(input: unknown): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  const text = String(input);
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return typeof input === 'string' ? JSON.stringify(short) : short;
}
