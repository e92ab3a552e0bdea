// What may stand behind `when`, `unless` and `condition`?

import { z } from 'zod';
import { noPatterns, notPatterns } from './changed.ts';
import { withRule } from './schema-words.ts';

const operators = ['and', 'or', 'not', 'equal', 'matches', 'changed'];

const atLeastOne = { error: 'must have at least one argument. Add one.' };

/** A logic statement: a value that counts as true or false, or a map of one operator. */
export const condition: z.ZodType = z
  .lazy(() => z.union([z.string(), z.number(), z.boolean(), z.null(), statement], { error: ({ input }) => (Array.isArray(input) ? 'a condition is a value or a map of one operator, this is a list. Write `and:` or `or:` before it.' : undefined) }))
  .meta({ id: 'condition', description: 'A value, or one of and, or, not, equal, matches, changed.' });

const statement = withRule(
  z
    .object({
      and: z.array(condition).min(1, atLeastOne).optional().describe('True when all of the list are.'),
      or: z.array(condition).min(1, atLeastOne).optional().describe('True when one of the list is.'),
      not: condition.optional().describe('True when its argument is not.'),
      equal: z.array(z.unknown()).min(1, atLeastOne).optional().describe('True when all of the list are the same, in value and type.'),
      matches: z
        .strictObject({ pattern: z.union([z.string(), z.number()]).describe('A regular expression (RE2), bare or between slashes.'), value: z.string() })
        .optional()
        .describe('True when the pattern is found in the value.'),
      changed: z
        .union([z.string(), z.array(z.string({ error: notPatterns })).min(1, { error: noPatterns })], { error: ({ input }) => (Array.isArray(input) ? undefined : notPatterns) })
        .optional()
        .describe('True when the commit has changed a path that one of these globs matches. A glob that begins with ! takes matches out again.'),
    })
    .catchall(z.unknown()),
  (map, fault) => {
    const there = Object.keys(map);
    const unknown = there.find((key) => !operators.includes(key));
    if (unknown !== undefined) fault(unknown, `there is no operator ${unknown}. Operators are ${operators.join(', ')}.`, { atKey: true });
    else if (there.length !== 1) fault(null, `a condition has exactly one operator, this has ${there.join(', ') || 'none'}. ${there.length > 1 ? 'Put them into a list under `and:` or `or:`' : `Write one of ${operators.join(', ')}`}.`);
  },
).meta({ minProperties: 1, maxProperties: 1, additionalProperties: false });
