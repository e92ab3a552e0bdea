// How does a builder use the agent of a sandbox? One connection, a method for each command of protocol.ts.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { dirname, join as joinPath } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Channel, ClientChannel, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import { gitRefusal, readGitRequest } from './git-request.ts';
import type { AgentStatus, MountAnswer, MountSpec, StepSpec, StepState, ToolEnd, ToolSpec } from './protocol.ts';
import { paths } from './protocol.ts';

/** What the helper in a sandbox can be asked. */
export type { Questions } from './helper/questions.ts';

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
   * and so are those that `onBytes` has resolved for, or those below the offset that it answers: the agent forgets them. `onBytes` is
   * awaited before more is taken. An abort ends the reading, not the step.
   */
  attach(index: number, from: number, onBytes: (bytes: Buffer) => Promise<number | void> | void, options?: { signal?: AbortSignal | undefined }): Promise<EndedStep>;
  /** SIGTERM to every process of the step, SIGKILL after `graceMs`; resolves when none is left. */
  kill(index: number, graceMs: number): Promise<EndedStep>;
  status(): Promise<AgentStatus>;
  /** Starts a program of the agent's. `signal` ends it. */
  tool(spec: ToolSpec, signal?: AbortSignal): Promise<RunningTool>;
  /** Mounts a cache of the builder. */
  mount(spec: MountSpec): Promise<MountAnswer>;
  /**
   * Each connection of the sandbox's git becomes a stream of `open`, which is given what git asks for: `repository` for the pipeline's own,
   * or `OWNER/NAME`, unchecked. When the stream closes, so does the connection; null is a refusal. Of several clients the last serves.
   */
  serveGit(open: (repository: string) => Duplex | null): Promise<void>;
  /** Each connection to the sandbox's ssh agent becomes a stream of `open`. The socket is made by the first call. Again: of several clients the last serves. */
  serveSshAgent(open: () => Duplex): Promise<void>;
  end(): void;
  /** Resolves, never rejects, when the connection is gone for whatever reason. */
  readonly closed: Promise<void>;
};

export type RunningTool = {
  /** The program's standard input or output. Nothing is read of it before the caller does: it may be handed to a child process as it is. */
  stream: Socket;
  /** Rejects with AgentUnreachable when that cannot be known any more. */
  ended: Promise<ToolEnd>;
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
/** Of each of the two sockets. */
const mostStreams = 16;
/** As the checkout calls the pipeline's own. */
const ownRepository = 'repository';
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

  const servers = new Map<string, { streams: number; take: (channel: Channel) => void }>();
  client.on('unix connection', ({ socketPath: to }, accept, reject) => {
    const server = servers.get(to);
    if (server === undefined || server.streams >= mostStreams) return reject();
    server.streams++;
    const channel = accept();
    limitUnread(channel, socket);
    channel.on('error', () => {});
    channel.once('close', () => server.streams--);
    server.take(channel);
  });
  const serve = (path: string, take: (channel: Channel) => void): Promise<void> => {
    servers.set(path, { streams: servers.get(path)?.streams ?? 0, take });
    return new Promise((resolve, reject) => {
      if (!socket.writable) return reject(unreachable());
      client.openssh_forwardInStreamLocal(path, (error) => {
        if (!error) resolve();
        else reject(socket.writable ? new AgentRefused(`the agent does not forward ${path}; it is of an earlier version`) : unreachable(error));
      });
    });
  };

  return {
    start: async (spec) => (await ask('start', JSON.stringify(spec))) as StepState,
    kill: async (index, graceMs) => (await ask(`kill ${index} ${graceMs}`)) as EndedStep,
    mount: async (spec) => (await ask('mount', JSON.stringify(spec))) as MountAnswer,

    async tool(spec, signal) {
      const channel = await open('tool');
      const kill = (): void => channel.close();
      signal?.addEventListener('abort', kill, { once: true });
      channel.once('close', () => signal?.removeEventListener('abort', kill));
      channel.end(JSON.stringify(spec));
      const complaint = text(channel.stderr);
      const lines = createInterface({ input: channel })[Symbol.asyncIterator]();
      const next = async (): Promise<unknown> => {
        const { value, done } = (await lines.next()) as IteratorResult<string>;
        if (!done) return JSON.parse(value);
        signal?.throwIfAborted();
        checkExit(channel, await complaint, unreachable);
        throw unreachable();
      };
      const { socket: name } = (await next()) as { socket: string };
      // Whatever has taken over the agent must not send us elsewhere.
      if (!/^b-[0-9a-f]{16}\.sock$/.test(name)) throw new AgentRefused('the agent names no socket of its own');
      const stream = connect(joinPath(dirname(socketPath), name));
      stream.pause();
      stream.on('error', () => {});
      const ended = next() as Promise<ToolEnd>;
      ended.catch(() => stream.destroy());
      await once(stream, 'connect', signal ? { signal } : {});
      return { stream, ended };
    },

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
        let received = from;
        let acknowledged = from;
        for await (const bytes of channel as AsyncIterable<Buffer>) {
          signal?.throwIfAborted();
          received += bytes.length;
          const safe = (await onBytes(bytes)) ?? received;
          if (safe === acknowledged || (channel.readableLength > 0 && safe - acknowledged < acknowledgeBytes)) continue;
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

    serveGit: (open) => serve(paths.gitSocket, (channel) => answerGit(channel, open)),
    serveSshAgent: (open) => serve(paths.sshAgentSocket, (channel) => join(channel, open())),

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

function answerGit(channel: Channel, open: (repository: string) => Duplex | null): void {
  const refuse = (sentence: string): void => {
    channel.once('finish', () => channel.close());
    channel.resume();
    channel.end(gitRefusal(sentence));
  };
  const answer = async (): Promise<void> => {
    const request = await readGitRequest(channel);
    if (request.kind === 'gone') return;
    if (request.kind === 'refused') return refuse(request.sentence);
    const name = request.kind === 'silent' ? ownRepository : request.name;
    const stream = open(name);
    if (stream !== null) join(channel, stream);
    else refuse(`repository ${name.replace(/[^\w./-]/g, '?')} is not named by \`repositories\` of the checkout step. Name it there if the job may read it`);
  };
  answer().catch(() => channel.close());
}

function join(channel: Channel, stream: Duplex): void {
  stream.on('error', () => {});
  stream.once('close', () => {
    // `close` of a channel overtakes what waits for its window; `end` came with the end of the stream.
    if (stream.readableEnded && !channel.writableFinished) channel.once('finish', () => channel.close());
    else channel.close();
  });
  channel.once('close', () => stream.destroy());
  channel.pipe(stream).pipe(channel);
}
