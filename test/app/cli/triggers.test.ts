// What `roundhouse trigger` and `schedules` ask for and print.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Command } from 'commander';
import { scheduleLine, triggerCommands } from '../../../app/cli/trigger-commands.ts';

/** Runs the command lines, and answers what they asked for. */
async function askedBy(...lines: string[]): Promise<unknown[]> {
  const asked: unknown[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  triggerCommands(program, async () => async <Answer>(operation: string, input: unknown) => {
    asked.push([operation, JSON.parse(JSON.stringify(input))]);
    return { number: 9, branch: 'main', schedules: [] } as Answer;
  });
  for (const line of lines) await program.parseAsync(line.split(' '), { from: 'user' });
  return asked;
}

test('a pipeline is asked for with parameters as YAML types them', async () =>
  assert.deepEqual(await askedBy('trigger acme/shop --branch main --param deep=true --param level=3 --param word=x=y --param version=1.20 --param text="5"'), [
    ['pipelines.trigger', { repository: 'acme/shop', branch: 'main', parameters: { deep: true, level: 3, word: 'x=y', version: '1.20', text: '5' } }],
  ]));

test('a tag instead of a branch, and nothing at all', async () => {
  assert.deepEqual(await askedBy('trigger acme/shop --tag v1'), [['pipelines.trigger', { repository: 'acme/shop', tag: 'v1', parameters: {} }]]);
  assert.deepEqual(await askedBy('trigger acme/shop'), [['pipelines.trigger', { repository: 'acme/shop', parameters: {} }]]);
});

for (const line of ['trigger acme/shop --branch main --tag v1', 'trigger acme/shop --param deep', 'trigger acme/shop --param =x', 'schedules add acme/shop --name x', 'schedules remove acme/shop']) test(`refused: ${line}`, () => assert.rejects(askedBy(line)));

test('schedules are added, listed and removed', async () => {
  const asked = await askedBy('schedules remove acme/shop --name weekly', 'schedules list acme/shop', 'schedules add acme/shop --name weekly --cron @daily --param deep=true');
  assert.deepEqual(asked, [
    ['schedules.remove', { repository: 'acme/shop', name: 'weekly' }],
    ['schedules.list', { repository: 'acme/shop' }],
    ['schedules.add', { repository: 'acme/shop', name: 'weekly', cron: '@daily', parameters: { deep: true } }],
  ]);
});

const listed = { name: 'weekly', workflow: null, branch: 'main', cron: '0 4 * * 1', parameters: { deep: true }, by: 'operator root', next: '2026-11-30T04:00:00.000Z' };
for (const [what, line, printed] of [
  ['one that somebody arranged', listed, 'weekly main 0 4 * * 1 next 2026-11-30 04:00 deep=true'],
  ['one of the config, with a hostile name', { ...listed, name: null, workflow: 'n\u001b[31m', parameters: {}, next: null }, 'workflow n [31m (config) main 0 4 * * 1 next never'],
] as const)
  test(`the line of ${what}`, () => assert.equal(scheduleLine(line).replace(/ {2,}/g, ' '), printed));
