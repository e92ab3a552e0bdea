import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let sha: string;
let installation: number;
const at = { owner: 'alice', repo: 'app' };

before(async () => {
  scene = await openScene();
  alice = await scene.person('alice');
  await scene.github.createRepository({ owner: 'alice', name: 'app', private: true });
  await scene.github.createRepository({ owner: 'alice', name: 'other', private: true });
  installation = scene.github.installApp('alice', ['app']).id;
  const work = await alice.clone('alice/app');
  sha = await scene.commit(alice, work, 'Begin', { '.circle.yml': 'version: 2.1\n', 'src/a.txt': 'a\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'main');
});
after(() => scene.close());

test('an app reports a check with its installation token, and hears of it', async () => {
  const octokit = scene.octokit(installation);
  const created = await octokit.request('POST /repos/{owner}/{repo}/check-runs', { ...at, name: 'build', head_sha: sha, status: 'in_progress', external_id: 'x1', details_url: 'http://ci.example/1' });
  await octokit.request('PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}', {
    ...at,
    check_run_id: created.data.id,
    status: 'completed',
    conclusion: 'failure',
    output: { title: 'One test failed', summary: 'See the line.', annotations: [{ path: 'src/a.txt', start_line: 1, end_line: 1, annotation_level: 'failure', message: 'wrong' }] },
  });
  const listed = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', { ...at, ref: sha, check_name: 'build' });
  assert.deepEqual(listed.data.check_runs.map((run) => [run.name, run.conclusion, run.external_id, run.output.annotations_count]), [['build', 'failure', 'x1', 1]]);
  assert.equal((await scene.github.waitForCheck('alice/app', sha, 'build')).output.title, 'One test failed');
  await scene.github.settled();
  assert.deepEqual(scene.github.deliveries({ event: 'check_run' }).map(({ action, status }) => [action, status]), [['created', 'OK'], ['completed', 'OK']]);
  scene.github.assertNoFaults();
});

test('GraphQL reads a file at a commit', async () => {
  const octokit = scene.octokit(installation);
  const answer = await octokit.graphql<any>(
    `query ($expression: String!, $oid: GitObjectID!) { repository(owner: "alice", name: "app") { databaseId isPrivate defaultBranchRef { name }
      file: object(expression: $expression) { ... on Blob { text isBinary byteSize } }
      commit: object(oid: $oid) { ... on Commit { message author { user { login } } associatedPullRequests(first: 5) { nodes { number } } } }
      collaborators(first: 10) { edges { permission node { login } } } } rateLimit { remaining } }`,
    { expression: `${sha}:.circle.yml`, oid: sha },
  );
  assert.equal(answer.repository.file.text, 'version: 2.1\n');
  assert.equal(answer.repository.commit.author.user.login, 'alice');
  assert.deepEqual(answer.repository.collaborators.edges, [{ permission: 'ADMIN', node: { login: 'alice' } }]);
  scene.github.assertNoFaults();
});
