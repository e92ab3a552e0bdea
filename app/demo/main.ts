// The process `roundhouse demo`: all of Roundhouse beside a local GitHub, and a real push of a sample repository.

import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { clearMachine } from '../../activities/adapters/machine.ts';
import { generateKey } from '../../activities/key-file.ts';
import { startGitHub, type CheckRun } from '../../test/github/index.ts';
import { aborted, endOnTrouble, whenAsked } from '../process.ts';
import { readSettings } from '../read-settings.ts';
import { webhookPath } from '../server.ts';
import { loginCallbackPath } from '../setup/manifest.ts';
import { allMembers } from '../up/all.ts';
import { startFamily } from '../up/family.ts';
import { besideGitHub } from '../up/beside-github.ts';
import { untilReady } from '../up/ready.ts';
import { sample, sampleJobs } from './sample.ts';

const run = promisify(execFile);
const repository = 'acme/shop';
const webhookSecret = 'demo';

await endOnTrouble(async () => {
  const options = JSON.parse(process.argv[2] ?? '{}') as { exit?: true };
  const asked = whenAsked();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-demo-'));
  const github = await startGitHub({ folder: join(folder, 'github') });
  const { env: beside, port } = await besideGitHub(github, { data: join(folder, 'data'), builder: 'demo', webhookSecret });
  const env: NodeJS.ProcessEnv = { ...beside, GITHUB_CLIENT_ID: github.app.clientId, GITHUB_CLIENT_SECRET: github.app.clientSecret };
  github.setCallback(`http://127.0.0.1:${port}${loginCallbackPath}`);
  const user = github.createUser('ada');
  github.createOrganization('acme');
  const { sshUrl } = await github.createRepository({ owner: 'acme', name: 'shop' });
  github.addCollaborator(repository, user.login, 'write');
  github.setWebhook(`http://127.0.0.1:${port}${webhookPath}`, webhookSecret);
  github.installApp('acme', 'all');
  const key = generateKey();
  github.addKey(user.login, key.publicKey);
  const settings = await readSettings(env);
  const family = startFamily(await allMembers(settings, env), say);
  try {
    say('Starting Temporal, the app and a builder …');
    await untilReady(settings, asked);

    say(`Pushing the sample repository to ${repository} …`);
    const work = join(folder, 'shop');
    await writeFile(join(folder, 'key'), key.privateKey, { mode: 0o600 });
    await writeFile(join(folder, 'known_hosts'), `${github.knownHosts}\n`);
    const ssh = `ssh -i ${join(folder, 'key')} -o IdentitiesOnly=yes -o UserKnownHostsFile=${join(folder, 'known_hosts')}`;
    const git = (...args: string[]): Promise<unknown> => run('git', ['-C', work, '-c', 'user.name=Ada', '-c', `user.email=${user.email}`, ...args], { env: { ...process.env, GIT_SSH_COMMAND: ssh } });
    await mkdir(work);
    for (const [path, text] of Object.entries(sample)) await writeFile(join(work, path), text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
    await git('init', '-q', '-b', 'main');
    await git('remote', 'add', 'origin', sshUrl);
    await git('add', '-A');
    await git('commit', '-q', '-m', 'Sell the first thing');
    await git('push', '-q', 'origin', 'main');
    const sha = (await run('git', ['-C', work, 'rev-parse', 'HEAD'])).stdout.trim();

    say('');
    say(`  Its checks:   ${github.url}/${repository}/commit/${sha}/checks`);
    say(`  Roundhouse:   ${settings.publicUrl}`);
    if (!options.exit) {
      say(`                Sign in as ${user.login}; an operator comes in by: ROUNDHOUSE_DATA=${env.ROUNDHOUSE_DATA} roundhouse page`);
      say(`  Push more:    cd ${work} && edit, then: GIT_SSH_COMMAND='${ssh}' git push origin main`);
      say(`  From a shell: ROUNDHOUSE_DATA=${env.ROUNDHOUSE_DATA} TEMPORAL_ADDRESS=${env.TEMPORAL_ADDRESS} roundhouse builds`);
      say('  Ctrl-C ends all of it and removes its folder.');
    }
    say('');
    const checks = (await verdict(() => github.checkRuns(repository, sha), asked)).sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
    for (const check of checks) process.stdout.write(`${check.conclusion === 'success' ? 'passed' : check.conclusion}  ${check.name}  ${check.output.title ?? ''}\n`);
    if (!options.exit) await aborted(asked);
    return checks.every((check) => check.conclusion === 'success') ? 0 : 1;
  } catch (error) {
    if (!asked.aborted) throw error;
    return 0;
  } finally {
    await family.end();
    await github.stop();
    await clearMachine(settings);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** All check runs, when each of the sample's jobs has its verdict. */
async function verdict(look: () => CheckRun[], signal: AbortSignal): Promise<CheckRun[]> {
  for (;;) {
    const checks = look();
    const ended = checks.filter((check) => check.status === 'completed');
    if (sampleJobs.every((job) => ended.some((check) => check.name === job)) || ended.some((check) => check.name === 'Roundhouse config')) return checks;
    await sleep(100, undefined, { signal });
  }
}
