import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScene, type Person, type Scene } from './scene.ts';

let scene: Scene;
let alice: Person;
let sha: string;
let installation: number;

before(async () => {
  scene = await openScene();
  alice = await scene.person('alice');
  await scene.person('bob');
  await scene.github.createRepository({ owner: 'alice', name: 'app', private: true });
  await scene.github.createRepository({ owner: 'alice', name: 'hidden', private: true });
  scene.github.addCollaborator('alice/app', 'bob', 'write');
  installation = scene.github.installApp('alice', ['app']).id;
  const work = await alice.clone('alice/app');
  sha = await scene.commit(alice, work, 'Begin\n\nAt the beginning', { '.circle.yml': 'version: 2.1\n', 'secrets/A.asc': 'A', 'secrets/B.asc': 'B', 'image.bin': 'a\0b' });
  await alice.git(work, 'tag', '-a', 'v1', '-m', 'One');
  await alice.git(work, 'push', '--quiet', 'origin', 'main', 'main:topic', 'v1');
  await alice.git(work, 'checkout', '--quiet', '-b', 'change');
  await scene.commit(alice, work, 'Change', { 'c.txt': 'c\n' });
  await alice.git(work, 'push', '--quiet', 'origin', 'change');
  await scene.github.openPullRequest('alice/app', { head: 'change', title: 'A change', author: 'bob' });
  await scene.github.protectBranch('alice/app', 'main', { requiredChecks: ['build'] });
  scene.github.addRuleset('alice/app', { name: 'reviews', refs: ['refs/heads/to*'], types: ['pull_request', 'non_fast_forward'] });
});
after(() => scene.close());

