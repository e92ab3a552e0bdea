// How does a whole Roundhouse run for a measurement? As in the demo: all its processes beside a local GitHub, and real pushes.

import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { openStore } from '../../activities/adapters/store.ts';
import { clearMachine } from '../../activities/adapters/machine.ts';
import { connectClient } from '../../activities/adapters/temporal.ts';
import { getJson, type ObjectStore } from '../../activities/object-store.ts';
import { readSettings } from '../../app/read-settings.ts';
import { webhookPath } from '../../app/server.ts';
import { allMembers } from '../../app/up/all.ts';
import { startFamily } from '../../app/up/family.ts';
import { besideGitHub } from '../../app/up/beside-github.ts';
import { untilReady } from '../../app/up/ready.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { summaryKey, type PipelineView } from '../../config-schema/view.ts';
import { startGitHub, type CheckRun, type GitHub } from '../../test/github/index.ts';
import type { Bench } from './bench.ts';

const run = promisify(execFile);
const owner = 'acme';

export type Instance = {
  settings: Settings;
  github: GitHub;
  store: ObjectStore;
  /** Of Temporal. */
  client: Client;
  /** Ids of the processes. */
  app: number;
  builder: number;
  repository(name: string, files: Record<string, string>): Promise<Repository>;
};

export type Repository = {
  id: number;
  fullName: string;
  /** For git on the host, with all that it needs to be let in. */
  url: string;
  gitEnv: NodeJS.ProcessEnv;
  /** Commits a small change and makes it ready to be pushed. */
  commit(): Promise<Push>;
};

export type Push = {
  sha: string;
  /** The number that its pipeline will have. */
  number: number;
  /** `git push`; resolves when git has ended, with the time when it began. Times are ms since 1970. */
  send(): Promise<number>;
  /** When its webhook left for the app, which on one machine is when it arrives. */
  delivered(): Promise<number>;
  /** When GitHub heard the conclusion of the one check of this commit; throws when that is no success. */
  concluded(): Promise<number>;
  /** The summary in the store, which comes after the check. */
  ended(): Promise<PipelineView>;
};

export const now = (): number => performance.timeOrigin + performance.now();

export async function startInstance(bench: Bench): Promise<Instance> {
  const { signal } = bench;
  const folder = join(bench.folder, 'instance');
  await mkdir(folder);
  const github = await startGitHub({ folder: join(folder, 'github') });
  const { env, port } = await besideGitHub(github, { data: join(folder, 'data'), builder: 'bench', webhookSecret: 'bench' });
  const ada = github.createUser('ada');
  github.createOrganization(owner);
  github.setWebhook(`http://127.0.0.1:${port}${webhookPath}`, 'bench');
  github.installApp(owner, 'all');
  await writeFile(join(folder, '.gitconfig'), `[user]\n\tname = Ada\n\temail = ${ada.email}\n`);
  const gitEnv = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
  const settings = await readSettings(env);
  bench.atEnd(() => clearMachine(settings));
  bench.atEnd(() => github.stop());
  const family = startFamily(await allMembers(settings, env), bench.say);
  bench.atEnd(() => family.end());
  bench.say('starting Temporal, the app and a builder …');
  await untilReady(settings, signal);
  const client = await connectClient(settings);
  bench.atEnd(() => client.connection.close());
  const store = openStore(settings);

  return {
    settings,
    github,
    store,
    client,
    app: await childRunning('app/main.ts'),
    builder: await childRunning('activities/builder/main.ts'),

    async repository(name, files) {
      const { id, fullName, cloneUrl } = await github.createRepository({ owner, name });
      github.addCollaborator(fullName, ada.login, 'write');
      // Over HTTP, as most people do; the local GitHub's ssh takes 300 ms for a handshake, which is nobody's build.
      const url = Object.assign(new URL(cloneUrl), { username: ada.login, password: ada.token }).href;
      const work = join(folder, name);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
      }
      const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', work, ...args], { env: gitEnv, signal })).stdout.trim();
      await git('init', '-q', '-b', 'main');
      await git('remote', 'add', 'origin', url);
      let commits = 0;

      const commit = async (): Promise<Push> => {
        const number = ++commits;
        await writeFile(join(work, 'change.txt'), `${number}\n`);
        await git('add', '-A');
        await git('commit', '-q', '-m', `Change ${number}`);
        const sha = await git('rev-parse', 'HEAD');
        return {
          sha,
          number,
          async send() {
            const began = now();
            await git('push', '-q', 'origin', 'main');
            return began;
          },
          delivered: () =>
            until(signal, () => {
              const delivery = github.deliveries({ event: 'push' }).find(({ request }) => request.payload['after'] === sha);
              return delivery && Date.parse(delivery.deliveredAt);
            }),
          concluded: () =>
            until(signal, () => {
              const check = github.checkRuns(fullName, sha).find(({ status }) => status === 'completed');
              return check && successAt(check);
            }),
          ended: () => until(signal, () => getJson<PipelineView>(store, summaryKey(id, number))),
        };
      };
      return { id, fullName, url, gitEnv, commit };
    },
  };
}

function successAt(check: CheckRun): number {
  if (check.conclusion !== 'success') throw new Error(`the check ${check.name} ended as ${check.conclusion}: ${check.output.title}\n${check.output.summary}`);
  return now();
}

const lookEveryMs = 3;
/** A gigabyte of log on a slow machine takes its minutes. */
const patienceMs = 10 * 60_000;

async function until<T>(signal: AbortSignal, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const since = now(); now() - since < patienceMs; ) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(lookEveryMs, undefined, { signal });
  }
  throw new Error(`a push led to nothing within ${patienceMs / 60_000} minutes`);
}

/** The id of our child process that runs the file. */
async function childRunning(file: string): Promise<number> {
  for (const task of await readdir('/proc/self/task')) {
    for (const pid of (await readFile(`/proc/self/task/${task}/children`, 'utf8')).split(' ').filter(Boolean)) {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      if (words.some((word) => word.endsWith(`/${file}`))) return Number(pid);
    }
  }
  throw new Error(`no child process runs ${file}`);
}
