// Who may talk to the agent, and what may be asked? The holder of one key; the commands of protocol.ts and git's socket; nothing else.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { AuthContext, Connection, Server as SshServer, ServerChannel } from 'ssh2';
import { parseKey } from 'ssh2/lib/protocol/keyParser.js';
import Server from 'ssh2/lib/server.js';
import { attach } from './attach.ts';
import type { GitForward } from './forward.ts';
import type { AgentStatus, StepState } from './protocol.ts';
import { Refused } from './refused.ts';
import { parseSpec } from './spec.ts';
import type { Step } from './step.ts';
import type { StepTable } from './steps.ts';

/** An environment is at most some hundreds of kilobytes: the kernel takes no more. */
const largestSpecBytes = 16 * 1024 * 1024;

export type Served = {
  hostKey: Buffer;
  authorizedKey: Buffer;
  steps: StepTable;
  git: GitForward;
};

export function sshServer({ hostKey, authorizedKey, steps, git }: Served): SshServer {
  const mayEnter = keyCheck(authorizedKey);
  const algorithms = { cipher: ['aes128-gcm@openssh.com' as const, 'aes256-gcm@openssh.com' as const], compress: ['none' as const] };
  return new Server({ hostKeys: [hostKey], algorithms }, (connection: Connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      if (mayEnter(context)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('request', (accept, reject, name, info) => {
      git.request(connection, name, info).then(
        () => accept?.(),
        () => reject?.(),
      );
    });
    // Whatever has no listener here (shell, pty, subsystem, environment, other channels) ssh2 refuses by itself.
    connection.on('session', (accept) => {
      accept().on('exec', (accept, _reject, { command }) => {
        void answer(command, accept(), steps);
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

async function answer(command: string, channel: ServerChannel, steps: StepTable): Promise<void> {
  try {
    const [name, ...parameters] = command.split(' ');
    switch (name) {
      case 'start': {
        const step = steps.start(parseSpec(await readAll(channel)));
        // A program that cannot be started is known in this turn of the event loop.
        await turn();
        return await reply(channel, 'stdout', step.state());
      }
      case 'attach': {
        const [index, from] = whole(parameters, 'attach INDEX FROM');
        const step = find(steps, index);
        await attach(step, from, channel);
        return await reply(channel, 'stderr', step.state());
      }
      case 'kill': {
        const [index, graceMs] = whole(parameters, 'kill INDEX GRACE');
        const step = find(steps, index);
        await step.kill(graceMs);
        return await reply(channel, 'stdout', step.state());
      }
      case 'status':
        return await reply(channel, 'stdout', steps.status());
      case undefined:
      default:
        throw new Refused(`The agent has no command "${command}".`);
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await write(channel, 'stderr', error.message);
    channel.exit(2);
    channel.end();
  }
}

async function reply(channel: ServerChannel, to: 'stdout' | 'stderr', answer: StepState | AgentStatus): Promise<void> {
  await write(channel, to, JSON.stringify(answer));
  channel.exit(0);
  // Not `end`, which would close both ways at once: the last acknowledgement is still to come.
  channel.eof();
  if (!channel.readableEnded) await once(channel.resume(), 'end');
  channel.close();
}

/** ssh2 neither orders stderr nor an exit status behind data that waits for the window: each waits for the one before. */
function write(channel: ServerChannel, to: 'stdout' | 'stderr', text: string): Promise<void> {
  // ssh2 1.17 keeps the last piece of stdout that had to wait, and sends it again in place of a piece of stderr that has to.
  if (to === 'stderr') Object.assign(channel, { _chunk: undefined, _chunkcb: undefined });
  return new Promise((resolve) => (channel[to] as Writable).write(text, () => resolve()));
}

async function readAll(channel: ServerChannel): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of channel as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > largestSpecBytes) throw new Refused(`A step's specification is larger than ${largestSpecBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function whole(parameters: readonly string[], usage: string): [number, number] {
  const [first = '', second = '', ...more] = parameters;
  if (more.length > 0 || ![first, second].every((one) => /^\d{1,15}$/.test(one))) throw new Refused(`Usage: ${usage}, both whole numbers.`);
  return [Number(first), Number(second)];
}

function find(steps: StepTable, index: number): Step {
  const step = steps.find(index);
  if (step === undefined) throw new Refused(`There is no step ${index} in this sandbox.`);
  return step;
}
