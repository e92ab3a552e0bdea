import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandVariables } from '../../../activities/builder/expand-variables.ts';

const variables = { USER_NAME: 'ada', PASSWORD: 'p$PASSWORD', EMPTY: '', A: 'a' };
const texts: [string, string][] = [
  ['plain', 'plain'],
  ['$USER_NAME', 'ada'],
  ['${USER_NAME}', 'ada'],
  ['x${A}y$A-$A', 'xaya-a'],
  ['$PASSWORD', 'p$PASSWORD'],
  ['$EMPTY', ''],
  ['$', '$'],
  ['costs 5$ or $5', 'costs 5$ or $5'],
  ['${', '${'],
  ['$A$A', 'aa'],
];
for (const [text, expanded] of texts) test(`${text} becomes ${expanded}`, () => assert.deepEqual(expandVariables(text, variables), { text: expanded }));

test('a variable that is unknown is named', () => {
  assert.deepEqual(expandVariables('$A $NONE ${toString} $NONE', variables), { problem: 'there is no variable $NONE, $toString. Set it for the repository, or in a context that the job names.' });
});
