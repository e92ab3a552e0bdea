// A whole Roundhouse as its users have it: its own processes, a real Temporal server, real sandboxes, beside a local GitHub.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openStore } from '../../activities/adapters/store.ts';
import { logCodec } from '../../activities/log-codec.ts';
import { clearMachine, machineHost } from '../../activities/adapters/machine.ts';
import { generateKey } from '../../activities/key-file.ts';
import { readSettings } from '../../app/read-settings.ts';
import { embeddedTemporal } from '../../app/up/all.ts';
import { freePorts } from '../../app/up/free-ports.ts';
import { stepLogKey } from '../../config-schema/address.ts';
import { readLog } from '../../config-schema/read-log.ts';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { startGitHub, type AppOptions, type CheckRun, type GitHub } from '../github/index.ts';
import { endsWithUs } from '../temporal.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

/** A command that names every file in a sandbox with a token, the beginning of a header that carries one, or a private key but the agent's own. */
export const searchForCredentials = [
  "grep -rIslE 'ghs_|eC1hY2Nlc3MtdG9rZW4|PRIVATE KEY' / --exclude-dir=proc --exclude-dir=sys --exclude-dir=roundhouse --exclude=.circle.yml || true",
  "grep -rIslE 'ghs_|eC1hY2Nlc3MtdG9rZW4|PRIVATE KEY' /run/roundhouse --exclude=host_key || true",
  'echo searched',
].join('; ');

export type Running = { readonly process: ChildProcess; /** What it said on stderr. */ log(): string; kill(signal: NodeJS.Signals): Promise<void> };

