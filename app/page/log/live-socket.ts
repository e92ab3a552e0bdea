// How does a log reach a browser while it is being written?
//
// The client asks for `?from=BYTE`, or `?lines=N` for the last lines. First comes a text frame {from, line}: the byte that follows, and its
// line where we know it. Then binary frames, the log's bytes in order; a text frame {at} before them says when they were written (ms since
// 1970), and holds until the next. A text frame {gap, until, line} stands for the bytes up to `until`, of lines up to `line`, which cannot be
// read; {problem} for all of a log. At the end a text frame {complete, totalBytes}, and a close. Whoever loses the connection asks again from
// the byte after the last it has.

import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { BadManifest, gapSentence, readChunks, readManifest } from '../../../config-schema/read-log.ts';
import { findStep, numberOf } from '../address.ts';
import type { FoundStep, StepPlace } from '../address.ts';
import { readable } from '../access/only-readers.ts';
import { originRefusal } from '../access/local.ts';
import { liveLog } from './live-log.ts';
import type { Standing } from './live-log.ts';
import { badManifest } from './sentences.ts';
import type { CommonPorts } from '../ports.ts';

export type LiveSockets = {
  /** For the server's `upgrade`. False: not ours. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends every connection. */
  close(): void;
};

/** Times that lie closer together are one. */
const sameTimeMs = 100;
const frameBytes = 64 * 1024;
/** The last lines of a log may be very long. */
const mostTailBytes = 4 * 1024 * 1024;

/** Whoever does not answer a ping, or may not look any more, is let go. */
export function liveSockets(ports: CommonPorts, { pingEveryMs = 30_000 } = {}): LiveSockets {
  // What is compressible is small, and what is large comes once.
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  const awaitsPong = new WeakSet<WebSocket>();
  const mayStay = new WeakMap<WebSocket, () => Promise<boolean>>();
  const pinging = setInterval(() => {
    for (const socket of server.clients) {
      if (awaitsPong.has(socket)) socket.terminate();
      awaitsPong.add(socket);
      socket.ping();
      // A session may have ended meanwhile, or a permission been taken away.
      void mayStay.get(socket)?.().then((may) => may || socket.close(1008), () => undefined);
    }
  }, pingEveryMs);
  pinging.unref();

  const answer = async (req: IncomingMessage, socket: Duplex, head: Buffer, url: URL, place: StepPlace): Promise<void> => {
    const mayRead = async (): Promise<boolean> => {
      const viewer = await ports.access.viewer(req);
      if ('refused' in viewer || 'moved' in viewer) return false;
      const found = await readable(ports, viewer, place.owner, place.name);
      return found !== null && found !== 'too many guesses';
    };
    const viewer = await ports.access.viewer(req);
    if ('refused' in viewer) return refuse(socket, 403, viewer.refused);
    const found = (await mayRead()) && (await findStep(ports, place, numberOf(url.searchParams.get('attempt'))));
    if (!found) return refuse(socket, 404, 'There is no such step.');
    server.handleUpgrade(req, socket, head, (client) => {
      client.on('error', () => client.terminate());
      client.on('pong', () => awaitsPong.delete(client));
      mayStay.set(client, mayRead);
      void send(ports, client, found, place, url.searchParams).catch((error: unknown) => {
        if (client.readyState !== client.CLOSED) ports.log.warn({ error, log: found.logKey }, 'a live log broke off');
        client.close(1011);
      });
    });
  };

  return {
    upgrade(req, socket, head) {
      const url = new URL(req.url ?? '/', 'http://localhost');
      const place = placeOf(url.pathname);
      if (!place) return false;
      const refused = originRefusal(req);
      if (refused !== null) return refuse(socket, 403, refused), true;
      void answer(req, socket, head, url, place).catch((error: unknown) => {
        ports.log.warn({ error, path: url.pathname }, 'a live log could not be opened');
        refuse(socket, 500, 'Roundhouse failed to answer this; its log has the reason.');
      });
      return true;
    },
    close() {
      clearInterval(pinging);
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

/** Who adds to a log? Nobody once its attempt is over, or for a step that did not run. Background steps go on after their result. */
export function standingOf(ports: CommonPorts, place: StepPlace, { attempt }: FoundStep): () => Promise<Standing> {
  return async () => {
    const now = await findStep(ports, place, null);
    if (!now || now.attempt !== attempt || now.slice.state === 'ended') return { builder: null, over: true };
    const outcome = now.step?.result?.outcome;
    return { builder: now.slice.builder, over: outcome === 'skipped' || outcome === 'not-run' };
  };
}

async function send(ports: CommonPorts, client: WebSocket, found: FoundStep, place: StepPlace, query: URLSearchParams): Promise<void> {
  const left = new AbortController();
  client.on('close', () => left.abort());
  const say = (frame: object): Promise<void> => sendFrame(client, JSON.stringify(frame));
  let sentAt = -Infinity;
  try {
    const start = await startOf(ports, found.logKey, query);
    await say(start);
    for await (const part of liveLog(ports, found.logKey, start.from, standingOf(ports, place, found), left.signal)) {
      if (part.kind === 'bytes') {
        if (part.at !== null && Math.abs(part.at - sentAt) >= sameTimeMs) await say({ at: (sentAt = part.at) });
        for (let from = 0; from < part.bytes.length; from += frameBytes) await sendFrame(client, part.bytes.subarray(from, from + frameBytes));
      } else if (part.kind === 'gap') await say({ gap: gapSentence(part), until: part.offset + part.length, line: part.lastLine });
      else await say({ complete: part.complete, totalBytes: part.totalBytes });
    }
    client.close(1000);
  } catch (error) {
    if (left.signal.aborted) return;
    if (!(error instanceof BadManifest)) throw error;
    ports.log.warn({ error, log: found.logKey }, badManifest.forOperators);
    await say({ problem: badManifest.forReaders });
    await say({ complete: false, totalBytes: 0 });
    client.close(1000);
  }
}

async function startOf({ store, codec }: CommonPorts, key: string, query: URLSearchParams): Promise<{ from: number; line: number | null }> {
  const lines = numberOf(query.get('lines'));
  if (lines === null) {
    const from = numberOf(query.get('from')) ?? 0;
    return { from, line: from === 0 ? 1 : null };
  }
  const manifest = await readManifest(store, key);
  if (!manifest) return { from: 0, line: 1 };
  const range = { fromLine: Math.max(1, manifest.totalLines - lines + 1), lines: 1 };
  for await (const part of readChunks(store, key, manifest, range, codec)) {
    if (part.offset < manifest.totalBytes - mostTailBytes) break;
    return { from: part.offset, line: part.line };
  }
  return { from: Math.max(0, manifest.totalBytes - mostTailBytes), line: null };
}

/** Resolves when the frame is on its way: who reads slowly is sent slowly, and keeps the builder waiting, not our memory. */
const sendFrame = (client: WebSocket, data: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => client.send(data, (error) => (error ? reject(error) : resolve())));

function placeOf(path: string): StepPlace | null {
  const match = /^\/([^/]+)\/([^/]+)\/(\d{1,15})\/([^/]+)\/([^/]+)\/(\d{1,9})\/(\d{1,9})\/live$/.exec(path);
  if (!match) return null;
  try {
    const [owner, name, pipeline, workflow, job, slice, step] = match.slice(1).map(decodeURIComponent) as [string, string, string, string, string, string, string];
    return { owner, name, pipeline: Number(pipeline), workflow, job, slice: Number(slice), step: Number(step) };
  } catch {
    return null;
  }
}

function refuse(socket: Duplex, status: number, sentence: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${sentence}\n`);
}
