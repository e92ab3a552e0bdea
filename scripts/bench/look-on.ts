// When does somebody who looks at the page see the first byte of a step?

import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { HeldFiles, sandboxName } from '../../activities/builder/held.ts';
import type { SliceKey } from '../../config-schema/address.ts';
import type { Bench } from './bench.ts';
import { now, type Instance, type Repository } from './instance.ts';

/** Of one push. All times are ms since 1970. */
export type FirstByte = {
  slice: SliceKey;
  delivered: number;
  /** The first byte is in the builder's own file. */
  written: number;
  /** The app has taken our WebSocket. */
  connected: number;
  /** The first byte has come through it. */
  shown: number;
};

/** A page that does not know the step yet answers 404, and is asked again. */
const askAgainMs = 20;
const lookEveryMs = 2;

/** Pushes, and waits until the build has ended, so that it does not disturb the next. */
export async function lookOn(bench: Bench, { settings }: Instance, repository: Repository): Promise<FirstByte> {
  const push = await repository.commit();
  const slice = { repositoryId: repository.id, pipeline: push.number, workflow: 'all', job: 'job', slice: 0 };
  const page = `ws://127.0.0.1:${settings.port}/${repository.fullName}/${push.number}/${slice.workflow}/${slice.job}/0/0/live?from=0`;
  const file = new HeldFiles(settings.builderState).logFile(sandboxName(slice, 1), 0);
  const [delivered, { connected, shown }, written] = await Promise.all([
    push.delivered(),
    // Nobody asks for a page before there was a push.
    push.delivered().then(() => firstFrame(page, bench.signal)),
    firstWrite(file, bench.signal),
    push.send(),
    push.concluded(),
  ]);
  await push.ended();
  return { slice, delivered, written, connected, shown };
}

async function firstFrame(url: string, signal: AbortSignal): Promise<{ connected: number; shown: number }> {
  for (;;) {
    signal.throwIfAborted();
    const times = await listen(url, signal);
    if (times) return times;
    await sleep(askAgainMs, undefined, { signal });
  }
}

/** Null when the page does not have the step yet. */
function listen(url: string, signal: AbortSignal): Promise<{ connected: number; shown: number } | null> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let connected = 0;
    const leave = (): void => socket.terminate();
    signal.addEventListener('abort', leave, { once: true });
    socket.on('open', () => (connected = now()));
    socket.on('message', (_, isBinary) => {
      if (!isBinary) return;
      resolve({ connected, shown: now() });
      socket.terminate();
    });
    socket.on('unexpected-response', (_, response) => {
      if (response.statusCode === 404) resolve(null);
      else reject(new Error(`${url} answers ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      signal.removeEventListener('abort', leave);
      reject(new Error(`${url} has closed without a byte of the log`));
    });
  });
}

async function firstWrite(file: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    const found = await stat(file).catch(() => null);
    // The step's only output is one write.
    if (found && found.size > 0) return found.mtimeMs;
    await sleep(lookEveryMs, undefined, { signal });
  }
}
