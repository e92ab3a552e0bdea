// A builder in miniature: appends a step's output to a file, from where the file ends. With a limit it is killed in the middle of
// the write that reaches it, as by `kill -9`.

import { appendFileSync, statSync } from 'node:fs';
import type { AgentAddress } from '../../sandbox-agent/client.ts';
import { connectAgent } from '../../sandbox-agent/client.ts';

const [address = '', index = '', file = '', limit = 'Infinity'] = process.argv.slice(2);
let left = Number(limit);
const client = await connectAgent(JSON.parse(address) as AgentAddress);
await client.attach(Number(index), statSync(file).size, (bytes) => {
  appendFileSync(file, bytes.subarray(0, left));
  left -= bytes.length;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
});
client.end();
await client.closed;
