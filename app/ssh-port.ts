// How do builders reach the app, and the app its builders? One ssh port; every builder dials in and offers streams.

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';
import { announceCommand, answers, streamSocket } from '../config-schema/uplink.ts';
import { parseAnnouncement } from './announcement.ts';
import type { BuilderRegistry } from './registry.ts';

export type SshPortOptions = {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Private, in OpenSSH's format. */
  hostKey: string;
  /** The builder of a public key (`ssh-ed25519 AAAA…`); null for a stranger's. Asked at every connection and every announcement: a key may be withdrawn. */
  authorizedBuilders: (publicKey: string) => string | null | Promise<string | null>;
  registry: BuilderRegistry;
  log: { info: Log; warn: Log };
  /** A builder that is silent for three times as long is gone. */
  keepaliveSeconds?: number;
};

type Log = (fields: object, message: string) => void;

export interface SshPort {
  readonly port: number;
  /** A stream that the builder serves under the path (config-schema/uplink.ts). Null when the builder is not connected here, or has none there. */
  open(builderId: string, path: string, signal?: AbortSignal): Promise<Duplex | null>;
  /** Ids of the builders connected here. */
  builders(): string[];
  /** Resolves when every connection is closed and the registry knows. */
  close(): Promise<void>;
}

/** Connections that have not yet said who they are. */
const mostStrangers = 64;
const authenticateWithinMs = 10_000;
const answerWithinMs = 10_000;

export async function startSshPort(options: SshPortOptions): Promise<SshPort> {
  const connected = new Map<string, Connection>();
  const sockets = new Set<Socket>();
  const serving = new Set<Promise<void>>();
  let strangers = 0;

  const serve = async (socket: Socket): Promise<void> => {
    const builder = await identify(socket, options).finally(() => (strangers -= 1));
    if (builder) await serveBuilder(builder, socket, connected, options);
  };
  const server = createServer((socket) => {
    if (strangers >= mostStrangers) return void socket.destroy();
    strangers += 1;
    sockets.add(socket);
    // Lines of a log are small and shall not wait for one another.
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const served = serve(socket)
      .catch((error: unknown) => options.log.warn({ error, ip: socket.remoteAddress }, 'a connection to the ssh port failed'))
      .finally(() => {
        socket.destroy();
        sockets.delete(socket);
        serving.delete(served);
      });
    serving.add(served);
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    async open(builderId, path, signal) {
      const client = connected.get(builderId);
      return client ? openStream(client, path, signal) : null;
    },
    builders: () => [...connected.keys()],
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, ...serving]);
    },
  };
}

type Builder = { client: Connection; id: string; publicKey: string };

/** Resolves when somebody has proved to be a builder; null when the connection ended, or took too long, before that. */
function identify(socket: Socket, { hostKey, authorizedBuilders, log, keepaliveSeconds = 5 }: SshPortOptions): Promise<Builder | null> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => socket.destroy(), authenticateWithinMs);
    const settle = (builder: Builder | null): void => {
      clearTimeout(giveUp);
      resolve(builder);
    };
    socket.once('close', () => settle(null));

    // A server for one socket: ssh2 gives no way from a connection to its socket.
    const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'roundhouse', algorithms: { compress: ['none'] }, keepaliveInterval: keepaliveSeconds * 1000, keepaliveCountMax: 3 }, (client) => {
      let known: { id: string; publicKey: string } | null = null;
      client.on('error', (error) => {
        log.warn({ error, ip: socket.remoteAddress, builder: known?.id }, 'a connection to the ssh port broke');
        socket.destroy();
      });
      client.on('authentication', (attempt) => {
        void checkKey(attempt, authorizedBuilders).then((found) => {
          if (found) known = found;
          if (found) attempt.accept();
          else attempt.reject(['publickey']);
        }, (error: unknown) => {
          log.warn({ error }, 'cannot look up a key');
          socket.destroy();
        });
      });
      client.on('ready', () => settle(known && { client, ...known }));
    });
    server.injectSocket(socket);
  });
}

