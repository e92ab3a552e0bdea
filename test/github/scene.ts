// What does every test of the local GitHub begin with? A person with a key, a repository, a clone, an installed app that listens.

import { execFile } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { makeSshKeys } from './ssh-keys.ts';
import { startGitHub, type GitHub, type GitHubOptions } from './index.ts';

const run = promisify(execFile);

export type Received = { headers: IncomingHttpHeaders; body: string; payload: Record<string, unknown>; event: string };

/** An app's end of the webhooks: keeps what comes with a right signature, answers 202 unless told otherwise. */
export type Receiver = { url: string; received: Received[]; unsigned: Received[]; answer: (received: Received, response: ServerResponse) => void; close(): Promise<void> };

export async function startReceiver(secret: string): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const received = { headers: request.headers, body, payload: JSON.parse(body) as Record<string, unknown>, event: String(request.headers['x-github-event']) };
      const right = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
      const given = Buffer.from(String(request.headers['x-hub-signature-256']));
      (given.length === right.length && timingSafeEqual(given, right) ? receiver.received : receiver.unsigned).push(received);
      receiver.answer(received, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    unsigned: [],
    answer: (_received, response) => void response.writeHead(202).end(),
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
  return receiver;
}

export type Person = { login: string; email: string; token: string; git(folder: string, ...args: string[]): Promise<string>; clone(repository: string): Promise<string> };

export type Scene = {
  github: GitHub;
  receiver: Receiver;
  folder: string;
  person(login: string): Promise<Person>;
  /** Writes the files and commits them; answers the sha. */
  commit(by: Person, folder: string, message: string, files: Record<string, string | null>): Promise<string>;
  /** The app's own Octokit: its JWT, or an installation's tokens. */
  octokit(installationId?: number): Octokit;
  close(): Promise<void>;
};

const webhookSecret = 'a secret of the tests';

export async function openScene(options: GitHubOptions = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'local-github-scene-'));
  const receiver = await startReceiver(webhookSecret);
  const github = await startGitHub({ ...options, app: { webhookUrl: receiver.url, webhookSecret, ...options.app } });
  await writeFile(join(folder, 'known_hosts'), `${github.knownHosts}\n`);
  return {
    github,
    receiver,
    folder,
    async person(login) {
      const { email, token } = github.createUser(login);
      const keys = makeSshKeys();
      const keyFile = join(folder, `${login}.key`);
      await writeFile(keyFile, keys.private, { mode: 0o600 });
      github.addKey(login, `${keys.public} ${login}@laptop`);
      const env = {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_AUTHOR_NAME: login,
        GIT_AUTHOR_EMAIL: email,
        GIT_COMMITTER_NAME: login,
        GIT_COMMITTER_EMAIL: email,
        GIT_SSH_COMMAND: `ssh -F /dev/null -i ${keyFile} -o IdentitiesOnly=yes -o UserKnownHostsFile=${join(folder, 'known_hosts')} -o StrictHostKeyChecking=yes -o BatchMode=yes`,
      };
      const git = async (where: string, ...args: string[]): Promise<string> => (await run('git', args, { cwd: where, env })).stdout.trim();
      return {
        login,
        email,
        token,
        git,
        async clone(repository) {
          const where = await mkdtemp(join(folder, `${login}-`));
          await git(where, 'clone', '--quiet', `${github.sshUrl}/${repository}.git`, '.');
          await git(where, 'symbolic-ref', 'HEAD', 'refs/heads/main');
          return where;
        },
      };
    },
    async commit(by, where, message, files) {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) await rm(join(where, path));
        else {
          await mkdir(dirname(join(where, path)), { recursive: true });
          await writeFile(join(where, path), content);
        }
      }
      await by.git(where, 'add', '--all');
      await by.git(where, 'commit', '--quiet', '--allow-empty', '-m', message);
      return by.git(where, 'rev-parse', 'HEAD');
    },
    octokit(installationId) {
      const auth = { appId: github.app.id, privateKey: github.app.privateKey ?? '', ...(installationId === undefined ? {} : { installationId }) };
      return new Octokit({ baseUrl: github.apiUrl, authStrategy: createAppAuth, auth, log: quiet });
    },
    async close() {
      await github.stop();
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
