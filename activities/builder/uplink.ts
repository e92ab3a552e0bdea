// How does a builder stay reachable, with nothing listening on it? It dials out, and the app opens streams back.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import ssh2 from 'ssh2';
import type { Channel, ClientChannel } from 'ssh2';
import { announceCommand, answers, longestStreamPath, streamSocket } from '../../config-schema/uplink.ts';
import type { Announcement } from './announcement.ts';

export type UplinkOptions = {
  /** `host:port` of the app's ssh port. */
  address: string;
  /** The app's public key, `ssh-ed25519 AAAA…`: no other is talked to. */
  hostKey: string;
  /** This builder's private key, in OpenSSH's format. */
  identity: string;
  builderId: string;
  announce: () => Announcement;
  everySeconds: number;
  /** What the app may read, by path; null for what is not here. The signal is aborted when the app has read enough or is gone. */
  serve: (path: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array> | null> | AsyncIterable<Uint8Array> | null;
  log: { info: Log; warn: Log };
  signal: AbortSignal;
};

type Log = (fields: object, message: string) => void;

/** Lives until the signal is aborted, over any number of connections. */
export type Uplink = {
  readonly connected: boolean;
  /** Announces now what has changed; nothing happens while there is no connection. */
  announceChange(): void;
  /** Resolves when the signal was aborted and the connection is closed. */
  closed: Promise<void>;
};

const firstRetryMs = 500;
const longestRetryMs = 30_000;
const changesTogetherMs = 50;

export function connectUplink(options: UplinkOptions): Uplink {
  const { address, log, signal } = options;
  let connection: Connection | null = null;

  const keepConnected = async (): Promise<void> => {
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        const since = Date.now();
        connection = await connect(options);
        log.info({ address }, 'connected to the app');
        const error = await connection.closed;
        if (!signal.aborted) log.warn({ error, address }, 'the connection to the app has ended');
        // An app that takes and drops connections is not dialled without a pause.
        if (Date.now() - since > longestRetryMs) retryMs = firstRetryMs;
      } catch (error) {
        if (!signal.aborted) log.warn({ error, address }, refusal(error, address));
      }
      connection = null;
      // Builders that lost the same app come back one by one.
      await sleep(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  };
  const closed = keepConnected();

  return {
    get connected() {
      return connection !== null;
    },
    announceChange: () => connection?.announceChange(),
    closed,
  };
}

/** `closed` resolves with what broke it, if anything did. */
type Connection = { announceChange(): void; closed: Promise<Error | null> };

async function connect({ address, hostKey, identity, builderId, announce, everySeconds, serve, log, signal }: UplinkOptions): Promise<Connection> {
  const { host, port } = parseAddress(address);
  const pinned = ssh2.utils.parseKey(hostKey);
  if (pinned instanceof Error) throw new Error(`the app's pinned key is no public key in OpenSSH's format: ${hostKey}`, { cause: pinned });
  const client = new ssh2.Client();
  const gone = new AbortController();
  let broken: Error | null = null;
  client.on('error', (error) => {
    broken ??= error;
  });
  const closed = new Promise<Error | null>((resolve) =>
    client.once('close', () => {
      gone.abort();
      resolve(broken);
    }),
  );
  const end = (): void => void client.destroy();
  signal.addEventListener('abort', end, { once: true });
  void closed.then(() => signal.removeEventListener('abort', end));

  client.connect({
    host,
    port,
    username: builderId,
    privateKey: identity,
    authHandler: ['publickey'],
    hostVerifier: (key: Buffer) => key.equals(pinned.getPublicSSH()),
    algorithms: { serverHostKey: ['ssh-ed25519'], compress: ['none'] },
    // Else forwarding of unix sockets is asked of OpenSSH's servers alone.
    strictVendor: false,
    readyTimeout: 10_000,
    keepaliveInterval: Math.max(1000, everySeconds * 1000),
    keepaliveCountMax: 3,
  });
  try {
    signal.throwIfAborted();
    await Promise.race([once(client, 'ready'), closed.then((error) => Promise.reject(error ?? new Error('the app hung up')))]);
    // Lines of a log are small and shall not wait for one another.
    client.setNoDelay(true);
    client.on('unix connection', (_info, accept) => {
      const channel = accept();
      void answerStream(channel, serve, gone.signal).catch((error: unknown) => {
        log.warn({ error }, 'a stream to the app ended early');
        channel.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => client.openssh_forwardInStreamLocal(streamSocket, (error) => (error ? reject(error) : resolve())));
    const channel = await new Promise<ClientChannel>((resolve, reject) => client.exec(announceCommand, (error, opened) => (error ? reject(error) : resolve(opened))));
    channel.resume();
    channel.on('close', () => client.end());
    return { announceChange: announceOn(channel, announce, everySeconds), closed };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Announces at once, then every few seconds until the channel closes. Answers how to announce in between. */
function announceOn(channel: ClientChannel, announce: () => Announcement, everySeconds: number): () => void {
  let soon: NodeJS.Timeout | undefined;
  const send = (): void => {
    clearTimeout(soon);
    soon = undefined;
    // Of an app that does not read, only the newest announcement would matter; it will be dropped as dead soon.
    if (channel.writable && channel.writableLength === 0) channel.write(`${JSON.stringify(announce())}\n`);
  };
  const timer = setInterval(send, everySeconds * 1000);
  channel.on('close', () => {
    clearInterval(timer);
    clearTimeout(soon);
  });
  send();
  return () => {
    soon ??= setTimeout(send, changesTogetherMs);
  };
}

async function answerStream(channel: Channel, serve: UplinkOptions['serve'], gone: AbortSignal): Promise<void> {
  const left = new AbortController();
  channel.on('close', () => left.abort());
  const signal = AbortSignal.any([gone, left.signal]);
  const path = await readLine(channel, signal);
  // Nothing more is expected, but ssh2 says 'close' only to those who read to the end.
  channel.resume();
  const bytes = path === null ? null : await serve(path, signal);
  channel.write(bytes ? answers.yes : answers.no);
  for await (const some of bytes ?? []) {
    if (signal.aborted) break;
    if (!channel.write(some)) await once(channel, 'drain', { signal }).catch(() => {});
  }
  // Of its own accord ssh2 sends the end of file alone; a close at once would overtake what is still to be sent.
  channel.end(() => channel.close());
}

/** The first line, without its newline; null when there is none of a path's length. */
async function readLine(channel: Channel, signal: AbortSignal): Promise<string | null> {
  let text = '';
  const bytes = channel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const some of bytes) {
    text += some.toString('utf8');
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (text.length > longestStreamPath || signal.aborted) return null;
  }
  return null;
}

function parseAddress(address: string): { host: string; port: number } {
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(address) ?? [];
  if (host === undefined) throw new Error(`the app's address must look like host:port, is ${address}`);
  return { host, port: Number(port) };
}

/** ssh2 marks an error with where it arose. */
function refusal(error: unknown, address: string): string {
  const { level, message = String(error) } = error as { level?: string; message?: string };
  if (level === 'client-authentication') return `the app at ${address} does not know this builder's key: put its ssh_key's public half into ssh/builders/NAME.pub of the app's data folder`;
  if (/verification failed/.test(message)) return `another key than the pinned one answers at ${address}: if the app was set up anew, give this builder its new ssh/host_key.pub; if not, somebody stands between`;
  return `cannot connect to the app at ${address}: ${message}`;
}
