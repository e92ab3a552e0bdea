// Which ports of this machine are free?

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that the system takes for connections that go out, which could come in between. */
const [first, last] = [20_000, 32_000];

/** Different ones of the loopback address, free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(first, last);
    const server = createServer();
    const listens = once(server, 'listening').then(() => true, () => false);
    server.listen(port, '127.0.0.1');
    if (await listens) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}
