// How does the sandbox's git read from the builder's mirrors?

import { spawn } from 'node:child_process';
import { Duplex, PassThrough } from 'node:stream';

export type ServedMirrors = {
  /** Of the pipeline's repository. */
  own: string;
  /** Of those that the checkout names, by `owner/name` in lower case. */
  further: Readonly<Record<string, string>>;
};

/** What AgentClient.serveGit asks for. null: the job may not read it. */
export function serveMirror(repository: string, { own, further }: ServedMirrors): Duplex | null {
  if (repository === 'repository') return uploadPack(own);
  // GitHub has one repository of a name, however it is written.
  const name = repository.toLowerCase();
  const mirror = Object.hasOwn(further, name) ? further[name] : undefined;
  return mirror === undefined ? null : uploadPack(mirror);
}

/** Serves the one repository, for reading, on whatever stream it is piped to. Its end, for whatever reason, is the end of that stream. */
export function uploadPack(mirror: string): Duplex {
  const git = spawn('git', ['-c', 'safe.directory=*', 'upload-pack', '--strict', mirror], { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env.PATH, HOME: '/nonexistent' } });
  // When git has exited Node destroys its stdin. In a Duplex of the two that would be the end of what nobody has read yet.
  const input = new PassThrough();
  input.pipe(git.stdin).on('error', () => {});
  input.once('close', () => git.stdin.destroy());
  const stream = Duplex.from({ readable: git.stdout, writable: input });
  stream.once('end', () => stream.destroy());
  git.on('error', (error) => stream.destroy(error));
  return stream;
}
