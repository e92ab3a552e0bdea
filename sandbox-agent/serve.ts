// Who may talk to the agent, and what may be asked? The holder of one key; commands, and the sockets of forward.ts; nothing else.

import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AuthContext, Connection, Server as SshServer } from 'ssh2';
import { parseKey } from 'ssh2/lib/protocol/keyParser.js';
import Server from 'ssh2/lib/server.js';
import { answer, type Agent } from './commands.ts';
import type { Forward } from './forward.ts';

export type Served = {
  hostKey: Buffer;
  authorizedKey: Buffer;
  agent: Agent;
  forward: Forward;
};

export function sshServer({ hostKey, authorizedKey, agent, forward }: Served): SshServer {
  const mayEnter = keyCheck(authorizedKey);
  const algorithms = { cipher: ['aes128-gcm@openssh.com' as const, 'aes256-gcm@openssh.com' as const], compress: ['none' as const] };
  return new Server({ hostKeys: [hostKey], algorithms }, (connection: Connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      if (mayEnter(context)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('request', (accept, reject, name, info) => {
      forward.request(connection, name, info).then(
        () => accept?.(),
        () => reject?.(),
      );
    });
    // Whatever has no listener here (shell, pty, subsystem, environment, other channels) ssh2 refuses by itself.
    connection.on('session', (accept) => {
      accept().once('exec', (accept, _reject, { command }) => {
        void answer(command, accept(), agent);
      });
    });
  });
}

export function listen(server: SshServer, socketPath: string): void {
  rmSync(socketPath, { force: true });
  createServer((socket) => server.injectSocket(socket)).listen(socketPath);
}

function keyCheck(authorizedKey: Buffer): (context: AuthContext) => boolean {
  const allowed = parseKey(authorizedKey);
  if (allowed instanceof Error) throw new Error('the authorized key cannot be read', { cause: allowed });
  const allowedBytes = allowed.getPublicSSH();
  return (context) =>
    context.method === 'publickey' &&
    context.key.algo === allowed.type &&
    context.key.data.equals(allowedBytes) &&
    // Without a signature the client only asks whether it should sign.
    (context.signature === undefined || (context.blob !== undefined && allowed.verify(context.blob, context.signature) === true));
}
