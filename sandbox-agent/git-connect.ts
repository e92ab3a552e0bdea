// How does git in a sandbox speak to the builder's `git upload-pack`? It runs this in place of ssh, which joins stdin and stdout to git's socket.

import { connect } from 'node:net';
import { paths } from './protocol.ts';

const { ROUNDHOUSE_GIT_SOCKET: socketPath = paths.gitSocket } = process.env;
const service = process.argv.at(-1) ?? '';

// git asks so whether it talks to OpenSSH's client, whose options are ignored here.
if (process.argv[2] === '-G') process.exit(0);
if (!/^git[ -]upload-pack /.test(service)) fail(`a sandbox can fetch only; it cannot run: ${service}`);

const socket = connect({ path: socketPath, allowHalfOpen: true });
socket.on('error', (error) => fail(`no connection to the builder's repository: ${error.message}`));
process.stdin.pipe(socket);
socket.pipe(process.stdout);
process.stdout.on('error', () => process.exit(1));
socket.once('end', () => {
  // Of an end in mid-stream git complains itself.
  if (socket.bytesRead === 0) fail("the builder's repository does not answer");
  process.stdin.destroy();
  socket.end();
});

function fail(message: string): never {
  process.stderr.write(`roundhouse: ${message}\n`);
  process.exit(128);
}
