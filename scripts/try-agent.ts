// Runs a new agent folder once, so that it works and so that it has its code compiled: a connection, a step, an end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKey } from '../activities/key-file.ts';
import { connectAgent } from '../sandbox-agent/client.ts';
import { agentArguments, paths } from '../sandbox-agent/protocol.ts';

const [folder = ''] = process.argv.slice(2);
const root = mkdtempSync(join(tmpdir(), 'try-agent-'));
const [host, client] = [generateKey(), generateKey()];
mkdirSync(root + paths.run, { recursive: true });
writeFileSync(root + paths.hostKey, host.privateKey);
writeFileSync(root + paths.authorizedKey, client.publicKey);

const [loader = '', ...rest] = agentArguments(folder);
const agent = spawn(loader, [...rest, '--root', root], { env: { ROUNDHOUSE_AGENT_TRIAL: '1' }, stdio: ['ignore', 'inherit', 'inherit'] });
try {
  const deadline = AbortSignal.timeout(20_000);
  const connection = await (async function connect(): ReturnType<typeof connectAgent> {
    try {
      return await connectAgent({ socketPath: root + paths.agentSocket, clientKey: client.privateKey, hostKey: host.publicKey, signal: deadline });
    } catch (error) {
      if (deadline.aborted || agent.exitCode !== null) throw error;
      await sleep(20);
      return connect();
    }
  })();
  await connection.start({ index: 0, argv: ['/bin/sh', '-c', 'echo tried'], env: {}, cwd: root, background: false, noOutputTimeoutSeconds: 10 });
  const { exitCode } = await connection.attach(0, 0, () => {});
  await connection.kill(0, 0);
  await connection.status();
  connection.end();
  agent.kill('SIGTERM');
  if (agent.exitCode === null) await once(agent, 'exit');
  if (exitCode !== 0 || agent.exitCode !== 0) throw new Error(`the new agent does not work: step ${exitCode}, agent ${agent.exitCode}`);
} finally {
  agent.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
}