async function ask(query: string, variables: Record<string, unknown> = {}, token?: string): Promise<{ status: number; data: any; errors?: any[] }> {
  const auth = token ?? ((await scene.octokit(installation).auth({ type: 'installation' })) as { token: string }).token;
  const response = await fetch(scene.github.graphqlUrl, { method: 'POST', headers: { Authorization: `bearer ${auth}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ query, variables }) });
  return { status: response.status, ...((await response.json()) as { data: any; errors?: any[] }) };
}

const app = (fields: string): string => `query ${fields.includes('$sha') ? '($sha: String!)' : ''} { repository(owner: "alice", name: "app") { ${fields} } viewer { login } }`;

const answers: [title: string, fields: string, expected: unknown][] = [
  ['itself', 'databaseId nameWithOwner isPrivate isFork visibility owner { login __typename } defaultBranchRef { name }', { databaseId: 1_296_269, nameWithOwner: 'alice/app', isPrivate: true, isFork: false, visibility: 'PRIVATE', owner: { login: 'alice', __typename: 'User' }, defaultBranchRef: { name: 'main' } }],
  ['a file at a commit', 'object(expression: $sha) { __typename ... on Commit { messageHeadline messageBody file(path: ".circle.yml") { mode object { ... on Blob { text } } } } }', { object: { __typename: 'Commit', messageHeadline: 'Begin', messageBody: 'At the beginning', file: { mode: 33188, object: { text: 'version: 2.1\n' } } } }],
  ['a folder with its files', 'object(expression: "main:secrets") { ... on Tree { entries { name path type object { ... on Blob { text byteSize } } } } }', { object: { entries: ['A', 'B'].map((name) => ({ name: `${name}.asc`, path: `secrets/${name}.asc`, type: 'blob', object: { text: name, byteSize: 1 } })) } }],
  ['a binary file', 'object(expression: "main:image.bin") { ... on Blob { text isBinary byteSize isTruncated } }', { object: { text: null, isBinary: true, byteSize: 3, isTruncated: false } }],
  ['what is not there', 'a: object(expression: "main:absent") { oid } b: object(expression: "absent") { oid } c: ref(qualifiedName: "refs/heads/absent") { name }', { a: null, b: null, c: null }],
  ['branches and their protection', 'main: ref(qualifiedName: "refs/heads/main") { prefix branchProtectionRule { pattern requiredStatusCheckContexts } } topic: ref(qualifiedName: "refs/heads/topic") { branchProtectionRule { pattern } }', { main: { prefix: 'refs/heads/', branchProtectionRule: { pattern: 'main', requiredStatusCheckContexts: ['build'] } }, topic: { branchProtectionRule: null } }],
  ['rules of rulesets', 'main: ref(qualifiedName: "refs/heads/main") { rules(first: 9) { nodes { type } } } topic: ref(qualifiedName: "refs/heads/topic") { rules(first: 9) { nodes { type repositoryRuleset { name } } } }', { main: { rules: { nodes: [] } }, topic: { rules: { nodes: ['PULL_REQUEST', 'NON_FAST_FORWARD'].map((type) => ({ type, repositoryRuleset: { name: 'reviews' } })) } } }],
  ['an annotated tag', 'ref(qualifiedName: "refs/tags/v1") { target { __typename ... on Tag { message target { __typename } } } }', { ref: { target: { __typename: 'Tag', message: 'One', target: { __typename: 'Commit' } } } }],
  ['pull requests of a commit', 'ref(qualifiedName: "change") { target { ... on Commit { associatedPullRequests(first: 5) { totalCount nodes { number title isCrossRepository author { login } state } } } } }', { ref: { target: { associatedPullRequests: { totalCount: 1, nodes: [{ number: 1, title: 'A change', isCrossRepository: false, author: { login: 'bob' }, state: 'OPEN' }] } } } }],
  ["a person's permission", 'collaborators(first: 1, login: "bob") { edges { permission node { login } } } ', { collaborators: { edges: [{ permission: 'WRITE', node: { login: 'bob' } }] } }],
  ['pages', 'refs(refPrefix: "refs/heads/", first: 2) { totalCount nodes { name } pageInfo { hasNextPage } }', { refs: { totalCount: 3, nodes: [{ name: 'change' }, { name: 'main' }], pageInfo: { hasNextPage: true } } }],
];
for (const [title, fields, expected] of answers) {
  test(`a repository answers ${title}`, async () => {
    const { data, errors } = await ask(app(fields), fields.includes('$sha') ? { sha } : {});
    assert.equal(errors, undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(data.repository)), expected);
    assert.deepEqual(scene.github.forgetFaults(), []);
  });
}

test('pages follow their cursor', async () => {
  const page = async (after: string | null) => (await ask('query ($after: String) { repository(owner: "alice", name: "app") { refs(refPrefix: "refs/heads/", first: 2, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } } }', { after })).data.repository.refs;
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  assert.deepEqual([second.nodes, second.pageInfo.hasNextPage], [[{ name: 'topic' }], false]);
});

const refused: [title: string, query: string, type: string | undefined, message: RegExp, fault: boolean][] = [
  ['a repository that is hidden from it', '{ repository(owner: "alice", name: "hidden") { name } }', 'NOT_FOUND', /Could not resolve to a Repository with the name 'alice\/hidden'/, false],
  ['a connection without bounds', '{ repository(owner: "alice", name: "app") { refs(refPrefix: "refs/heads/") { totalCount } } }', 'MISSING_PAGINATION_BOUNDARIES', /must provide a `first` or `last`/, false],
  ['101 of anything', '{ repository(owner: "alice", name: "app") { refs(refPrefix: "refs/heads/", first: 101) { totalCount } } }', 'EXCESSIVE_PAGINATION', /limit of 100/, false],
  ['a field that GitHub lacks', '{ repository(owner: "alice", name: "app") { nonsense } }', undefined, /Cannot query field "nonsense"/, true],
  ['a field that we lack', '{ repository(owner: "alice", name: "app") { stargazerCount } }', undefined, /cannot answer Repository.stargazerCount/, true],
  ['a broken query', '{ repository(', undefined, /Syntax Error/, true],
];
for (const [title, query, type, message, fault] of refused) {
  test(`${title} is refused${fault ? ' and recorded as a fault' : ''}`, async () => {
    const { status, errors } = await ask(query);
    assert.equal(status, 200, 'GraphQL errors come with 200');
    assert.match(errors?.[0].message, message);
    assert.equal(errors?.[0].type, type);
    assert.equal(scene.github.forgetFaults().length, fault ? 1 : 0);
  });
}

test('how a branch is protected is seen with the administration permission alone', async () => {
  const narrow = (await scene.octokit(installation).auth({ type: 'installation', permissions: { contents: 'read' } })) as { token: string };
  const { data, errors } = await ask('{ repository(owner: "alice", name: "app") { ref(qualifiedName: "main") { name branchProtectionRule { id } } } }', {}, narrow.token);
  assert.deepEqual([data.repository.ref, errors?.[0].type, errors?.[0].path], [{ name: 'main', branchProtectionRule: null }, 'FORBIDDEN', ['repository', 'ref', 'branchProtectionRule']]);
});

test('without the permission the code is not readable', async () => {
  const narrow = (await scene.octokit(installation).auth({ type: 'installation', permissions: { checks: 'write' } })) as { token: string };
  const { data, errors } = await ask('{ repository(owner: "alice", name: "app") { isPrivate object(expression: "main") { oid } } }', {}, narrow.token);
  assert.deepEqual([data.repository.isPrivate, data.repository.object, errors?.[0].type], [true, null, 'FORBIDDEN']);
});

test('a node is found by the id that REST gives', async () => {
  const { data } = await ask('query ($id: ID!) { node(id: $id) { __typename ... on Repository { databaseId } } }', { id: (await scene.octokit(installation).request('GET /repos/{owner}/{repo}', { owner: 'alice', repo: 'app' })).data.node_id });
  assert.deepEqual(data.node, { __typename: 'Repository', databaseId: 1_296_269 });
});

const mutate = (fields: string, variables: Record<string, unknown> = {}, token?: string) => ask(`mutation ($repository: ID!, $sha: GitObjectID!${'run' in variables ? ', $run: ID!' : ''}) { ${fields} }`, { repository: 'R_kgDOABPHjQ', sha, ...variables }, token);
const made = 'checkRun { id name status conclusion externalId annotations(first: 1) { totalCount } }';

test('check runs are made and changed by mutations, many in one, and each is refused for itself', async () => {
  const { data, errors } = await mutate(`
    a: createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "a", externalId: "x", status: QUEUED }) { ${made} }
    b: createCheckRun(input: { repositoryId: $repository, headSha: "${'0'.repeat(40)}", name: "b" }) { ${made} }`);
  assert.deepEqual([data.a.checkRun.status, data.a.checkRun.conclusion, data.a.checkRun.externalId, data.b], ['QUEUED', null, 'x', null]);
  assert.deepEqual([errors?.length, errors?.[0].type, errors?.[0].path, errors?.[0].message], [1, 'UNPROCESSABLE', ['b'], `No commit found for SHA: ${'0'.repeat(40)}`]);
  const changed = await mutate(
    `updateCheckRun(input: { repositoryId: $repository, checkRunId: $run, status: COMPLETED, conclusion: TIMED_OUT, actions: [{ label: "Again", description: "Once more", identifier: "again" }],
      output: { title: "t", summary: "s", annotations: [{ path: "a", location: { startLine: 1, endLine: 2 }, annotationLevel: FAILURE, message: "m" }] } }) { ${made} } node: createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "c" }) { checkRun { id } }`,
    { run: data.a.checkRun.id },
  );
  assert.deepEqual(changed.data.updateCheckRun.checkRun, { id: data.a.checkRun.id, name: 'a', status: 'COMPLETED', conclusion: 'TIMED_OUT', externalId: 'x', annotations: { totalCount: 1 } });
  const [run] = scene.github.checkRuns('alice/app', sha);
  assert.deepEqual([run?.conclusion, run?.output.annotations[0]?.annotation_level, run?.actions.map(({ identifier }) => identifier)], ['timed_out', 'failure', ['again']]);
  assert.deepEqual(scene.github.forgetFaults(), []);
});

const wrongRuns: [title: string, fields: string, type: string, message: RegExp, fault: boolean][] = [
  ['a repository that is none', 'createCheckRun(input: { repositoryId: "R_x", headSha: $sha, name: "a" }) { clientMutationId } other: createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "d" }) { clientMutationId }', 'NOT_FOUND', /Could not resolve to a node/, false],
  ['a check run that is none', 'updateCheckRun(input: { repositoryId: $repository, checkRunId: "CR_x" }) { clientMutationId } other: createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "e" }) { clientMutationId }', 'NOT_FOUND', /Could not resolve to a node/, false],
  ['four buttons', `createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "f", actions: [${Array.from({ length: 4 }, () => '{ label: "a", description: "b", identifier: "c" }').join()}] }) { clientMutationId }`, 'UNPROCESSABLE', /Validation Failed/, true],
  ['51 annotations', `createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "g", output: { title: "t", summary: "s", annotations: [${Array.from({ length: 51 }, () => '{ path: "a", location: { startLine: 1, endLine: 1 }, annotationLevel: NOTICE, message: "m" }').join()}] } }) { clientMutationId }`, 'UNPROCESSABLE', /Validation Failed/, true],
];
for (const [title, fields, type, message, fault] of wrongRuns) {
  test(`a mutation with ${title} is refused${fault ? ' and recorded as a fault' : ''}`, async () => {
    const { errors } = await mutate(fields);
    assert.deepEqual([errors?.length, errors?.[0].type], [1, type]);
    assert.match(errors?.[0].message, message);
    assert.equal(scene.github.forgetFaults().length, fault ? 1 : 0);
  });
}

test('checks are written with the permission for it alone', async () => {
  const narrow = (await scene.octokit(installation).auth({ type: 'installation', permissions: { checks: 'read' } })) as { token: string };
  const { errors } = await mutate('createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "h" }) { clientMutationId }', {}, narrow.token);
  assert.equal(errors?.[0].type, 'FORBIDDEN');
});
