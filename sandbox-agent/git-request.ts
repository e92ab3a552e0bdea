// Which repository does git in the sandbox ask for? The first packet of its connection says it, as in git's own protocol (git://).

import type { Duplex } from 'node:stream';

export type GitRequest =
  | { kind: 'repository'; name: string }
  /** Nothing came: an agent of before there were requests, whose git waits for the server to speak first. */
  | { kind: 'silent' }
  /** To be told by gitRefusal. */
  | { kind: 'refused'; sentence: string }
  /** The connection closed. */
  | { kind: 'gone' };

const lengthDigits = 4;
const mostBytes = 1024;
const patienceMs = 2_000;

/** What a client says first. git does so itself where it has a core.gitProxy. */
export const gitRequest = (path: string): string => packet(`git-upload-pack ${path}\0host=roundhouse\0`);

/** What a server says instead of its refs; git shows it as "fatal: remote error: …". */
export const gitRefusal = (sentence: string): string => packet(`ERR ${sentence}`);

/** Takes the request off the stream, and leaves there what comes after it. */
export function readGitRequest(stream: Duplex): Promise<GitRequest> {
  return new Promise((resolve) => {
    let heard: Buffer = Buffer.alloc(0);
    const finish = (request: GitRequest): void => {
      clearTimeout(timer);
      stream.off('readable', read);
      stream.off('close', leave);
      resolve(request);
    };
    const refuse = (sentence: string): void => finish({ kind: 'refused', sentence });
    const leave = (): void => finish({ kind: 'gone' });
    const read = (): void => {
      const bytes = stream.read() as Buffer | null;
      if (bytes === null) return;
      heard = Buffer.concat([heard, bytes]);
      if (heard.length < lengthDigits) return;
      const digits = heard.toString('latin1', 0, lengthDigits);
      const length = /^[0-9a-f]{4}$/i.test(digits) ? parseInt(digits, 16) : 0;
      if (length <= lengthDigits || length > mostBytes) return refuse('this is no request for a repository');
      if (heard.length < length) return;
      stream.off('readable', read);
      if (heard.length > length) stream.unshift(heard.subarray(length));
      finish(understand(heard.toString('utf8', lengthDigits, length)));
    };
    const timer = setTimeout(() => (heard.length === 0 ? finish({ kind: 'silent' }) : refuse('the request for a repository did not come')), patienceMs);
    stream.on('readable', read);
    stream.on('close', leave);
  });
}

/** The name without the slashes around it and without `.git`: `acme/lib`. */
function understand(request: string): GitRequest {
  const [command = ''] = request.split('\0');
  const [, service = '', path = ''] = /^(\S+) ([^\n]*)\n?$/.exec(command) ?? [];
  if (service !== 'git-upload-pack') return { kind: 'refused', sentence: 'a sandbox can fetch only' };
  return { kind: 'repository', name: path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '') };
}

const packet = (text: string): string => (lengthDigits + Buffer.byteLength(text)).toString(16).padStart(lengthDigits, '0') + text;
