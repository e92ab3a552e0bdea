// What does GitHub's adapter make of a comparison that GitHub cannot tell whole?

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { githubForge } from '../../../activities/adapters/github.ts';
import { openGitHub, type Opened } from './open.ts';

let opened: Opened;
before(async () => (opened = await openGitHub()));
after(async () => {
  opened.github.assertNoFaults();
  await opened.close();
});

const files = (count: number, text: string): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f/${i}`, text]));

test('of 300 files or more nobody knows whether they are all', async () => {
  const { repository, push, settings } = opened;
  const first = await push({ 'README.md': 'x' });
  const some = await push(files(299, '1'));
  const many = await push(files(300, '2'));
  const forge = githubForge(settings);
  const found = await forge.changedPaths(repository, first.sha, some.sha);
  assert.equal('paths' in found && found.paths.length, 299);
  assert.deepEqual(await forge.changedPaths(repository, some.sha, many.sha), { unknown: `${some.sha}...${many.sha} has 300 files or more, of which GitHub does not list all` });
});

test('the changes of a branch are its own, however the default branch goes on', async () => {
  const { repository, push, settings, git } = opened;
  await git('switch', '-q', '-c', 'feature/x');
  const topic = await push({ 'topic.txt': 'x' }, 'Topic', 'refs/heads/feature/x');
  await git('switch', '-q', 'main');
  await push({ 'main.txt': 'x' }, 'Main goes on');
  const forge = githubForge(settings);
  assert.deepEqual(await forge.changedPaths(repository, 'main', topic.sha), { paths: ['topic.txt'] });
  assert.deepEqual(await forge.changedPaths(repository, 'feature/x', topic.sha), { paths: [] });
});
