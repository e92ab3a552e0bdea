// How do many bytes go between sandbox and builder? Not through ssh: a program of ours in the sandbox has a unix socket as its standard
// input or output, and on the other end the builder may hand the same socket to a program of its own.

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve as normalized } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ActAs } from './identity.ts';
import { makeFolder } from './launch.ts';
import { agentProgram, type ToolEnd, type ToolSpec } from './protocol.ts';
import { Refused } from './refused.ts';
import { expandHome, stepUser, type AgentUser } from './user.ts';

export type ToolPorts = { user: AgentUser; agentFolder: string; socketFolder: string; actAs: ActAs };

/** The builder connects at once, or not at all. */
const connectMs = 30_000;
const mostErrorBytes = 16 * 1024;

/** Says on `say` where to connect, and then how the program ended. It is killed when `channel` closes. */
export async function runTool(spec: ToolSpec, ports: ToolPorts, channel: Duplex, say: (answer: object) => Promise<void>): Promise<void> {
  const name = `b-${randomBytes(8).toString('hex')}.sock`;
  const path = join(ports.socketFolder, name);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  let child: ChildProcess | null = null;
  const stop = (): void => {
    server.close();
    rmSync(path, { force: true });
    if (child?.pid !== undefined && child.exitCode === null) killGroup(child.pid);
  };
  channel.once('close', stop);
  try {
    server.listen(path);
    await once(server, 'listening');
    await say({ socket: name });
    const socket = await connection(server);
    server.close();
    rmSync(path, { force: true });
    child = start(spec, ports, socket);
    // The program has a descriptor of its own.
    socket.destroy();
    if (channel.closed) stop();
    await say(await endOf(child));
  } finally {
    channel.off('close', stop);
    stop();
  }
}

async function connection(server: Server): Promise<Socket> {
  try {
    const [socket] = (await once(server, 'connection', { signal: AbortSignal.timeout(connectMs) })) as [Socket];
    return socket;
  } catch (error) {
    throw new Refused(`Nobody connected to the program within ${connectMs / 1000} s.`, { cause: error });
  }
}

function start(spec: ToolSpec, { user: agent, agentFolder, actAs }: ToolPorts, socket: Socket): ChildProcess {
  const user = spec.user === undefined ? agent : stepUser(spec.user);
  const [program = '', ...args] = [...agentProgram(agentFolder, spec.program), ...spec.args];
  const cwd = expandHome(spec.cwd, user.home);
  const stdio: StdioOptions = [spec.stream === 'out' ? 'ignore' : socket, spec.stream === 'in' ? 'ignore' : socket, 'pipe'];
  makeFolder(normalized(cwd), user, actAs);
  return actAs(user, () => spawn(program, args, { cwd, stdio, detached: true, env: { HOME: user.home, LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin' } }));
}

async function endOf(child: ChildProcess): Promise<ToolEnd> {
  let errors = '';
  child.stderr?.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString('latin1')).slice(-mostErrorBytes)));
  const failed = once(child, 'error').then(([error]: Error[]) => error!);
  const ended = await Promise.race([once(child, 'close'), failed]);
  if (ended instanceof Error) return { exitCode: null, signal: null, errors: ended.message };
  const [exitCode, signal] = ended as [number | null, string | null];
  return { exitCode, signal, errors: Buffer.from(errors, 'latin1').toString('utf8') };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
