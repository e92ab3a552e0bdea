// How does the sandbox's git read from the builder's mirror?

import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

/** Serves the one repository, for reading, on whatever stream it is piped to. Its end, for whatever reason, is the end of that stream. */
export function uploadPack(mirror: string): Duplex {
  const git = spawn('git', ['-c', 'safe.directory=*', 'upload-pack', '--strict', mirror], { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env.PATH, HOME: '/nonexistent' } });
  const stream = Duplex.from({ readable: git.stdout, writable: git.stdin });
  git.on('error', (error) => stream.destroy(error));
  return stream;
}
