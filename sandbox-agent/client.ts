// How does a builder use the agent of a sandbox? One connection, a method for each command of protocol.ts.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Channel, ClientChannel, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import type { AgentStatus, StepSpec, StepState } from './protocol.ts';
import { paths } from './protocol.ts';

export type AgentAddress = {
  socketPath: string;
  /** Private key in OpenSSH's format. */
  clientKey: string;
  /** `ssh-ed25519 AAAA…` */
  hostKey: string;
};

export type EndedStep = Extract<StepState, { state: 'ended' }>;

/**
 * All methods may be called at once, and again after any failure, here or on another connection: nothing in the agent happens twice.
 * They reject with AgentUnreachable when there is no connection any more, and with AgentRefused when the agent says no.
 */
export type AgentClient = {
  /** Starting an index again changes nothing and answers its state. */
  start(spec: StepSpec): Promise<StepState>;
  /**
   * Hands over the step's output from byte `from` on, in order, until the step has ended. The bytes below `from` are safe with the caller,
   * and so are those that `onBytes` has resolved for: the agent forgets them. `onBytes` is awaited before more is taken. An abort ends
   * the reading, not the step.
   */
  attach(index: number, from: number, onBytes: (bytes: Buffer) => Promise<void> | void, options?: { signal?: AbortSignal | undefined }): Promise<EndedStep>;
  /** SIGTERM to every process of the step, SIGKILL after `graceMs`; resolves when none is left. */
  kill(index: number, graceMs: number): Promise<EndedStep>;
  status(): Promise<AgentStatus>;
  /** Each connection of the sandbox's git becomes a stream of `open`; when that closes, so does the connection. Of several clients the last serves. */
  serveGit(open: () => Duplex): Promise<void>;
  end(): void;
  /** Resolves, never rejects, when the connection is gone for whatever reason. */
  readonly closed: Promise<void>;
};

export class AgentUnreachable extends Error {
  override name = 'AgentUnreachable';
}

/** The agent's sentence: what was asked for cannot be, or it failed at it. */
export class AgentRefused extends Error {
  override name = 'AgentRefused';
}

const aliveEveryMs = 10_000;
/** ssh2 leaves up to two windows of 2 MiB unread. What comes beyond was not asked for: a sandbox may have taken over its agent. */
const mostUnreadBytes = 8 * 1024 * 1024;
const mostGitStreams = 16;
/** Acknowledgements are sent when nothing more waits, and at this distance under load. */
const acknowledgeBytes = 256 * 1024;

