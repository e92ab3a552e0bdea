// How does git in a sandbox speak to the builder's `git upload-pack`? It runs this, which joins stdin and stdout to git's socket:
// in place of ssh (GIT_SSH_COMMAND), or as the way to a git:// host (core.gitProxy).

import { connect } from 'node:net';
import { gitRequest } from './git-request.ts';
import { paths } from './protocol.ts';

const { ROUNDHOUSE_GIT_SOCKET: socketPath = paths.gitSocket } = process.env;
const [first, second, ...rest] = process.argv.slice(2);

// git asks so whether it talks to OpenSSH's client, whose options are ignored here.
if (first === '-G') process.exit(0);
// As a proxy it is given host and port, and git says by itself what it wants.
const isProxy = rest.length === 0 && /^\d+$/.test(second ?? '');
const request = isProxy ? '' : requestOf(process.argv.at(-1) ?? '');

const noAnswer = "the builder's repository does not answer";
let isConnected = false;
const socket = connect({ path: socketPath, allowHalfOpen: true });
socket.on('error', (error) => fail(socket.bytesRead === 0 && isConnected ? noAnswer : `no connection to the builder's repository: ${error.message}`));
socket.once('connect', () => (isConnected = true));
socket.write(request);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
process.stdout.on('error', () => process.exit(1));
socket.once('end', () => {
  // Of an end in mid-stream git complains itself.
  if (socket.bytesRead === 0) fail(noAnswer);
  process.stdin.destroy();
  socket.end();
});

/** Of what ssh would have run on the host: `git-upload-pack '/repository'`. */
function requestOf(command: string): string {
  const [, path] = /^git[ -]upload-pack (.*)$/s.exec(command) ?? [];
  if (path === undefined) fail(`a sandbox can fetch only; it cannot run: ${command}`);
  return gitRequest(path.replace(/^'(.*)'$/s, '$1'));
}

function fail(message: string): never {
  process.stderr.write(`roundhouse: ${message}\n`);
  process.exit(128);
}
