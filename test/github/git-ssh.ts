// How do people and deploy keys fetch and push over ssh?

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2';
import type { World } from './world.ts';
import type { Account, Repository, SshKey } from './state.ts';
import { fullName, mayWrite, permissionOf } from './state.ts';
import { findGitRepository, serveGit } from './git-access.ts';
import { makeSshKeys } from './ssh-keys.ts';

const { Server, utils } = ssh2;

type Identity = { kind: 'user'; account: Account } | { kind: 'deploy-key'; repository: Repository; key: SshKey };

export type GitSsh = { port: number; /** As in a known_hosts line, without the host. */ hostKey: string; close(): Promise<void> };

export async function serveGitSsh(world: () => World, options: { host: string; port: number }): Promise<GitSsh> {
  const hostKeys = makeSshKeys();
  const children = new Set<ChildProcess>();
  const connections = new Set<Connection>();
  const server = new Server({ hostKeys: [hostKeys.private], ident: 'local-github' }, (connection) => {
    connections.add(connection);
    connection.on('error', () => {});
    connection.on('close', () => connections.delete(connection));
    let identity: Identity | null = null;
    connection.on('authentication', (context) => {
      identity = authenticate(world(), context);
      if (identity === null) context.reject(['publickey']);
      else context.accept();
    });
    connection.on('session', (accept) => {
      const session = accept();
      const env: Record<string, string> = {};
      session.on('env', (acceptEnv, _reject, info) => {
        if (info.key === 'GIT_PROTOCOL') env['GIT_PROTOCOL'] = info.val;
        (acceptEnv as (() => void) | undefined)?.();
      });
      session.on('shell', (acceptShell) => {
        const channel = acceptShell();
        end(channel, 1, identity?.kind === 'user' ? `Hi ${identity.account.login}! You've successfully authenticated, but GitHub does not provide shell access.\n` : 'No shell access.\n');
      });
      session.on('exec', (acceptExec, _reject, info) => {
        const channel = acceptExec();
        channel.on('error', () => {});
        if (identity !== null) world().track(`serving ${info.command}`, serve(world(), identity, info.command, env, channel, children));
      });
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: hostKeys.public,
    async close() {
      for (const child of children) child.kill('SIGKILL');
      for (const connection of connections) connection.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** By public key alone; the user name is always `git`. */
function authenticate(world: World, context: AuthContext): Identity | null {
  if (context.method !== 'publickey' || context.username !== 'git') return null;
  const proves = (key: SshKey): boolean => {
    const parsed = utils.parseKey(key.publicKey) as ParsedKey | ParsedKey[] | Error;
    const known = Array.isArray(parsed) ? parsed[0] : parsed;
    if (known === undefined || known instanceof Error || !known.getPublicSSH().equals(context.key.data)) return false;
    // Without a signature the client only asks whether the key would do.
    return context.signature === undefined || context.blob === undefined || known.verify(context.blob, context.signature, context.hashAlgo) === true;
  };
  for (const account of world.state.accounts.values()) {
    if (account.keys.some(proves)) return { kind: 'user', account };
  }
  for (const repository of world.state.repositories.values()) {
    const key = world.state.withoutDeployKeys.has(repository.owner.id) ? undefined : repository.deployKeys.find(proves);
    if (key !== undefined) return { kind: 'deploy-key', repository, key };
  }
  return null;
}

async function serve(world: World, identity: Identity, command: string, env: Record<string, string>, channel: ServerChannel, children: Set<ChildProcess>): Promise<void> {
  const asked = /^git[- ](upload-pack|receive-pack) '([^']*)'$/.exec(command);
  if (asked === null) return end(channel, 128, `Invalid command: ${command}\n`);
  const service = asked[1] ?? '';
  const found = findGitRepository(world, asked[2] ?? '');
  const { mayRead, mayPush, pusher } = found === null ? { mayRead: false, mayPush: false, pusher: null } : rights(identity, found.repository);
  if (found === null || found.rest !== '' || !mayRead) return end(channel, 128, 'ERROR: Repository not found.\n');
  const { repository } = found;
  if (service === 'receive-pack' && !mayPush) {
    return end(channel, 128, identity.kind === 'user' ? `ERROR: Permission to ${fullName(repository)}.git denied to ${identity.account.login}.\n` : 'ERROR: The key you are authenticating with has been marked as read only.\n');
  }
  const code = await serveGit(world, repository, pusher, { command: 'git', args: [service, repository.path], env, children }, (child) => {
    channel.pipe(child.stdin!).on('error', () => {});
    child.stdout!.pipe(channel, { end: false });
    child.stderr!.pipe(channel.stderr, { end: false });
    // A client that went away must not leave its program waiting.
    channel.on('close', () => child.kill('SIGTERM'));
    return new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exit) => resolve(exit ?? 128));
    });
  });
  end(channel, code);
}

function rights(identity: Identity, repository: Repository): { mayRead: boolean; mayPush: boolean; pusher: Account } {
  if (identity.kind === 'deploy-key') {
    const own = identity.repository === repository;
    return { mayRead: own, mayPush: own && !identity.key.readOnly, pusher: repository.owner };
  }
  const permission = permissionOf(repository, identity.account);
  return { mayRead: permission !== null, mayPush: mayWrite(permission), pusher: identity.account };
}

function end(channel: ServerChannel, code: number, message = ''): void {
  if (message !== '') channel.stderr.write(message);
  channel.exit(code);
  channel.end();
}