export async function connectAgent({ socketPath, clientKey, hostKey, signal }: AgentAddress & { signal?: AbortSignal | undefined }): Promise<AgentClient> {
  const pinned = publicBytes(hostKey);
  const socket = connect(socketPath);
  const client = new ssh2.Client();
  // There may be several for one lost connection, which shows in `closed` and at the end of every channel.
  client.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const unreachable = (cause?: unknown): AgentUnreachable => new AgentUnreachable(`the agent at ${socketPath} does not answer`, { cause });
  const abort = (): void => void socket.destroy();
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', abort, { once: true });
    await once(socket, 'connect');
    client.connect({
      sock: socket,
      username: 'roundhouse',
      privateKey: clientKey,
      authHandler: ['publickey'],
      hostVerifier: (key: Buffer) => key.equals(pinned),
      algorithms: { cipher: ['aes128-gcm@openssh.com'], compress: ['none'] },
      // Else forwarding of unix sockets is asked of OpenSSH's servers alone.
      strictVendor: false,
      keepaliveInterval: aliveEveryMs,
    });
    await Promise.race([once(client, 'ready'), closed.then(() => Promise.reject(unreachable()))]);
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw error instanceof AgentUnreachable ? error : unreachable(error);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  const open = (command: string): Promise<ClientChannel> =>
    new Promise((resolve, reject) => {
      const refuse = (cause?: unknown): void => reject(unreachable(cause));
      if (!socket.writable) return refuse();
      client.exec(command, (error, channel) => {
        if (error) return refuse(error);
        for (const stream of [channel, channel.stderr]) limitUnread(stream, socket);
        resolve(channel);
      });
    });

  const ask = async (command: string, input = ''): Promise<unknown> => {
    const channel = await open(command);
    channel.end(input);
    const [answer, complaint] = await Promise.all([text(channel), text(channel.stderr)]);
    checkExit(channel, complaint, unreachable);
    return JSON.parse(answer);
  };

  return {
    start: async (spec) => (await ask('start', JSON.stringify(spec))) as StepState,
    kill: async (index, graceMs) => (await ask(`kill ${index} ${graceMs}`)) as EndedStep,
    status: async () => (await ask('status')) as AgentStatus,

    async attach(index, from, onBytes, { signal } = {}) {
      signal?.throwIfAborted();
      const channel = await open(`attach ${index} ${from}`);
      const aborted = Promise.withResolvers<never>();
      const leave = (): void => aborted.reject(signal?.reason);
      signal?.addEventListener('abort', leave, { once: true });

      const read = async (): Promise<EndedStep> => {
        const complaint = text(channel.stderr);
        // An acknowledgement may have been lost with the last connection, and the step may wait for it.
        channel.write(`ACK ${from}\n`);
        let safe = from;
        let acknowledged = from;
        for await (const bytes of channel as AsyncIterable<Buffer>) {
          signal?.throwIfAborted();
          await onBytes(bytes);
          safe += bytes.length;
          if (channel.readableLength > 0 && safe - acknowledged < acknowledgeBytes) continue;
          channel.write(`ACK ${safe}\n`);
          acknowledged = safe;
        }
        const last = await complaint;
        checkExit(channel, last, unreachable);
        return JSON.parse(last) as EndedStep;
      };
      try {
        return await Promise.race([read(), aborted.promise]);
      } finally {
        signal?.removeEventListener('abort', leave);
        channel.destroy();
      }
    },

    serveGit(serve) {
      let streams = 0;
      client.removeAllListeners('unix connection');
      client.on('unix connection', (_info, accept, reject) => {
        if (streams >= mostGitStreams) return reject();
        streams++;
        const channel = accept();
        limitUnread(channel, socket);
        channel.once('close', () => streams--);
        join(channel, serve());
      });
      return new Promise((resolve, reject) => {
        client.openssh_forwardInStreamLocal(paths.gitSocket, (error) => (error ? reject(unreachable(error)) : resolve()));
      });
    },

    end: () => void client.end(),
    closed,
  };
}

function publicBytes(key: string): Buffer {
  const parsed: ParsedKey | Error = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw new TypeError('the host key cannot be read', { cause: parsed });
  return parsed.getPublicSSH();
}

function checkExit(channel: ClientChannel, complaint: string, unreachable: () => Error): void {
  // ssh2 keeps it; a listener may come too late for the event.
  const { code } = (channel as unknown as { _exit: { code: number | null | undefined } })._exit;
  if (code === 0) return;
  throw typeof code === 'number' ? new AgentRefused(complaint) : unreachable();
}

function limitUnread(stream: Readable, socket: Socket): void {
  const push = stream.push.bind(stream);
  stream.push = (bytes: unknown) => {
    if (stream.readableLength > mostUnreadBytes) socket.destroy(new Error('the agent sends more than its window'));
    return push(bytes);
  };
}

function join(channel: Channel, stream: Duplex): void {
  channel.on('error', () => {});
  stream.on('error', () => {});
  stream.once('close', () => {
    // `close` of a channel overtakes what waits for its window; `end` came with the end of the stream.
    if (stream.readableEnded && !channel.writableFinished) channel.once('finish', () => channel.close());
    else channel.close();
  });
  channel.once('close', () => stream.destroy());
  channel.pipe(stream).pipe(channel);
}
