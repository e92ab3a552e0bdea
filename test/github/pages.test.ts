import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let sha: string;

before(async () => {
  scene = await openScene();
  const alice = await scene.person('alice');
  await scene.github.createRepository({ owner: 'alice', name: 'app' });
  const { id } = scene.github.installApp('alice');
  const work = await alice.clone('alice/app');
  sha = await scene.commit(alice, work, 'Begin <script>alert(1)</script>', { 'page.html': '<script>alert(2)</script>' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  await scene.octokit(id).request('POST /repos/{owner}/{repo}/check-runs', {
    owner: 'alice', repo: 'app', name: 'build "x"', head_sha: sha, status: 'completed', conclusion: 'failure', details_url: 'http://ci.example/1',
    output: { title: '<b>Broken</b>', summary: '</pre><img src=x onerror=alert(3)>', annotations: [{ path: 'a<b', start_line: 3, end_line: 3, annotation_level: 'failure', message: 'm<i>' }] },
    actions: [{ label: 'Again', description: 'Once more', identifier: 'again' }],
  });
});
after(() => scene.close());

const read = async (path: string): Promise<{ status: number; text: string; type: string | null }> => {
  const response = await fetch(`${scene.github.url}${path}`);
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
};

test('the page of a repository shows its branches, commits and how their checks went', async () => {
  const { status, text } = await read('/alice/app');
  assert.equal(status, 200);
  assert.match(text, new RegExp(`/alice/app/commit/${sha}/checks`));
  assert.match(text, /0 of 1 checks passed/);
  assert.doesNotMatch(text, /<script>/);
});

test("a commit's checks show what the app reported, as text", async () => {
  const { text } = await read(`/alice/app/commit/${sha}/checks`);
  assert.match(text, /data-name="build &quot;x&quot;" data-status="completed" data-conclusion="failure"/);
  assert.match(text, /&lt;b&gt;Broken&lt;\/b&gt;/);
  assert.match(text, /<a href="http:\/\/ci.example\/1">Details<\/a>/);
  assert.match(text, /a&lt;b:3/);
  assert.doesNotMatch(text, /<img|<script>|<i>/);
});

test('a button of a completed check is pressed on its page, and the app hears who pressed which', async () => {
  const { text } = await read(`/alice/app/commit/${sha}/checks`);
  const path = /<form method="post" action="([^"]+)">/.exec(text)?.[1];
  assert.match(text, /<button name="action" value="again" title="Once more">Again<\/button>/);
  const press = (action: string, login: string) => fetch(`${scene.github.url}${path}`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ action, login }) });
  assert.deepEqual([(await press('other', 'alice')).status, (await press('again', 'nobody')).status, (await press('again', 'alice')).status], [422, 422, 302]);
  const [delivery, ...more] = scene.github.deliveries({ event: 'check_run', action: 'requested_action' });
  assert.deepEqual([delivery?.request.payload['requested_action'], (delivery?.request.payload['sender'] as { login: string }).login, more], [{ identifier: 'again' }, 'alice', []]);
  scene.github.assertNoFaults();
});

test('files are shown as text, and what is not there is said', async () => {
  assert.match((await read('/alice/app/raw/main/page.html')).type ?? '', /^text\/plain/);
  for (const path of ['/alice/absent', `/alice/app/commit/${'0'.repeat(40)}/checks`, '/alice/app/raw/main/absent', '/%E0%A4%A']) assert.equal((await read(path)).status, 404, path);
});
