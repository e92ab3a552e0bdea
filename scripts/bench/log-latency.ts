// How long after a step has written a line does somebody see it who looks on?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { inPairs, median, percentile, rounded, type Bench } from './bench.ts';
import type { Instance } from './instance.ts';
import { oneJob } from './one-job.ts';

/** A page that does not know the step yet answers 404, and is asked again. */
const askAgainMs = 20;

/**
 * From the write of a process in a sandbox to the frame on the page's WebSocket, by one clock: each line says when it was printed. The
 * baseline is the same program on the host, whose pipe goes into a WebSocket without anything in between.
 */
export async function benchLogLatency(bench: Bench, instance: Instance): Promise<void> {
  const lines = bench.quick ? 50 : 200;
  // Between 10 and 99 ms, so that no line waits for another.
  const printing = `for i in $(seq ${lines}); do sleep 0.0$((RANDOM % 90 + 10)); echo "at $EPOCHREALTIME"; done`;
  const repository = await instance.repository('log-latency', { '.circle.yml': oneJob(`      - run: ${JSON.stringify(printing)}`) });

  const ours = async (): Promise<number[]> => {
    const push = await repository.commit();
    const url = `ws://127.0.0.1:${instance.settings.port}/${repository.fullName}/${push.number}/all/job/0/0/live?from=0`;
    const [latencies] = await Promise.all([push.delivered().then(() => onceThere(url, bench.signal)), push.send(), push.concluded()]);
    await push.ended();
    return latencies;
  };
  const baseline = (): Promise<number[]> => throughPipe(printing, bench.signal);

  const runs = bench.quick ? 1 : 3;
  bench.say(`log latency: ${runs} times ${lines} lines at random intervals, each followed by the same without us …`);
  const pairs = await inPairs(bench, runs, ours, baseline);
  const [all, plain] = [pairs.flatMap(({ ours }) => ours), pairs.flatMap(({ baseline }) => baseline)];
  for (const percent of [50, 95]) {
    bench.print({ figure: `log-latency-p${percent}`, value: rounded(percentile(all, percent), 2), unit: 'ms', n: all.length, baselineMs: rounded(percentile(plain, percent), 2) });
  }
  const ratio = median(pairs.map(({ ours, baseline }) => median(ours) / median(baseline)));
  bench.print({ figure: 'log-latency-ratio', value: rounded(ratio, 2), unit: 'ratio', baseline: 'a pipe into a WebSocket', n: runs });
}

async function onceThere(url: string, signal: AbortSignal): Promise<number[]> {
  for (;;) {
    signal.throwIfAborted();
    const latencies = await watch(url, signal);
    if (latencies) return latencies;
    await sleep(askAgainMs, undefined, { signal });
  }
}

/** Of each line that was printed while we looked on, until the other side closes; null when the page does not have the step yet. */
function watch(url: string, signal: AbortSignal): Promise<number[] | null> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const latencies: number[] = [];
    let [openedAt, rest] = [Infinity, ''];
    const leave = (): void => socket.terminate();
    signal.addEventListener('abort', leave, { once: true });
    socket.on('open', () => (openedAt = Date.now()));
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      const cameAt = Date.now();
      const pieces = (rest + data.toString()).split('\n');
      rest = pieces.pop()!;
      for (const piece of pieces) {
        const [, seconds] = /^at (\d+\.\d+)$/.exec(piece) ?? [];
        const printedAt = Number(seconds) * 1000;
        if (printedAt > openedAt) latencies.push(cameAt - printedAt);
      }
    });
    socket.on('unexpected-response', (_, response) => {
      if (response.statusCode === 404) resolve(null);
      else reject(new Error(`${url} answers ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      signal.removeEventListener('abort', leave);
      if (latencies.length > 0) resolve(latencies);
      else reject(new Error(`${url} has closed without a line`));
    });
  });
}

async function throughPipe(command: string, signal: AbortSignal): Promise<number[]> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  try {
    await once(server, 'listening');
    server.on('connection', (client) => {
      const printer = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], signal });
      // A signal that ends it is ours.
      printer.on('error', () => {});
      printer.stdout.on('data', (bytes: Buffer) => client.send(bytes));
      printer.on('close', () => client.close());
    });
    return (await watch(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, signal))!;
  } finally {
    for (const client of server.clients) client.terminate();
    server.close();
  }
}
