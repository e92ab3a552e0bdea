// Secrets, contexts, variables and keys on the whole road: set by the command line, used by builds, shown by nobody.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateKey } from '../../activities/key-file.ts';
import { startInstance, type Instance } from './instance.ts';

const run = promisify(execFile);

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

const job = (steps: string, more = ''): string => `    docker: [{image: "debian:bookworm"}]\n${more}    steps:\n${steps}`;

test('a committed secret reaches the step that names it, and no other, and its log shows asterisks', async () => {
  const canary = 'npm_canary-4f1d2c9e8b7a';
  await instance.inTree(`${canary}\n`, 'secrets', 'set', 'NPM_TOKEN');
  const sha = await instance.push({
    '.circle.yml': `version: 2.1\njobs:\n  build:\n${job(`      - run: {command: 'echo "have \${#NPM_TOKEN} $NPM_TOKEN"; echo -n $NPM_TOKEN | base64', secrets: [NPM_TOKEN]}\n      - run: 'echo "have \${NPM_TOKEN-nothing}"'\n`)}`,
  });
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const view = await instance.ended(sha);
  const log = await instance.logOf(view, { step: 0 });
  assert.match(log, new RegExp(`^have ${canary.length} \\*{${canary.length}}\\n\\*{31}=\\n$`));
  assert.equal(await instance.logOf(view, { step: 1 }), 'have nothing\n');
});

test('the public key is for everybody, at an address that a rotation does not change', async () => {
  const address = `${instance.url}/keys/${instance.repositoryId}.asc`;
  const key = await instance.inTree('', 'secrets', 'key');
  assert.equal(await (await fetch(address)).text(), key);
  assert.equal((await fetch(`${instance.url}/keys/5.asc`)).status, 404, 'none is made by looking');
  await instance.inTree('', 'secrets', 'rotate');
  const rotated = await (await fetch(address)).text();
  assert.notEqual(rotated, key);
  assert.equal(rotated, await instance.inTree('', 'secrets', 'key'));
});

test('a context and a project variable reach each step, in the order of the original', async () => {
  await instance.inTree('from-context-1\n', 'contexts', 'set', 'acme', 'deploy', 'WHERE');
  await instance.inTree('from-project-1\n', 'variables', 'set', 'acme/shop', 'WHERE');
  await instance.inTree('project-alone-1\n', 'variables', 'set', 'acme/shop', 'ALONE');
  const sha = await instance.push({
    '.circle.yml': `version: 2.1
jobs:
  build:
${job('      - run: \'[ "$WHERE" = from-context-1 ] && [ "$ALONE" = project-alone-1 ] && echo "$WHERE"\'\n')}  other:
${job('      - run: \'[ "$WHERE" = from-project-1 ]\'\n')}  own:
${job('      - run: \'[ "$WHERE" = config ]\'\n', '    environment: {WHERE: config}\n')}workflows:
  ci:
    jobs:
      - build: {context: deploy}
      - other
      - own: {context: deploy}
`,
  });
  for (const name of ['build', 'other', 'own']) assert.equal((await instance.check(sha, name)).conclusion, 'success', name);
  assert.equal(await instance.logOf(await instance.ended(sha), { step: 0 }), '**************\n');
});

test('a job that may not have what it names fails before it starts, and its check says why', async (t) => {
  const built = async (jobs: string, workflow: string): Promise<string> => instance.push({ '.circle.yml': `version: 2.1\njobs:\n${jobs}workflows: {ci: {jobs: [${workflow}]}}\n` });
  const body = (steps: string): string => `  build:\n${job(steps)}`;
  await instance.inTree('for the release only\n', 'secrets', 'set', 'RELEASE', '--refs', 'release/*');
  await instance.inTree('x-1234\n', 'contexts', 'set', 'acme', 'infra', 'KEY');
  await instance.inTree('', 'contexts', 'restrict', 'acme', 'infra', '--expression', 'pipeline.git.branch == "release"', '--min-trust', 'T2');
  const cases: [string, string, string, string, RegExp][] = [
    ['a missing secret', body('      - run: {command: x, secrets: [NOWHERE]}\n'), 'build', 'NOWHERE', /secret NOWHERE is missing/],
    ['a secret for other branches', body('      - run: {command: x, secrets: [RELEASE]}\n'), 'build', 'RELEASE', /RELEASE is for release\/\*; this is refs\/heads\/main/],
    ['a context for other branches', body('      - run: x\n'), 'build: {context: infra}', 'Not allowed', /context infra is for pipelines where pipeline\.git\.branch == "release"/],
    ['a context that is not there', body('      - run: x\n'), 'build: {context: nowhere}', 'Not allowed', /there is no context nowhere in acme/],
    ['a key that is not there', body('      - add_ssh_keys: {fingerprints: ["SHA256:nowhere"]}\n'), 'build', 'nowhere', /not among the ssh keys of this repository/],
    ['a repository that is not there', body('      - checkout: {repositories: [acme/nowhere]}\n'), 'build', 'acme/nowhere', /does not cover, or which ada may not read/],
  ];
  for (const [title, jobs, workflow, inTitle, sentence] of cases)
    await t.test(title, async () => {
      const check = await instance.check(await built(jobs, workflow));
      assert.equal(check.conclusion, 'failure');
      assert.ok(check.output.title!.includes(inTitle), check.output.title!);
      assert.match(check.output.summary!.replaceAll('\\', ''), sentence);
    });
});

