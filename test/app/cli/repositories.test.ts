// What `roundhouse repositories` prints of one, and what `follow` and `unfollow` ask for.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Command } from 'commander';
import { repositoryCommands, repositoryLine } from '../../../app/cli/repository-commands.ts';
import type { ListedRepository } from '../../../app/control/repository-operations.ts';

const shop: ListedRepository = { id: 7, owner: 'acme', name: 'shop', private: true, defaultBranch: 'main', isInstalled: true, isKnown: true, isBuilt: true, settings: null, last: null };
const settings = { version: 1 as const, followed: true, changedBy: 'ada', changedAt: '2026-01-01T00:00:00Z' };

const cases: { title: string; of: Partial<ListedRepository>; line: string }[] = [
  { title: 'built as all are', of: {}, line: 'acme/shop  built  private' },
  { title: 'followed, with a pipeline', of: { settings, private: false, last: { number: 9, outcome: 'failed', endedAt: '2026-01-02T03:04:05Z' } }, line: 'acme/shop  followed  public  #9 failed 2026-01-02 03:04' },
  { title: 'unfollowed', of: { isBuilt: false, settings: { ...settings, followed: false } }, line: 'acme/shop  unfollowed  private' },
  { title: 'not listed', of: { isBuilt: false }, line: 'acme/shop  not followed  private' },
  { title: 'without the App, and with a hostile name', of: { isInstalled: false, isBuilt: false, private: null, name: 'sh\u001b[31mop' }, line: 'acme/sh [31mop  not installed' },
];
for (const { title, of, line } of cases) test(title, () => assert.equal(repositoryLine({ ...shop, ...of }).trim().replace(/ {2,}/g, '  '), line));

test('follow and unfollow ask for what they say', async () => {
  const asked: unknown[] = [];
  const program = new Command().exitOverride();
  repositoryCommands(program, async () => async <Answer>(operation: string, input: unknown) => {
    asked.push([operation, input]);
    return {} as Answer;
  });
  await program.parseAsync(['follow', 'acme/shop'], { from: 'user' });
  await program.parseAsync(['unfollow', 'acme/shop'], { from: 'user' });
  assert.deepEqual(asked, [['repositories.follow', { repository: 'acme/shop' }], ['repositories.unfollow', { repository: 'acme/shop' }]]);
});
