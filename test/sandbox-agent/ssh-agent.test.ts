// What do steps get of an ssh key that the builder holds? A real ssh, in a step, against the local GitHub.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, before, suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nothingGiven, type Given } from '../../activities/builder/environment.ts';
import { sshAgentStream } from '../../activities/builder/ssh-agent.ts';
import { stepSpec } from '../../activities/builder/step-spec.ts';
import { generateKey } from '../../activities/key-file.ts';
import { describeSshKey } from '../../activities/ssh-key.ts';
import { AgentRefused, connectAgent, type AgentClient } from '../../sandbox-agent/client.ts';
import { paths } from '../../sandbox-agent/protocol.ts';
import { planJob } from '../config-schema/plan-parts.ts';
import { startGitHub, type GitHub } from '../github/index.ts';
import { run, spec, startAgent, until, type TestAgent } from './agent.ts';
import { startImpostor } from './impostor.ts';

let github: GitHub;
const [ada, bob] = [generateKey(), generateKey()];
before(async () => {
  github = await startGitHub();
  for (const [login, key] of [['ada', ada], ['bob', bob]] as const) {
    github.createUser(login);
    github.addKey(login, key.publicKey);
  }
  await github.createRepository({ owner: 'ada', name: 'tools', private: true });
});
after(() => github.stop());

function keyFor(host: string | null, { privateKey } = ada): Given['values']['sshKeys'][number] {
  const described = describeSshKey(privateKey);
  if ('problem' in described) throw new Error(described.problem);
  return { ...described, host, privateKey };
}

const serve = (client: AgentClient, keys: Given['values']['sshKeys']): Promise<void> =>
  client.serveSshAgent(() => sshAgentStream(keys.map(({ privateKey, fingerprint }) => ({ privateKey, comment: fingerprint }))));

const trigger = {
  event: 'push' as const, deliveryId: 'd', receivedAt: '2026-01-01T00:00:00Z',
  repository: { id: 1, owner: 'acme', name: 'shop', private: true, defaultBranch: 'main', installationId: 1 },
  ref: 'refs/heads/main', before: '0'.repeat(40), sha: 'a'.repeat(40), sender: { id: 1, login: 'ada' }, commit: { subject: '', authorLogin: null }, pullRequest: null,
};
const place = { trigger, pipeline: 1, workflow: 'ci', job: planJob(), jobName: 'test', slice: 0, sliceTotal: 1, publicUrl: '', repositoryUrl: 'https://github.com/acme/shop', pullRequestUrls: [] };

/** Runs an `add_ssh_keys` step. */
async function addKeys(agent: TestAgent, index: number, keys: Given['values']['sshKeys'], fingerprints: string[] | null = null): Promise<string> {
  const given = { ...nothingGiven, values: { ...nothingGiven.values, sshKeys: keys } };
  const step = stepSpec(place, index, { kind: 'add_ssh_keys', name: 'Add ssh keys', when: 'on_success', fingerprints }, given);
  const { output, ended } = await run(agent.client, { ...step, env: { ...step.env, RH_SSH_AGENT: agent.root + paths.sshAgentSocket } });
  assert.equal(ended.exitCode, 0, output);
  return output;
}

/** ssh in a step reads its user's real home, which is this machine's: it is told of the step's. */
const ssh = (agent: TestAgent): string => `ssh -F ${agent.root}/home/.ssh/config -o IdentityFile=none -o UserKnownHostsFile=${agent.root}/known_hosts -o BatchMode=yes -p ${github.sshPort}`;

async function step(agent: TestAgent, index: number, script: string, env: Record<string, string> = {}): Promise<{ output: string; exitCode: number | null }> {
  const { output, ended } = await run(agent.client, spec(index, `echo '${github.knownHosts}' > ${agent.root}/known_hosts; ${script}`, { env: { GIT_SSH_COMMAND: ssh(agent), ...env }, cwd: '~' }));
  return { output, exitCode: ended.exitCode };
}

async function start(t: TestContext, keys = [keyFor('127.0.0.1')]): Promise<TestAgent> {
  const agent = await startAgent(t);
  await serve(agent.client, keys);
  return agent;
}