async function checkKey(attempt: AuthContext, authorizedBuilders: SshPortOptions['authorizedBuilders']): Promise<{ id: string; publicKey: string } | null> {
  if (attempt.method !== 'publickey' || attempt.key.algo !== 'ssh-ed25519') return null;
  const publicKey = `ssh-ed25519 ${attempt.key.data.toString('base64')}`;
  const id = await authorizedBuilders(publicKey);
  if (id === null) return null;
  // Without a signature the client only asks whether the key would do.
  if (attempt.signature) {
    const key = ssh2.utils.parseKey(attempt.key.data);
    if (key instanceof Error || key.verify(attempt.blob!, attempt.signature) !== true) return null;
  }
  return { id, publicKey };
}

/** Resolves when the connection has ended and the registry knows. */
async function serveBuilder({ client, id, publicKey }: Builder, socket: Socket, connected: Map<string, Connection>, { registry, authorizedBuilders, log }: SshPortOptions): Promise<void> {
  // Not `once`, which rejects when an error comes first.
  const ended = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const bound = { builder: id, ip: socket.remoteAddress };
  log.info(bound, 'a builder has connected');

  // Everything else that ssh knows (shells, other commands, forwarding to elsewhere) is refused by ssh2 where nobody listens for it.
  client.on('request', (accept, reject, name, info) => {
    if ((name as string) !== 'streamlocal-forward@openssh.com' || (info as unknown as { socketPath: string }).socketPath !== streamSocket) return reject?.();
    accept?.();
    // A builder that dials again has lost its earlier connection, which we may not know yet.
    connected.get(id)?.end();
    connected.set(id, client);
  });
  client.on('session', (acceptSession) => {
    acceptSession().on('exec', (accept, reject, { command }) => {
      if (command !== announceCommand) return reject();
      void readAnnouncements(accept(), async (line) => {
        const announcement = parseAnnouncement(line);
        if (announcement.id !== id) throw new Error(`it announces itself as ${announcement.id}`);
        if ((await authorizedBuilders(publicKey)) !== id) throw new Error('its key was withdrawn');
        if (connected.get(id) === client) await registry.sighted(announcement).catch((error: unknown) => log.warn({ ...bound, error }, 'the registry could not be written'));
      }).catch((error: unknown) => log.warn({ ...bound, error }, 'a builder is turned away'))
        .finally(() => client.end());
    });
  });

  await ended;
  log.info(bound, 'a builder has disconnected');
  if (connected.get(id) !== client) return;
  connected.delete(id);
  await registry.lost(id).catch((error: unknown) => log.warn({ ...bound, error }, 'the registry could not be written'));
}

const longestAnnouncement = 1024 * 1024;

/** Resolves when the channel ends; rejects with what is wrong. Takes one line after the other. */
async function readAnnouncements(channel: ServerChannel, take: (line: string) => Promise<void>): Promise<void> {
  let rest = '';
  for await (const bytes of channel as AsyncIterable<Buffer>) {
    const lines = (rest + bytes.toString('utf8')).split('\n');
    rest = lines.pop()!;
    if (rest.length > longestAnnouncement) throw new Error('its announcement is too long');
    for (const line of lines) await take(line);
  }
}

async function openStream(client: Connection, path: string, outer?: AbortSignal): Promise<Duplex | null> {
  const timeout = AbortSignal.timeout(answerWithinMs);
  const signal = outer ? AbortSignal.any([outer, timeout]) : timeout;
  const channel = await new Promise<Duplex | null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
    client.openssh_forwardOutStreamLocal(streamSocket, (error, opened) => {
      if (error || signal.aborted) opened?.destroy();
      resolve(error || signal.aborted ? null : opened);
    });
  });
  if (!channel) return null;
  channel.write(`${path}\n`);
  if ((await firstByte(channel, signal)) === answers.yes) {
    outer?.addEventListener('abort', () => channel.destroy(), { once: true });
    return channel;
  }
  channel.destroy();
  return null;
}

/** Null when the channel ends, or the signal is aborted, before. */
async function firstByte(channel: Duplex, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    const byte = channel.read(1) as Buffer | null;
    if (byte) return byte.toString('latin1');
    if (signal.aborted || channel.readableEnded) return null;
    await new Promise<void>((resolve) => {
      for (const event of ['readable', 'end', 'close']) channel.once(event, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
