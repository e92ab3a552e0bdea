// How does git in a sandbox speak to the builder's `git upload-pack`? It runs this in place of ssh, which joins stdin and stdout to git's socket.

import { connect } from 'node:net';
import { paths } from './protocol.ts';

const { ROUNDHOUSE_GIT_SOCKET: socketPath = paths.gitSocket } = process.env;
const service = process.argv.at(-1) ?? '';

// git asks so whether it talks to OpenSSH's client, whose options are ignored here.
if (process.argv[2] === '-G') process.exit(0);
if (!/^git[ -]upload-pack /.test(service)) fail(`a sandbox can fetch only; it cannot run: ${service}`);

const socket = connect({ path: socketPath, allowHalfOpen: true });
let heard = false;
socket.on('error', (error) => fail(`no connection to the builder's repository: ${error.message}`));
socket.once('data', () => (heard = true));
// A builder that has gone ends the stream without a word; git's own complaint about the end in mid-stream covers the rest.
socket.once('end', () => {
  if (!heard) fail("the builder's repository does not answer");
});
process.stdin.pipe(socket);
socket.pipe(process.stdout);
process.stdout.on('error', () => process.exit(1));
socket.once('close', () => process.stdin.destroy());

function fail(message: string): never {
  process.stderr.write(`roundhouse: ${message}\n`);
  process.exit(128);
}
