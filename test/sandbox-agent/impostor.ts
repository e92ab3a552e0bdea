// An ssh server that pretends to be an agent, and floods whoever attaches, whatever the window.

import { mkdtempSync, rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { generateKey } from '../../activities/key-file.ts';
import type { AgentAddress } from '../../sandbox-agent/client.ts';

export function startImpostor(t: TestContext, { clientKey }: AgentAddress): Promise<{ address: AgentAddress }> {
  const host = generateKey();
  const folder = mkdtempSync(join(tmpdir(), 'impostor-'));
  const socketPath = join(folder, 'sock');
  const ssh = new ssh2.Server({ hostKeys: [host.privateKey] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => {
      accept().on('exec', (accept) => {
        const channel = accept();
        const flood = (): void => {
          // What ssh2 takes for the window that the builder has granted.
          Object.assign(channel.outgoing as object, { window: 1 << 30 });
          for (let i = 0; i < 32; i++) channel.write(Buffer.alloc(30_000));
          if (!closed) setImmediate(flood);
        };
        flood();
      });
    });
    let closed = false;
    client.on('close', () => (closed = true));
  });
  const server = createServer((socket) => ssh.injectSocket(socket)).listen(socketPath);
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return new Promise((resolve) => server.once('listening', () => resolve({ address: { socketPath, clientKey, hostKey: host.publicKey } })));
}
