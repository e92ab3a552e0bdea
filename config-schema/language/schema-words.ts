// Which values stand in many places of a config, and what do we say when one is wrong?

import { z } from 'zod';
import { durationPattern, durationSeconds } from '../durations.ts';
import { splitWords } from '../shell-words.ts';

// A schema's own `error` is the whole sentence: what is wrong, then the remedy. For the rest validate.ts has the words.

type Sentence = (input: unknown) => string;

/** The sentence for a value that is there and wrong; of one that is missing validate.ts speaks. */
export const sentence = (words: Sentence) => ({
  error: ({ input }: { input?: unknown }): string | undefined => (input === undefined ? undefined : words(input)),
});

/** The key that is at fault (null: the map itself), and the sentence; empty where the key is missing, and no more is to be said. */
export type Fault = (key: string | null, sentence: string, how?: How) => void;

/** `atKey`: the key is at fault, not its value. `atSecondKey`: of the map, the second key that was written. */
export type How = { atKey?: true; atSecondKey?: true; warning?: true };

/** A schema with a rule over the whole map, looked at also when one of its values is wrong. The rule sees known keys first, and of a strict map no others. */
export const withRule = <T extends z.ZodType>(schema: T, look: (map: Record<string, unknown>, fault: Fault) => void): T =>
  schema.superRefine(
    (map: unknown, context) => {
      if (isMap(map)) look(map, (key, message, how) => context.addIssue({ code: 'custom', message, path: key === null ? [] : [key], ...(how && { params: how }) }));
    },
    { when: () => true },
  );

/** "must be …" of a value, with what to do: of one that is empty that is always the same. */
export const must =
  (expected: string, remedy: string): Sentence =>
  (input) =>
    `must be ${expected}, is ${shown(input)}. ${input === null ? 'Write it, or remove the key.' : remedy}`;

/** For editors: a key too many is passed over, with a warning. */
export const ignoresOthers = { additionalProperties: { deprecationMessage: 'There is no such key. It is ignored; remove it.' } };

const textSentence: Sentence = (input) => must('a text', typeof input === 'boolean' ? 'Put quotes around it.' : 'Write a text.')(input);

/** A number counts by its text: image tags, versions and cache keys are often written without quotes. */
export const text = z.union([z.string().min(1), z.number()], sentence(textSentence));
export const maybeEmpty = z.union([z.string(), z.number()], sentence(textSentence));
export const texts = z.array(text).min(1);

/** Letters, digits and `_`, as every shell takes it. */
const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Thirty days: longer than any build, shorter than any timer's limit. */
const longestSeconds = 720 * 3600;

const durationSentence: Sentence = (input) => `must be a duration such as 30s, 10m or 1.5h, at most 720h, is ${shown(input)}. Write the number and its unit.`;

export const duration = z
  .string(sentence(durationSentence))
  .regex(durationPattern, sentence(durationSentence))
  .refine((written) => !durationPattern.test(written) || (durationSeconds(written) > 0 && durationSeconds(written) <= longestSeconds), sentence(durationSentence));

/** A number counts seconds. */
export const durationOrSeconds = z.union([duration, z.int(sentence(durationSentence)).min(1, sentence(durationSentence)).max(longestSeconds, sentence(durationSentence))], sentence(durationSentence));

const value = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  sentence((input) => `the value of a variable must be a text, a number or a boolean, is ${shown(input)}. Put quotes around it, or remove it.`),
);

const assignmentSentence: Sentence = (input) => `a variable in a list is written KEY=value, this is ${shown(input)}. Add the = and the value.`;

const variables = z.record(z.string().regex(/^[^=]+$/), value);

export const environment = z
  .union([variables, z.array(z.union([variables, z.string().regex(/^[^=]+=/, sentence(assignmentSentence))])), z.null()])
  .meta({ id: 'environment', description: 'Environment variables: a map, a list of maps, or a list of KEY=value. Values are not expanded.' });

/** Empty where an orb's parameter is: then there is none. */
const words = z.string().refine(
  (written) => written === '' || (splitWords(written)?.length ?? 0) > 0,
  sentence((input) => `must be a program and its arguments, is ${shown(input)}. Write for example /bin/bash -eo pipefail, with every quote closed.`),
);
export const shell = z.union([words, z.array(z.string().min(1)).min(1)]).describe('The program that gets each command, with its arguments: a text or a list.');

export const resourceClass = text.describe('The size of the container or machine, such as `medium`.');
export const workingDirectory = maybeEmpty.describe('Where the steps run. Made if it is missing; `~` is expanded, variables are not.');
export const description = z.union([z.string(), z.number(), z.null()]).describe('For people; nothing depends on it.');

export const flag = (key: string): z.ZodBoolean => z.boolean(sentence((input) => `${key} must be a boolean, is ${shown(input)}. Write true or false, without quotes.`));

const rerunsSentence: Sentence = (input) => `max_auto_reruns must be an integer between 1 and 5, is ${shown(input)}. Write such a number, or remove the key.`;
export const maxAutoReruns = z.int(sentence(rerunsSentence)).min(1, sentence(rerunsSentence)).max(5, sentence(rerunsSentence));

export const secrets = z
  .array(z.string().regex(variablePattern, sentence((input) => `the name of a secret is made of letters, digits and _, is ${shown(input)}. Write the name of its file, without .asc.`)))
  .describe('Names of committed secrets to hand in as variables. An extension of Roundhouse.');

/** Of these keys, those that a map has a value for; none when it is no map. */
export const keysOf = (input: unknown, keys: readonly string[]): string[] => (isMap(input) ? keys.filter((key) => Object.hasOwn(input, key) && input[key] !== null) : []);

export const isMap = (input: unknown): input is Record<string, unknown> => typeof input === 'object' && input !== null && !Array.isArray(input);

/** A value as a sentence shows it. */
export function shown(input: unknown): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  const written = String(input);
  const short = written.length > 60 ? `${written.slice(0, 60)}…` : written;
  return typeof input === 'string' ? JSON.stringify(short) : short;
}
