// A Temporal server for tests: started as `roundhouse up` starts it, but keeping nothing, and gone when the test process is, however that one ends.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { embeddedTemporal } from '../app/up/all.ts';
import { freePorts } from '../app/up/free-ports.ts';

export type TemporalServer = { address: string; stop(): Promise<void> };

/** Before a command that the main thread starts: it is killed when this process ends. */
export const endsWithUs = ['setpriv', '--pdeathsig', 'KILL'];

/** `folder` is one that the server may use; `args` are further ones of `temporal server start-dev`. */
export async function startTemporal(folder: string, args: readonly string[] = []): Promise<TemporalServer> {
  const cache = process.env.ROUNDHOUSE_CACHE ?? '/var/cache/roundhouse';
  // It chooses free ports for its own parts and takes them later: where somebody came between it ends, and another is started.
  for (let tries = 1; tries <= 10; tries++) {
    const address = `127.0.0.1:${(await freePorts(1))[0]}`;
    const [program, ...own] = [...endsWithUs, ...(await embeddedTemporal({ temporalAddress: address, data: folder, cache }, ''))];
    const server = spawn(program!, [...own, ...args], { stdio: 'ignore' });
    const ended = once(server, 'exit');
    if (await serves(address, server)) return { address, stop: () => (server.kill('SIGKILL'), ended.then(() => undefined)) };
  }
  throw new Error('the Temporal server for this test does not start');
}

/** Once it is so, or false when the server has ended. It listens first and makes its namespace then. */
async function serves(address: string, server: ChildProcess): Promise<boolean> {
  while (server.exitCode === null && server.signalCode === null) {
    const connection = await Connection.connect({ address, connectTimeout: 200 }).catch(() => null);
    const found = await connection?.workflowService.describeNamespace({ namespace: 'default' }).catch(() => null);
    await connection?.close();
    if (found) return true;
    await sleep(20);
  }
  return false;
}
