import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let sha: string;
let feature: string;
let token: string;
let ids: Record<string, number | string>;

/** Asks as the app's installation, unless told otherwise; answers the status and the parsed body. */
async function ask(method: string, path: string, body?: unknown, authorization: string | null = `Bearer ${token}`): Promise<{ status: number; body: any; headers: Headers }> {
  const response = await fetch(`${scene.github.apiUrl}${path}`, {
    method,
    redirect: 'manual',
    headers: { 'User-Agent': 'test', Accept: 'application/vnd.github+json', ...(authorization === null ? {} : { Authorization: authorization }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

let jwt: string;

before(async () => {
  scene = await openScene();
  const { github } = scene;
  alice = await scene.person('alice');
  await scene.person('bob');
  github.createOrganization('acme', { alice: 'admin', bob: 'member' });
  await github.createRepository({ owner: 'acme', name: 'app', private: true, description: 'An app' });
  github.addCollaborator('acme/app', 'bob', 'maintain');
  const installation = github.installApp('acme');
  const work = await alice.clone('acme/app');
  sha = await scene.commit(alice, work, 'Begin', { '.circle.yml': 'version: 2.1\n', 'src/a.txt': 'a\n', 'src/b/c.txt': 'c\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
  await alice.git(work, 'checkout', '--quiet', '-b', 'feature/x');
  feature = await scene.commit(alice, work, 'Change\n\nA body', { 'src/a.txt': 'b\n', 'src/b/c.txt': null });
  await alice.git(work, 'tag', '-a', 'v1', '-m', 'One');
  await alice.git(work, 'push', '--quiet', 'origin', 'feature/x', 'v1');
  await github.protectBranch('acme/app', 'main', { requiredChecks: ['build'] });
  github.addRuleset('acme/app', { refs: ['refs/heads/main', 'refs/heads/release/*'], types: ['pull_request', 'deletion'] });
  github.createTeam('acme', 'The Builders', ['bob']);
  const pull = await github.openPullRequest('acme/app', { head: 'feature/x', title: 'Change', author: 'bob' });
  const octokit = scene.octokit(installation.id);
  const auth = (await octokit.auth({ type: 'installation' })) as { token: string };
  token = auth.token;
  jwt = ((await scene.octokit().auth({ type: 'app' })) as { token: string }).token;
  const run = await ask('POST', '/repos/acme/app/check-runs', { name: 'build', head_sha: feature, status: 'completed', conclusion: 'success', output: { title: 'Fine', summary: 'All is well.', annotations: [{ path: 'src/a.txt', start_line: 1, end_line: 1, annotation_level: 'notice', message: 'hm' }] }, actions: [{ label: 'Fix', description: 'Fixes it', identifier: 'fix' }] });
  const comment = await ask('POST', `/repos/acme/app/issues/${pull.number}/comments`, { body: 'Hello' }, `Bearer ${alice.token}`);
  await github.settled();
  ids = { run: run.body.id, suite: run.body.check_suite.id, pull: pull.number, comment: comment.body.id, installation: installation.id, delivery: github.deliveries()[0]?.id ?? 0, repository: run.body.id && (await ask('GET', '/repos/acme/app')).body.id, tree: (await ask('GET', `/repos/acme/app/git/commits/${sha}`)).body.tree.sha, blob: (await ask('GET', '/repos/acme/app/contents/src/a.txt')).body.sha };
});
after(() => scene.close());

/** Everything that can be read, each answer checked against GitHub's description on its way out. */
const readable: [path: string, by?: 'app' | 'user'][] = [
  ['/app', 'app'],
  ['/app/installations', 'app'],
  ['/app/installations/{installation}', 'app'],
  ['/app/hook/config', 'app'],
  ['/app/hook/deliveries?per_page=2', 'app'],
  ['/app/hook/deliveries/{delivery}', 'app'],
  ['/repos/acme/app/installation', 'app'],
  ['/orgs/acme/installation', 'app'],
  ['/installation/repositories'],
  ['/repos/acme/app'],
  ['/repositories/{repository}'],
  ['/repositories/{repository}/branches'],
  ['/repos/acme/app/branches?protected=true'],
  ['/repos/acme/app/branches/main'],
  ['/repos/acme/app/branches/feature%2Fx'],
  ['/repos/acme/app/branches/feature/x'],
  ['/repos/acme/app/branches/main/protection'],
  ['/repos/acme/app/rules/branches/main'],
  ['/repos/acme/app/git/ref/heads/feature/x'],
  ['/repos/acme/app/git/ref/tags/v1'],
  ['/repos/acme/app/git/matching-refs/heads/feat'],
  ['/repos/acme/app/git/blobs/{blob}'],
  ['/repos/acme/app/git/trees/{tree}?recursive=1'],
  ['/repos/acme/app/git/commits/{sha}'],
  ['/repos/acme/app/contents/src/a.txt?ref={sha}'],
  ['/repos/acme/app/contents/src'],
  ['/repos/acme/app/commits'],
  ['/repos/acme/app/commits/{sha}'],
  ['/repos/acme/app/commits/v1'],
  ['/repos/acme/app/commits/{feature}/pulls'],
  ['/repos/acme/app/commits/{feature}/check-runs'],
  ['/repos/acme/app/commits/feature%2Fx/check-runs?check_name=build&filter=all&status=completed&per_page=1'],
  ['/repos/acme/app/commits/{feature}/check-suites'],
  ['/repos/acme/app/commits/{feature}/status'],
  ['/repos/acme/app/compare/main...feature/x'],
  ['/repos/acme/app/check-runs/{run}'],
  ['/repos/acme/app/check-runs/{run}/annotations'],
  ['/repos/acme/app/check-suites/{suite}'],
  ['/repos/acme/app/check-suites/{suite}/check-runs'],
  ['/repos/acme/app/collaborators'],
  ['/repos/acme/app/collaborators/bob/permission'],
  ['/repos/acme/app/collaborators/alice/permission'],
  ['/repos/acme/app/pulls'],
  ['/repos/acme/app/pulls?state=all&head=acme:feature/x'],
  ['/repos/acme/app/pulls/{pull}'],
  ['/repos/acme/app/pulls/{pull}/files'],
  ['/repos/acme/app/pulls/{pull}/commits'],
  ['/repos/acme/app/issues/{pull}/comments'],
  ['/users/alice'],
  ['/orgs/acme/memberships/bob', 'user'],
  ['/orgs/acme/memberships/alice'],
  ['/orgs/acme/teams/the-builders/members'],
  ['/orgs/acme/teams/the-builders/memberships/bob'],
  ['/user', 'user'],
  ['/user/orgs', 'user'],
  ['/rate_limit'],
  ['/meta'],
];

for (const [template, by] of readable) {
  test(`GET ${template} fits GitHub's description`, async () => {
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => String({ ...ids, sha, feature }[name] ?? assert.fail(name)));
    const answer = await ask('GET', path, undefined, `Bearer ${by === 'app' ? jwt : by === 'user' ? alice.token : token}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.deepEqual(scene.github.forgetFaults(), []);
  });
}

test('a branch that is checked out under a protection rule says so, and the other does not', async () => {
  const [main, other] = [await ask('GET', '/repos/acme/app/branches/main'), await ask('GET', '/repos/acme/app/branches/feature%2Fx')];
  assert.deepEqual([main.body.protected, main.body.protection.required_status_checks.contexts, other.body.protected], [true, ['build'], false]);
  assert.equal((await ask('GET', '/repos/acme/app/branches/feature%2Fx/protection')).status, 404);
  assert.equal((await ask('GET', '/repos/acme/app/branches/absent')).status, 404);
});

test("rulesets protect too, and tell their rules' types", async () => {
  const rules = async (branch: string): Promise<string[]> => (await ask('GET', `/repos/acme/app/rules/branches/${encodeURIComponent(branch)}`)).body.map(({ type }: { type: string }) => type);
  assert.deepEqual([await rules('main'), await rules('release/1'), await rules('feature/x')], [['pull_request', 'deletion'], ['pull_request', 'deletion'], []]);
});

test('who is in a team is told, who is not is not found', async () => {
  assert.equal((await ask('GET', '/orgs/acme/teams/the-builders/memberships/alice')).status, 404);
  assert.equal((await ask('GET', '/orgs/acme/teams/absent/members')).status, 404);
});

test('maintain is write to those who know four words only, and maintain to the others', async () => {
  const { body } = await ask('GET', '/repos/acme/app/collaborators/bob/permission');
  assert.deepEqual([body.permission, body.role_name], ['write', 'maintain']);
});

test('a comparison counts both sides and names the files', async () => {
  const { body } = await ask('GET', '/repos/acme/app/compare/main...feature%2Fx');
  assert.deepEqual([body.status, body.ahead_by, body.behind_by, body.merge_base_commit.sha], ['ahead', 1, 0, sha]);
  assert.deepEqual(body.files.map((file: any) => [file.filename, file.status, file.additions, file.deletions]), [['src/a.txt', 'modified', 1, 1], ['src/b/c.txt', 'removed', 0, 1]]);
  assert.equal((await ask('GET', '/repos/acme/app/compare/feature%2Fx...main')).body.status, 'behind');
});

test('a file comes in base64, and raw on demand', async () => {
  const file = await ask('GET', `/repos/acme/app/contents/.circle.yml?ref=${sha}`);
  assert.equal(Buffer.from(file.body.content, 'base64').toString(), 'version: 2.1\n');
  const raw = await fetch(`${scene.github.apiUrl}/repos/acme/app/contents/.circle.yml`, { headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.github.raw+json' } });
  assert.equal(await raw.text(), 'version: 2.1\n');
  assert.equal((await ask('GET', '/repos/acme/app/contents/absent.txt')).status, 404);
});

test('pages of a list are linked', async () => {
  for (let i = 0; i < 3; i++) await ask('POST', '/repos/acme/app/check-runs', { name: `page-${i}`, head_sha: sha });
  const first = await ask('GET', `/repos/acme/app/commits/${sha}/check-runs?per_page=2`);
  assert.deepEqual([first.body.total_count, first.body.check_runs.length], [3, 2]);
  const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  const second = await ask('GET', next.slice(scene.github.apiUrl.length));
  assert.equal(second.body.check_runs.length, 1);
  assert.doesNotMatch(second.headers.get('link') ?? '', /rel="next"/);
});

test('the same request with its ETag is answered 304', async () => {
  const etag = (await ask('GET', '/repos/acme/app')).headers.get('etag') ?? '';
  const again = await fetch(`${scene.github.apiUrl}/repos/acme/app`, { headers: { Authorization: `Bearer ${token}`, 'If-None-Match': etag } });
  assert.equal(again.status, 304);
});

test('the API is also at the root, as on api.github.com', async () => {
  const response = await fetch(`${scene.github.url}/repos/acme/app`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(((await response.json()) as { full_name: string }).full_name, 'acme/app');
});

test('a renamed repository is found under its old name, by a redirect', async () => {
  await scene.github.createRepository({ owner: 'acme', name: 'before', private: true });
  scene.github.renameRepository('acme/before', 'after');
  const old = await ask('GET', '/repos/acme/before/branches');
  assert.equal(old.status, 301);
  assert.match(old.headers.get('location') ?? '', /\/repositories\/\d+\/branches$/);
  const octokit = await scene.octokit((ids['installation'] as number)).request('GET /repos/{owner}/{repo}', { owner: 'acme', repo: 'before' });
  assert.equal(octokit.data.full_name, 'acme/after');
  assert.deepEqual(scene.github.forgetFaults(), []);
});

test('a deploy key is added once', async () => {
  const by = `Bearer ${alice.token}`;
  const key = { title: 'fetch', key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', read_only: true };
  const added = await ask('POST', '/repos/acme/app/keys', key, by);
  assert.equal(added.status, 201);
  assert.equal((await ask('POST', '/repos/acme/app/keys', key, by)).status, 422);
  assert.deepEqual((await ask('GET', '/repos/acme/app/keys', undefined, by)).body.map((one: any) => [one.title, one.read_only]), [['fetch', true]]);
  assert.equal((await ask('DELETE', `/repos/acme/app/keys/${added.body.id}`, undefined, by)).status, 204);
  assert.equal((await ask('POST', '/repos/acme/app/keys', key)).status, 403, 'the app may only read what is administrative');
  assert.deepEqual(scene.github.forgetFaults(), []);
});

test('a policy forbids deploy keys, and disables those that are there', async () => {
  const by = `Bearer ${alice.token}`;
  const key = { title: 'fetch', key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', read_only: true };
  const enabled = async (): Promise<boolean[]> => (await ask('GET', '/repos/acme/app/keys', undefined, by)).body.map((one: any) => one.enabled);
  scene.github.addDeployKey('acme/app', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH0dh2l9GKJlOMqqnkVzrm0SdG6UOoqKLsabgH5C9okW', { title: 'old' });
  assert.deepEqual(await enabled(), [true]);
  scene.github.forbidDeployKeys('acme');
  const refused = await ask('POST', '/repos/acme/app/keys', key, by);
  assert.deepEqual([refused.status, refused.body.message, refused.body.errors[0].message], [422, 'Validation Failed', 'Deploy keys are disabled for this repository']);
  assert.deepEqual(await enabled(), [false]);
  scene.github.allowDeployKeys('acme');
  const [old] = scene.github.deployKeys('acme/app');
  assert.equal(old?.title, 'old');
  scene.github.removeDeployKey('acme/app', old.id);
  assert.deepEqual([await enabled(), scene.github.forgetFaults()], [[], []]);
});

const wrong: [title: string, method: string, path: string, body: unknown, status: number, fault: RegExp][] = [
  ['a route that GitHub has and we lack', 'GET', '/repos/acme/app/stargazers', undefined, 404, /no route for GET \/repos\/acme\/app\/stargazers/],
  ['a route that nobody has', 'POST', '/nonsense', undefined, 404, /no route for POST \/nonsense/],
  ['a parameter that there is not', 'GET', '/repos/acme/app/pulls?stat=open', undefined, 422, /additional propert.*stat/],
  ['a parameter of the wrong type', 'GET', '/repos/acme/app/pulls?per_page=many', undefined, 422, /per_page must be integer/],
  ['a body without what is required', 'POST', '/repos/acme/app/check-runs', { name: 'x' }, 422, /head_sha/],
  ['a misspelt property', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', detail_url: 'http://x.example/' }, 422, /detail_url/],
  ['a misspelt property inside', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', output: { title: 't', summary: 's', annotation: [] } }, 422, /annotation\)/],
  ['an output without a title', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', output: { summary: 's' } }, 422, /title/],
  ['51 annotations', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', output: { title: 't', summary: 's', annotations: Array.from({ length: 51 }, () => ({ path: 'a', start_line: 1, end_line: 1, annotation_level: 'notice', message: 'm' })) } }, 422, /50/],
  ['65,536 characters of summary', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', output: { title: 't', summary: 's'.repeat(65_536) } }, 422, /65535/],
  ['completed without a conclusion', 'POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '{sha}', status: 'completed' }, 422, /conclusion/],
];

for (const [title, method, path, body, status, fault] of wrong) {
  test(`${title} is refused and recorded as a fault`, async () => {
    const answer = await ask(method, path, body === undefined ? undefined : JSON.parse(JSON.stringify(body).replace('{sha}', sha)));
    assert.equal(answer.status, status);
    const faults = scene.github.forgetFaults();
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', fault);
  });
}

test('what a caller may well ask, and gets no answer to, is no fault', async () => {
  assert.equal((await ask('GET', '/repos/acme/absent')).status, 404);
  assert.equal((await ask('GET', '/repos/acme/app/check-runs/1')).status, 404);
  assert.equal((await ask('POST', '/repos/acme/app/check-runs', { name: 'x', head_sha: '0'.repeat(40) })).status, 422);
  assert.deepEqual(scene.github.forgetFaults(), []);
});
