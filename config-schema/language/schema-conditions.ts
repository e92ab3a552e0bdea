// What may stand behind `when`, `unless` and `condition`?

import { z } from 'zod';
import { withRule } from './schema-words.ts';

const operators = ['and', 'or', 'not', 'equal', 'matches'];

const atLeastOne = { error: 'must have at least one argument. Add one.' };

/** A logic statement: a value that counts as true or false, or a map of one operator. */
export const condition: z.ZodType = z
  .lazy(() => z.union([z.string(), z.number(), z.boolean(), z.null(), statement], { error: ({ input }) => (Array.isArray(input) ? 'a condition is a value or a map of one operator, this is a list. Write `and:` or `or:` before it.' : undefined) }))
  .meta({ id: 'condition', description: 'A value, or one of and, or, not, equal, matches.' });

const statement = withRule(
  z.strictObject(
    {
      and: z.array(condition).min(1, atLeastOne).optional().describe('True when all of the list are.'),
      or: z.array(condition).min(1, atLeastOne).optional().describe('True when one of the list is.'),
      not: condition.optional().describe('True when its argument is not.'),
      equal: z.array(z.unknown()).min(1, atLeastOne).optional().describe('True when all of the list are the same, in value and type.'),
      matches: z
        .strictObject({ pattern: z.union([z.string(), z.number()]).describe('A regular expression (RE2), bare or between slashes.'), value: z.string() })
        .optional()
        .describe('True when the pattern is found in the value.'),
    },
    { error: (issue) => (issue.code === 'unrecognized_keys' ? `there is no operator ${(issue.keys as string[]).join(', ')}. Operators are ${operators.join(', ')}.` : undefined) },
  ),
  (map, fault) => {
    const there = Object.keys(map);
    if (there.length > 1 && there.every((key) => operators.includes(key))) fault(null, `a condition has exactly one operator, this has ${there.join(', ')}. Put them into a list under \`and:\` or \`or:\`.`);
    if (there.length === 0) fault(null, `a condition has exactly one operator, this has none. Write one of ${operators.join(', ')}.`);
  },
).meta({ minProperties: 1, maxProperties: 1 });
