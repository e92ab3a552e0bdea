// An agent as a plain process of this machine, from the folder that sandboxes get, with a root of its own.

import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateKey } from '../../activities/key-file.ts';
import type { AgentAddress, AgentClient, EndedStep } from '../../sandbox-agent/client.ts';
import { AgentUnreachable, connectAgent } from '../../sandbox-agent/client.ts';
import type { StepSpec } from '../../sandbox-agent/protocol.ts';
import { agentArguments, paths } from '../../sandbox-agent/protocol.ts';

export type TestAgent = {
  address: AgentAddress;
  client: AgentClient;
  /** The sandbox's own folder on this machine. */
  root: string;
  process: ChildProcess;
  folder: string;
  /** What the agent wrote to its stderr. */
  complaints(): string;
  connect(): Promise<AgentClient>;
};

let building: Promise<string> | undefined;

export function agentFolder(): Promise<string> {
  building ??= promisify(execFile)('scripts/build-agent').then(({ stdout }) => stdout.trim());
  return building;
}

/** `wrap` turns the agent's command line into another that runs it elsewhere: in a chroot. */
export async function startAgent(t: TestContext, wrap?: (folder: string, root: string) => string[], socketFolder?: string): Promise<TestAgent> {
  const folder = await agentFolder();
  const root = mkdtempSync(join(tmpdir(), 'agent-'));
  const [host, builder] = [generateKey(), generateKey()];
  mkdirSync(root + paths.run, { recursive: true });
  writeFileSync(root + paths.hostKey, host.privateKey, { mode: 0o600 });
  writeFileSync(root + paths.authorizedKey, builder.publicKey);

  const [program = '', ...args] = wrap ? wrap(folder, root) : [...agentArguments(folder), '--root', root];
  const agent = spawn(program, args, { env: { HOME: join(root, 'home') }, stdio: ['ignore', 'inherit', 'pipe'] });
  let complaints = '';
  agent.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes;
    process.stderr.write(bytes);
  });
  const address = { socketPath: (socketFolder ?? root) + paths.agentSocket, clientKey: builder.privateKey, hostKey: host.publicKey };
  const connections: AgentClient[] = [];
  t.after(async () => {
    for (const connection of connections) connection.end();
    // unshare(1) is deaf to SIGTERM; with it go its namespaces. An agent takes its steps along.
    agent.kill(wrap ? 'SIGKILL' : 'SIGTERM');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    rmSync(root, { recursive: true, force: true });
  });
  const connect = async (): Promise<AgentClient> => {
    const connection = await connectAgent(address);
    connections.push(connection);
    return connection;
  };
  return { address, client: await untilReachable(connect, agent), root, process: agent, folder, complaints: () => complaints, connect };
}

async function untilReachable(connect: () => Promise<AgentClient>, agent: ChildProcess): Promise<AgentClient> {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof AgentUnreachable) || Date.now() > deadline || agent.exitCode !== null) throw error;
      await sleep(10);
    }
  }
}

export function spec(index: number, script: string, more: Partial<StepSpec> = {}): StepSpec {
  return { index, argv: ['/bin/bash', '-c', script], env: {}, cwd: tmpdir(), background: false, noOutputTimeoutSeconds: null, ...more };
}

/** Starts a step and takes its output to the end. */
export async function run(client: AgentClient, step: StepSpec): Promise<{ output: string; ended: EndedStep }> {
  await client.start(step);
  return follow(client, step.index);
}

export async function follow(client: AgentClient, index: number, from = 0): Promise<{ output: string; ended: EndedStep }> {
  const parts: Buffer[] = [];
  const ended = await client.attach(index, from, (bytes) => void parts.push(bytes));
  return { output: Buffer.concat(parts).toString('latin1'), ended };
}

export async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, limitMs = 30_000): Promise<T> {
  for (const deadline = Date.now() + limitMs; ; await sleep(5)) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`did not happen within ${limitMs} ms: ${what}`);
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
