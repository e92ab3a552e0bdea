import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let bob: Person;
let work: string;
let installation: number;

before(async () => {
  scene = await openScene();
  [alice, bob] = [await scene.person('alice'), await scene.person('bob')];
  await scene.github.createRepository({ owner: 'alice', name: 'app' });
  installation = scene.github.installApp('alice').id;
  work = await alice.clone('alice/app');
  await scene.commit(alice, work, 'Begin', { 'a.txt': 'a\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  await scene.github.settled();
});
after(async () => {
  await scene.github.settled();
  const faults = scene.github.faults();
  await scene.close();
  assert.deepEqual(faults, []);
});

const pullEvents = (number: number): any[] => scene.github.deliveries({ event: 'pull_request' }).map(({ request }) => request.payload as any).filter((payload) => payload.number === number);

test('a pull request of the same repository is opened, synchronized and merged', async () => {
  await alice.git(work, 'checkout', '--quiet', '-b', 'topic');
  const one = await scene.commit(alice, work, 'One', { 'b.txt': 'b\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'topic');
  const { number } = await scene.github.openPullRequest('alice/app', { head: 'topic', title: 'Topic', author: 'alice' });
  const two = await scene.commit(alice, work, 'Two', { 'c.txt': 'c\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'topic');
  await scene.github.settled();
  assert.match(await alice.git(work, 'ls-remote', 'origin', `refs/pull/${number}/*`), new RegExp(`${two}\\trefs/pull/${number}/head\\n[0-9a-f]{40}\\trefs/pull/${number}/merge`));
  const suite = scene.github.deliveries({ event: 'check_suite' }).map(({ request }) => (request.payload as any).check_suite).find((candidate) => candidate.head_sha === two);
  assert.deepEqual(suite.pull_requests.map((pull: any) => pull.number), [number], 'a check suite names the pull requests that its commit heads');

  const merge = await scene.github.mergePullRequest('alice/app', number, 'alice');
  await scene.github.settled();
  const events = pullEvents(number);
  assert.deepEqual(events.map(({ action }) => action), ['opened', 'synchronize', 'closed']);
  assert.deepEqual([events[0].pull_request.head.sha, events[0].pull_request.commits, events[0].pull_request.changed_files], [one, 1, 1]);
  assert.deepEqual([events[1].before, events[1].after], [one, two]);
  assert.deepEqual([events[2].pull_request.merged, events[2].pull_request.merge_commit_sha, events[2].pull_request.merged_by.login], [true, merge, 'alice']);
  assert.equal(scene.github.deliveries({ event: 'push' }).at(-1)?.request.payload['after'], merge, 'merging is a push to the base');
});

test("a fork's pull request reaches the base repository, without a push or a check suite there", async () => {
  await scene.github.fork('alice/app', 'bob');
  const clone = await bob.clone('bob/app');
  await bob.git(clone, 'checkout', '--quiet', '-b', 'fix', 'origin/main');
  const one = await scene.commit(bob, clone, 'Fix', { 'fix.txt': 'f\n' });
  const before = scene.github.deliveries().length;
  await bob.git(clone, 'push', '--quiet', 'origin', 'fix');
  await scene.github.settled();
  assert.equal(scene.github.deliveries().length, before, 'the app is not installed on the fork');

  const { number } = await scene.github.openPullRequest('alice/app', { head: 'bob:fix', title: 'A fix', author: 'bob' });
  await scene.github.settled();
  const [opened] = pullEvents(number);
  assert.deepEqual([opened.pull_request.head.repo.full_name, opened.pull_request.head.repo.fork, opened.pull_request.base.repo.full_name, opened.pull_request.head.label], ['bob/app', true, 'alice/app', 'bob:fix']);
  assert.equal(opened.sender.login, 'bob');
  await alice.git(work, 'fetch', '--quiet', 'origin', `refs/pull/${number}/head`);
  assert.equal(await alice.git(work, 'rev-parse', 'FETCH_HEAD'), one);

  const octokit = scene.octokit(installation);
  const run = await octokit.request('POST /repos/{owner}/{repo}/check-runs', { owner: 'alice', repo: 'app', name: 'build', head_sha: one, status: 'in_progress' });
  const suites = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-suites', { owner: 'alice', repo: 'app', ref: one });
  assert.deepEqual([run.data.pull_requests, suites.data.check_suites.map((suite) => suite.head_branch)], [[], [null]], 'GitHub does not see a push to a fork');

  const two = await scene.commit(bob, clone, 'Better', { 'fix.txt': 'g\n' });
  await bob.git(clone, 'push', '--quiet', 'origin', 'fix');
  await scene.github.settled();
  assert.deepEqual(pullEvents(number).map(({ action, pull_request: { head } }) => [action, head.sha]), [['opened', one], ['synchronize', two]]);
});

test('a draft, a conflict, a close, a reopening, and the end of its branch', async () => {
  await alice.git(work, 'fetch', '--quiet', 'origin', 'main');
  await alice.git(work, 'checkout', '--quiet', '-B', 'left', 'origin/main');
  await scene.commit(alice, work, 'Left', { 'a.txt': 'left\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'left');
  const pull = await scene.github.openPullRequest('alice/app', { head: 'left', author: 'alice', draft: true });
  assert.deepEqual([pull.draft, pull.mergeable], [true, true]);
  await alice.git(work, 'checkout', '--quiet', '-B', 'main', 'origin/main');
  await scene.commit(alice, work, 'Right', { 'a.txt': 'right\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  await scene.github.settled();
  assert.equal(pull.mergeable, false);
  await assert.rejects(scene.github.mergePullRequest('alice/app', pull.number, 'alice'), /conflicts with main/);
  await scene.github.closePullRequest('alice/app', pull.number, 'alice');
  await scene.github.reopenPullRequest('alice/app', pull.number, 'alice');
  await alice.git(work, 'push', '--quiet', 'origin', '--delete', 'left');
  await scene.github.settled();
  assert.deepEqual(pullEvents(pull.number).map(({ action }) => action), ['opened', 'closed', 'reopened', 'closed']);
});

test('comments of people and of the app are told, and kept', async () => {
  scene.github.comment('alice/app', 1, 'bob', 'Looks good');
  const octokit = scene.octokit(installation);
  await assert.rejects(octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', { owner: 'alice', repo: 'app', issue_number: 1, body: 'From the app' }), /not accessible by integration/);
  await scene.github.settled();
  const told = scene.github.deliveries({ event: 'issue_comment' }).map(({ action, request }) => [action, (request.payload as any).comment.body, (request.payload as any).issue.number, (request.payload as any).issue.pull_request.html_url.endsWith('/pull/1'), (request.payload as any).comment.author_association]);
  assert.deepEqual(told, [['created', 'Looks good', 1, true, 'CONTRIBUTOR']]);
  assert.deepEqual(scene.github.comments('alice/app', 1), [{ author: 'bob', body: 'Looks good' }]);
});

test('a label is told with who put it on or took it off, once, and stands on the pull request', async () => {
  await scene.github.label('alice/app', 1, 'bob', 'run-ci');
  await scene.github.label('alice/app', 1, 'alice', 'Run-CI');
  await scene.github.unlabel('alice/app', 1, 'alice', 'RUN-CI');
  await scene.github.settled();
  const told = pullEvents(1).filter(({ action }) => action.endsWith('labeled'));
  assert.deepEqual(told.map(({ action, label, sender, pull_request }) => [action, label.name, sender.login, pull_request.labels.map(({ name }: { name: string }) => name)]), [['labeled', 'run-ci', 'bob', ['run-ci']], ['unlabeled', 'run-ci', 'alice', []]]);
});

test('the merge queue pushes a branch of its own, asks for checks, and merges', async () => {
  await alice.git(work, 'checkout', '--quiet', '-B', 'queued', 'origin/main');
  await scene.commit(alice, work, 'Queued', { 'q.txt': 'q\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'queued');
  const { number } = await scene.github.openPullRequest('alice/app', { head: 'queued', author: 'alice' });
  const { headRef, headSha } = await scene.github.enqueue('alice/app', number, 'alice');
  await scene.github.settled();
  const [asked] = scene.github.deliveries({ event: 'merge_group' }).map(({ request }) => request.payload as any);
  assert.deepEqual([asked.action, asked.merge_group.head_sha, asked.merge_group.head_ref, asked.merge_group.base_ref], ['checks_requested', headSha, headRef, 'refs/heads/main']);
  assert.equal(scene.github.deliveries({ event: 'push' }).at(-1)?.request.payload['ref'], headRef);
  await scene.github.dequeue('alice/app', number, 'alice', 'merged');
  await scene.github.settled();
  assert.equal(pullEvents(number).at(-1).pull_request.merged, true);
  assert.equal(await alice.git(work, 'ls-remote', 'origin', 'refs/heads/main').then((line) => line.slice(0, 40)), headSha);
  assert.equal(await alice.git(work, 'ls-remote', 'origin', headRef), '');
});