suite('ssh keys in a sandbox', { concurrency: true }, () => {
  test('sign in and clone for a step, and their secret part is nowhere in it', async (t) => {
    const agent = await start(t);
    const key = keyFor('127.0.0.1');
    assert.equal(await addKeys(agent, 0, [key]), `${key.fingerprint} for 127.0.0.1\n`);
    const socket = agent.root + paths.sshAgentSocket;
    const listed = await step(agent, 1, 'ssh-add -l', { SSH_AUTH_SOCK: socket });
    assert.equal(listed.output, `256 ${key.fingerprint} ${key.fingerprint} (ED25519)\n`);
    // By the configuration alone, and by the environment.
    assert.match((await step(agent, 2, `${ssh(agent)} git@127.0.0.1`)).output, /Hi ada!/);
    assert.match((await step(agent, 3, `${ssh(agent).replace(/-F \S+/, '-F none')} git@127.0.0.1`, { SSH_AUTH_SOCK: socket })).output, /Hi ada!/);
    const cloned = await step(agent, 4, `git clone -q ${github.sshUrl}/ada/tools.git && ls -A tools`);
    assert.deepEqual([cloned.exitCode, /\.git/.test(cloned.output)], [0, true], cloned.output);

    const secrets = ada.privateKey.split('\n').slice(1, -2).filter((line) => line !== '');
    // The private half of the last lines; the first ones hold the public part too.
    const secret = secrets[2] ?? '';
    assert.ok(secret.length > 20);
    assert.throws(() => execFileSync('grep', ['-rlF', secret, agent.root]), ({ status }: { status: number }) => status === 1);
    assert.ok(!(await step(agent, 5, 'env', { SSH_AUTH_SOCK: socket })).output.includes(secret));
    assert.ok(!readFileSync(`/proc/${agent.process.pid}/environ`, 'latin1').includes(secret));
  });

  test('are for their hosts: one without is for all the others', async (t) => {
    const [hers, his] = [keyFor('127.0.0.1'), keyFor(null, bob)];
    const agent = await start(t, [his, hers]);
    assert.equal(await addKeys(agent, 0, [his, hers]), `${his.fingerprint} for any host\n${hers.fingerprint} for 127.0.0.1\n`);
    assert.match((await step(agent, 1, `${ssh(agent)} git@127.0.0.1`)).output, /Hi ada!/);
    assert.match((await step(agent, 2, `${ssh(agent)} -o HostKeyAlias='[127.0.0.1]:${github.sshPort}' git@localhost`)).output, /Hi bob!/);
  });

  test('of others are not tried at a host that has its own', async (t) => {
    const keys = [keyFor(null, bob), keyFor('127.0.0.1', generateKey())];
    const agent = await start(t, keys);
    await addKeys(agent, 0, keys);
    assert.match((await step(agent, 1, `${ssh(agent)} git@127.0.0.1`)).output, /Permission denied/);
    assert.match((await step(agent, 2, `${ssh(agent)} -o HostKeyAlias='[127.0.0.1]:${github.sshPort}' git@localhost`)).output, /Hi bob!/);
  });

  test('are added again, and more of them by a later step, without a line twice', async (t) => {
    const [hers, his] = [keyFor('a.example'), keyFor('b.example', bob)];
    const agent = await start(t, [hers, his]);
    await addKeys(agent, 0, [hers, his], [hers.md5]);
    const config = `${agent.root}/home/.ssh/config`;
    const once = readFileSync(config, 'utf8');
    assert.ok(once.includes('a.example') && !once.includes('b.example'));
    await addKeys(agent, 1, [hers, his], [hers.fingerprint]);
    assert.equal(readFileSync(config, 'utf8'), once);
    await addKeys(agent, 2, [hers, his]);
    assert.ok(readFileSync(config, 'utf8').startsWith(once) && readFileSync(config, 'utf8').includes('Host b.example'));
    assert.equal(readFileSync(`${agent.root}/home/.ssh/id_roundhouse_${hers.md5.replaceAll(':', '')}.pub`, 'utf8'), `${hers.publicKey}\n`);
    for (const [path, mode] of [['', 0o700], ['/config', 0o600], [`/id_roundhouse_${his.md5.replaceAll(':', '')}.pub`, 0o600]] as const) assert.equal(statSync(`${agent.root}/home/.ssh${path}`).mode & 0o777, mode, path);
    assert.equal(await addKeys(agent, 3, []), 'This repository has no ssh keys.\n');
  });

  test('are of no use once the builder is gone', async (t) => {
    const agent = await startAgent(t);
    const builder = await agent.connect();
    await serve(builder, [keyFor('127.0.0.1')]);
    await addKeys(agent, 0, [keyFor('127.0.0.1')]);
    assert.match((await step(agent, 1, `${ssh(agent)} git@127.0.0.1`)).output, /Hi ada!/);
    builder.end();
    await builder.closed;
    let index = 2;
    await until('signing fails', async () => /Permission denied/.test((await step(agent, index++, `${ssh(agent)} git@127.0.0.1`)).output));
  });
});

suite('the socket of the ssh agent', { concurrency: true }, () => {
  test('is there only when the builder asks for it, for every user of the image', async (t) => {
    const agent = await startAgent(t);
    await agent.client.serveGit(() => new PassThrough());
    assert.equal(existsSync(agent.root + paths.sshAgentSocket), false);
    await serve(agent.client, []);
    assert.equal(statSync(agent.root + paths.sshAgentSocket).mode & 0o777, 0o666);
  });

  test('has sixteen connections at most, and git’s are not among them', async (t) => {
    const agent = await startAgent(t);
    let open = 0;
    await agent.client.serveGit(() => new PassThrough());
    await agent.client.serveSshAgent(() => {
      open++;
      return new PassThrough();
    });
    const ask = (path: string) => connect(agent.root + path).on('error', () => {});
    const others = Array.from({ length: 16 }, () => ask(paths.gitSocket));
    const sockets = Array.from({ length: 40 }, () => ask(paths.sshAgentSocket));
    await until('the others were turned away', () => sockets.filter((socket) => socket.resume().readableEnded || socket.destroyed).length === 24);
    assert.equal(open, 16);
    for (const socket of [...sockets, ...others]) socket.destroy();
  });

  test('is refused in a sentence by an agent that lacks it, and the line to the agent lives', async (t) => {
    const { address } = await startAgent(t);
    // It grants no forwarding at all.
    const older = await startImpostor(t, address);
    const client = await connectAgent(older.address);
    await assert.rejects(serve(client, []), (error: Error) => error instanceof AgentRefused && /does not forward \/run\/roundhouse\/ssh-agent\.sock/.test(error.message));
    assert.equal(await Promise.race([client.closed.then(() => 'closed'), sleep(200, 'open')]), 'open');
    client.end();
    await client.closed;
  });
});
