// An S3 server of this machine, for tests: versitygw over a temporary folder.
// It checks signatures and checksums, creates conditionally and atomically, and refuses a body that ends early, as Amazon's does.
// Unlike Amazon's, and like many that people run at home, it cannot hold the objects `a` and `a/b` at once.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../app/up/free-ports.ts';

export type S3Server = {
  endpoint: string;
  bucket: string;
  /** What a process needs in its environment to reach it, ROUNDHOUSE_STORE included. */
  env: Record<string, string>;
  /** Ends it and removes all that it holds. */
  stop(): Promise<void>;
};

const program = join(process.env.ROUNDHOUSE_CACHE ?? '/var/cache/roundhouse', 'versitygw/1.8.0/versitygw');

export async function startS3(): Promise<S3Server> {
  await access(program).catch(() => {
    throw new Error(`there is no ${program}. Run: scripts/bootstrap`);
  });
  const folder = await mkdtemp(join(tmpdir(), 'rh-s3-'));
  const bucket = 'roundhouse-test';
  await mkdir(join(folder, bucket));
  const identity = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'only-for-tests', AWS_REGION: 'us-east-1' };
  const [port] = (await freePorts(1)) as [number];
  const server = spawn(program, ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet', '--health', '/health', 'posix', folder], {
    env: { ROOT_ACCESS_KEY: identity.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: identity.AWS_SECRET_ACCESS_KEY },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-10_000)));
  const exited = once(server, 'exit');
  const stop = async (): Promise<void> => {
    server.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  const endpoint = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${endpoint}/health`).then(({ ok }) => ok, () => false))) {
    if (server.exitCode !== null || server.signalCode !== null) {
      await stop();
      throw new Error(`the S3 server of tests ended:\n${said}`);
    }
    await sleep(20);
  }
  return { endpoint, bucket, env: { ...identity, AWS_ENDPOINT_URL_S3: endpoint, ROUNDHOUSE_STORE: `s3://${bucket}` }, stop };
}