test('ssh keys sign for a sandbox from outside of it, and a named repository is cloned by its own address', async () => {
  const key = generateKey();
  const added = await instance.inTree(key.privateKey, 'ssh-keys', 'add', 'acme/shop', '--host', 'deploy.example.org');
  const [fingerprint] = /SHA256:[^"]+/.exec(added)!;
  const { fullName, sshUrl } = await instance.github.createRepository({ owner: 'acme', name: 'lib', private: true });
  instance.github.addCollaborator(fullName, 'ada', 'write');
  await instance.git('push', '-q', sshUrl, 'HEAD:refs/heads/main');
  const host = instance.github.host;
  const asksAgent = `use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die; print $s pack("NC", 1, 11); $s->flush; read $s, my $h, 9; my (undef, undef, $n) = unpack("NCN", $h); print "keys $n\\n"`;
  await writeFile(join(instance.tree, 'agent.pl'), asksAgent.replaceAll('\\n', '\n'));
  const sha = await instance.push({
    '.circle.yml': `version: 2.1\njobs:\n  build:\n${job(`      - checkout: {repositories: [acme/lib]}
      - add_ssh_keys: {fingerprints: ["${fingerprint}"]}
      - run: perl agent.pl
      - run: cat ~/.ssh/config; grep -rsl 'PRIVATE KEY' ~ /run /tmp /etc/ssh || echo no private key
      - run: git clone -q http://${host}/acme/lib.git ../lib && git -C ../lib log -1 --format=%s
      - run: git clone -q http://${host}/acme/site.git ../site && exit 1 || echo refused
`)}`,
  });
  const check = await instance.check(sha);
  assert.equal(check.conclusion, 'success', check.output.summary!);
  const view = await instance.ended(sha);
  assert.equal(await instance.logOf(view, { step: 2 }), 'keys 1\n');
  const where = await instance.logOf(view, { step: 3 });
  assert.match(where, /Host deploy\.example\.org\n/);
  assert.match(where, /^no private key$/m);
  assert.match(await instance.logOf(view, { step: 4 }), /^Commit \d+$/m);
  assert.match(await instance.logOf(view, { step: 5 }), /refused$/m);
});

// Seen to fail when the vault keeps a value readable, when values are not sealed for the builder (in its folder), and without the mask (in the log).
test('check 19: a canary that a pipeline uses is found nowhere but in its sandbox', async () => {
  const canary = (what: string): string => `canary-${what}-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
  const [secret, context, variable] = [canary('secret'), canary('context'), canary('variable')];
  const key = generateKey();
  await instance.inTree(secret, 'secrets', 'set', 'CANARY');
  await instance.inTree(context, 'contexts', 'set', 'acme', 'deploy', 'CONTEXT_CANARY');
  await instance.inTree(variable, 'variables', 'set', 'acme/shop', 'VARIABLE_CANARY');
  await instance.inTree(key.privateKey, 'ssh-keys', 'add', 'acme/shop');
  const sha = await instance.push({
    '.circle.yml': `version: 2.1\njobs:\n  build:\n${job(`      - checkout
      - add_ssh_keys
      - run: {command: 'echo "$CANARY $CONTEXT_CANARY $VARIABLE_CANARY"; echo all out; sleep 4', secrets: [CANARY]}
`)}workflows: {ci: {jobs: [build: {context: deploy}]}}\n`,
  });
  await instance.until('the step prints', async () => (await instance.roundhouse('logs', 'acme/shop#' + String(await instance.newest()) + '/ci/build')).stdout.includes('all out'));
  const secretsToFind = [secret, context, variable, ...[secret, context, variable].map((value) => Buffer.from(value).toString('base64').slice(4, -4)), key.privateKey.split('\n')[2]!];
  const found = await filesWith(secretsToFind);
  const inProcessList = (await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))).join('\n');
  assert.equal((await instance.check(sha)).conclusion, 'success');
  const view = await instance.ended(sha);
  await sleep(500);

  found.push(...(await filesWith(secretsToFind)));
  // Chunks of logs are compressed.
  const log = await instance.logOf(view, { step: 2 });
  assert.match(log, /^\*+ \*+ \*+\nall out\n$/);
  for (const value of secretsToFind) {
    if (log.includes(value)) found.push(`${value.slice(0, 20)}… in the log`);
    if (inProcessList.includes(value)) found.push(`${value.slice(0, 20)}… in the process list`);
    for (const running of instance.started) if (running.log().includes(value)) found.push(`${value.slice(0, 20)}… in what a process said`);
  }
  assert.deepEqual(found, []);
  const uses = JSON.parse(await instance.inTree('', 'keys', 'uses')) as Record<string, number>;
  for (const purpose of ['committed-secret', 'context', 'variable', 'ssh-key']) assert.ok(uses[purpose]! > 0, `${purpose}: each opening is counted`);
  // What was looked through does hold what it should: the pipeline's own data.
  assert.ok((await run('grep', ['-rlaF', '--', sha, join(instance.folder, 'data', 'store')])).stdout.length > 0);
  assert.ok((await readFile(join(instance.folder, 'data', 'temporal.db'))).length > 100_000);
  // Files of cores would lie beside the processes.
  assert.deepEqual((await readdir(process.cwd())).filter((name) => /^core(\.|$)/.test(name)), []);
});

/** Of all that the instance keeps: data folder with Temporal's database and object store, builders. A file may go while it is read. */
async function filesWith(values: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const value of values) {
    const { stdout } = await run('grep', ['-rslaF', '--', value, instance.folder], { maxBuffer: 1 << 24 }).catch(({ stdout }: { stdout: string }) => ({ stdout }));
    if (stdout !== '') found.push(`${value.slice(0, 20)}… in ${stdout}`);
  }
  return found;
}

test('keys are rotated while pipelines run, and none is lost', async () => {
  const shas: string[] = [];
  for (let i = 0; i < 4; i++) {
    shas.push(await instance.push({ [`n${i}`]: 'x', '.circle.yml': `version: 2.1\njobs:\n  build:\n    resource_class: small\n${job(`      - run: {command: '[ -n "$CANARY" ] && [ -n "$CONTEXT_CANARY" ]', secrets: [CANARY]}\n      - run: sleep 1\n      - run: {command: '[ -n "$CANARY" ]', secrets: [CANARY]}\n`)}workflows: {ci: {jobs: [build: {context: deploy}]}}\n` }));
    await instance.inTree('', 'keys', 'rotate');
  }
  // The files of before are still the old key's; both open.
  await instance.inTree('', 'secrets', 'rotate');
  shas.push(await instance.push({}));
  for (const sha of shas) assert.equal((await instance.check(sha)).conclusion, 'success');
  const kek = await readFile(join(instance.folder, 'data', 'kek.keys'), 'utf8');
  assert.equal(kek.trim().split('\n').length, 1, 'old keys are dropped');
});

test('a revoked secret is dead, also after the app was started anew, and the audit log tells all of it', async () => {
  await instance.inTree('', 'secrets', 'revoke', 'CANARY');
  const config = `version: 2.1\njobs:\n  build:\n${job('      - run: {command: x, secrets: [CANARY]}\n')}`;
  const first = await instance.check(await instance.push({ '.circle.yml': config }));
  assert.match(first.output.summary!, /was revoked on/);
  await instance.started.find(({ process }) => process.spawnargs.includes('app'))!.kill('SIGTERM');
  await instance.startApp();
  const second = await instance.check(await instance.push({ again: 'x' }));
  assert.match(second.output.summary!, /was revoked on/);

  const shown = await instance.inTree('', 'audit', 'show', '--limit', '500', '--json');
  const actions = new Set(shown.trim().split('\n').map((line) => (JSON.parse(line) as { event: { action: string } }).event.action));
  for (const action of ['context.set', 'context.restricted', 'variable.set', 'ssh-key.added', 'key.used', 'key-encryption-key.rotated', 'secrets.rotated', 'secret.revoked']) assert.ok(actions.has(action), action);
  assert.match(await instance.inTree('', 'audit', 'verify'), /: whole$/m);
  assert.doesNotMatch(shown, /canary-/);
});

test('a pull request that adds or widens a secret says so on its check', async () => {
  await instance.push({ '.circle.yml': `version: 2.1\njobs:\n  build:\n${job('      - run: echo hello\n')}` });
  await instance.inTree('other value\n', 'secrets', 'set', 'RELEASE');
  await instance.inTree('new value\n', 'secrets', 'set', 'NEW', '--min-trust', 'T2');
  await instance.push({}, { branch: 'widen' });
  await instance.github.openPullRequest(instance.repository, { head: 'widen', base: 'main', author: 'ada' });
  const check = await instance.check(await instance.push({ touch: 'x' }, { branch: 'widen' }));
  assert.equal(check.conclusion, 'success');
  const summary = check.output.summary!.replaceAll('\\', '');
  assert.match(summary, /widens the secret RELEASE: it was for release\/\* and is now for every ref/);
  assert.match(summary, /adds the secret NEW/);
});

test('in the end GitHub has nothing to complain of', () => instance.github.assertNoFaults());