export type Instance = {
  github: GitHub;
  folder: string;
  /** OWNER/NAME of the one repository. */
  repository: string;
  repositoryId: number;
  url: string;
  store: ReturnType<typeof openStore>;
  /** Every process, in the order of its start. */
  started: readonly Running[];
  startTemporal(): Promise<Running>;
  startApp(): Promise<Running>;
  startBuilder(name?: string): Promise<Running>;
  /** The environment of the instance's processes, for the command line beside them. */
  env(builder?: string): NodeJS.ProcessEnv;
  /** The command line: `bin/roundhouse ARGS`. */
  roundhouse(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The same in the work tree that is pushed from, with this on standard input. Fails the test unless it ends with 0. */
  inTree(input: string, ...args: string[]): Promise<string>;
  /** The work tree that is pushed from, and git in it. */
  tree: string;
  git(...args: string[]): Promise<{ stdout: string }>;
  /** The number of the newest pipeline. */
  newest(): Promise<number>;
  /** Commits these files over what is there and pushes with real git over ssh; answers the sha. */
  push(files: Record<string, string>, options?: { branch?: string; force?: boolean; message?: string }): Promise<string>;
  /** A push of one job `build` with this YAML body. */
  pushJob(job: string, options?: { branch?: string }): Promise<string>;
  /** An empty commit on the branch `patch` of the fork at this address, by the owner of the token; answers the sha. */
  pushToFork(fork: { cloneUrl: string; owner: string; token: string }): Promise<string>;
  check(sha: string, name?: string, timeoutMs?: number): Promise<CheckRun>;
  /** The summary of the pipeline, once it has ended. */
  ended(sha: string, timeoutMs?: number): Promise<PipelineView>;
  logOf(view: PipelineView, where: { workflow?: string; job?: string; slice?: number; step: number; attempt?: number }): Promise<string>;
  until<T>(what: string, look: () => Promise<T | null | undefined | false> | T | null | undefined | false, timeoutMs?: number): Promise<T>;
  /** Traces of sandboxes of this instance's builders on the machine. */
  sandboxes(builder?: string): Promise<{ name: string; running: boolean }[]>;
  /** Process ids, as the host sees them, of the agent in the sandbox of this name. */
  roundhouseProcesses(sandbox: string): Promise<number[]>;
  stop(): Promise<void>;
};

/**
 * `app` is asked of the local GitHub; by default the App has what it cannot do without. With `signIn` people sign in to the page by it;
 * without, the page is for whoever sits at the machine.
 */
export async function startInstance({ builders = ['b1'], env: extra = {}, app: asked = {}, signIn = false }: { builders?: string[]; env?: NodeJS.ProcessEnv; app?: AppOptions; signIn?: boolean } = {}): Promise<Instance> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-'));
  const [port, sshPort, temporalPort] = await freePorts(3);
  const github = await startGitHub({ folder: join(folder, 'github'), app: asked });
  github.setCallback(`http://127.0.0.1:${port}/login/callback`);
  const { login, email } = github.createUser('ada');
  github.createOrganization('acme');
  const { id: repositoryId, sshUrl, fullName } = await github.createRepository({ owner: 'acme', name: 'shop', private: true });
  github.addCollaborator(fullName, login, 'write');
  github.setWebhook(`http://127.0.0.1:${port}/api/github/webhooks`, 'secret');
  github.installApp('acme', 'all');
  const key = generateKey();
  github.addKey(login, key.publicKey);
  await writeFile(join(folder, 'key'), key.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'known_hosts'), `${github.knownHosts}\n`);

  const started: Running[] = [];
  const usedBuilders = new Set<string>();
  const env = (builder = 'b1'): NodeJS.ProcessEnv => ({
    ...process.env,
    LOG_LEVEL: 'info',
    ROUNDHOUSE_DATA: join(folder, 'data'),
    ROUNDHOUSE_BUILDER_NAME: builder,
    ROUNDHOUSE_BUILDER_STATE: join(folder, builder),
    ROUNDHOUSE_BUILDER_LOST_SECONDS: '10',
    PORT: String(port),
    ROUNDHOUSE_SSH_PORT: String(sshPort),
    ROUNDHOUSE_APP_SSH: `127.0.0.1:${sshPort}`,
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey!,
    WEBHOOK_SECRET: 'secret',
    GHE_HOST: github.host,
    GHE_PROTOCOL: 'http',
    ...(signIn && { GITHUB_CLIENT_ID: github.app.clientId, GITHUB_CLIENT_SECRET: github.app.clientSecret }),
    ...extra,
  });
  const start = (command: readonly string[], environment: NodeJS.ProcessEnv): Running => {
    const [program, ...args] = [...endsWithUs, ...command];
    const child = spawn(program!, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr!.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-200_000)));
    const running: Running = {
      process: child,
      log: () => said,
      async kill(signal) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill(signal);
        await exited;
      },
    };
    started.push(running);
    return running;
  };
  const role = (name: string, environment: NodeJS.ProcessEnv): Running => start([join(root, 'bin/roundhouse'), name], environment);
  const settings = await readSettings(env());
  const work = join(folder, 'shop');
  await mkdir(work);
  const git = (...args: string[]): Promise<{ stdout: string }> =>
    run('git', ['-C', work, '-c', 'user.name=Ada', '-c', `user.email=${email}`, ...args], {
      env: { ...process.env, GIT_SSH_COMMAND: `ssh -i ${join(folder, 'key')} -o IdentitiesOnly=yes -o UserKnownHostsFile=${join(folder, 'known_hosts')}` },
    });
  await git('init', '-q', '-b', 'main');
  await git('remote', 'add', 'origin', sshUrl);
  const store = openStore(settings);
  let pushes = 0;

  const instance: Instance = {
    github,
    folder,
    repository: fullName,
    repositoryId,
    url: settings.publicUrl,
    store,
    started,
    env,
    async startTemporal() {
      const listens = (): Promise<boolean> => fetch(`http://127.0.0.1:${temporalPort}`).then(() => true, (error: { cause?: { code?: string } }) => error.cause?.code !== 'ECONNREFUSED');
      // Its development server chooses free ports for its own parts and takes them later; where somebody came between it ends, and `up` starts it again.
      for (;;) {
        const server = start(await embeddedTemporal(settings), env());
        const hasEnded = (): boolean => server.process.exitCode !== null;
        await instance.until('Temporal listens', async () => (await listens()) || hasEnded());
        await sleep(300);
        if (!hasEnded()) return server;
        if (started.length > 20) throw new Error(`Temporal does not start:\n${server.log()}`);
      }
    },
    async startApp() {
      const app = role('app', env());
      await instance.until('the app answers', () => answers(`${settings.publicUrl}/healthz`, app));
      return app;
    },
    async startBuilder(name = 'b1') {
      usedBuilders.add(name);
      const builder = role('builder', env(name));
      await instance.until(`builder ${name} takes work`, () => {
        assertAlive(builder);
        return builder.log().includes('the builder takes work');
      });
      return builder;
    },
    async roundhouse(...args) {
      try {
        return { code: 0, ...(await run(join(root, 'bin/roundhouse'), args, { env: env(), cwd: folder, maxBuffer: 1 << 26 })) };
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, stdout, stderr };
      }
    },
    tree: work,
    git,
    async newest() {
      // It may have ended before one that began earlier.
      const { stdout } = await instance.roundhouse('builds', '--limit', '20', '--json');
      return Math.max(...stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { number: number }).number));
    },
    async inTree(input, ...args) {
      const command = run(join(root, 'bin/roundhouse'), args, { env: env(), cwd: work, maxBuffer: 1 << 26 });
      command.child.stdin!.end(input);
      const { stdout } = await command.catch((error: Error & { stderr?: string }) => {
        throw new Error(`roundhouse ${args.join(' ')}: ${error.stderr}`, { cause: error });
      });
      return stdout;
    },
    async push(files, { branch = 'main', force = false, message } = {}) {
      pushes += 1;
      await git('checkout', '-q', '-B', branch);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', message ?? `Commit ${pushes}`);
      await git('push', '-q', ...(force ? ['-f'] : []), 'origin', `HEAD:refs/heads/${branch}`);
      return (await git('rev-parse', 'HEAD')).stdout.trim();
    },
    async pushToFork({ cloneUrl, owner, token }) {
      await git('checkout', '-q', '-B', 'patch');
      await git('commit', '-q', '--allow-empty', '-m', 'From a fork');
      await git('-c', `http.extraHeader=Authorization: Basic ${Buffer.from(`${owner}:${token}`).toString('base64')}`, 'push', '-q', '-f', cloneUrl, 'HEAD:refs/heads/patch');
      return (await git('rev-parse', 'HEAD')).stdout.trim();
    },
    pushJob: (job, options) => instance.push({ '.circle.yml': `version: 2.1\njobs:\n  build:\n    docker:\n      - image: debian:bookworm\n${job}` }, options),
    check: (sha, name = 'build', timeoutMs = 60_000) => github.waitForCheck(fullName, sha, (check) => check.name === name && check.status === 'completed', timeoutMs),
    ended: (sha, timeoutMs = 60_000) =>
      instance.until(
        `the pipeline of ${sha} has ended`,
        async () => {
          for (let number = pushes + 10; number > 0; number--) {
            const bytes = await store.get(summaryKey(repositoryId, number));
            const view = bytes && (JSON.parse(Buffer.from(bytes).toString()) as PipelineView);
            if (view && view.trigger.sha === sha) return view;
          }
          return null;
        },
        timeoutMs,
      ),
    async logOf(view, { workflow = view.workflows[0]!.name, job = 'build', slice = 0, step, attempt = 1 }) {
      const key = stepLogKey({ repositoryId, pipeline: view.number, workflow, job, slice }, attempt, step);
      const parts: Buffer[] = [];
      for await (const part of readLog(store, key, { from: 0 }, logCodec)) parts.push(part.kind === 'bytes' ? Buffer.from(part.bytes) : Buffer.from(`[gap: ${part.reason}]`));
      return Buffer.concat(parts).toString();
    },
    async until(what, look, timeoutMs = 60_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const asked = Date.now();
        const found = await look();
        if (found) return found;
        if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}\n${started.map((each) => each.log().slice(-3000)).join('\n')}`);
        // Whoever looks all the time holds up what it waits for: a look by the command line is a process.
        await sleep(Math.max(50, 2 * (Date.now() - asked)));
      }
    },
    async sandboxes(builder = 'b1') {
      return (await machineHost(await readSettings(env(builder)))).host.list();
    },
    async roundhouseProcesses(sandbox) {
      const found: number[] = [];
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
        const hostName = await run('nsenter', ['-t', String(pid), '-u', 'hostname']).then(({ stdout }) => stdout.trim(), () => '');
        if (command.includes('agent.cjs') && hostName === sandbox && cgroups !== '') found.push(pid);
      }
      return found;
    },
    async stop() {
      for (const running of started.toReversed()) {
        if (running.process.exitCode === null && running.process.signalCode === null) running.process.kill('SIGCONT');
        await running.kill('SIGTERM');
      }
      await github.stop();
      for (const builder of usedBuilders) await clearMachine(await readSettings(env(builder)));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };

  try {
    await instance.startTemporal();
    await Promise.all([instance.startApp(), ...builders.map((builder) => instance.startBuilder(builder))]);
    return instance;
  } catch (error) {
    await instance.stop();
    throw error;
  }
}

async function answers(url: string, running: Running): Promise<boolean> {
  assertAlive(running);
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

function assertAlive({ process: { exitCode }, log }: Running): void {
  if (exitCode !== null) throw new Error(`the process ended with exit code ${exitCode}:\n${log()}`);
}
