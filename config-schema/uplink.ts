// What do a builder and the app say to each other over the builder's ssh connection?
//
// The builder dials, and authenticates with its key; it opens one `exec` channel named `announce` and writes one JSON line on it, an
// Announcement, every few seconds. It asks for `streamlocal-forward@openssh.com` of `streamSocket`. The app opens a channel to that for
// each stream that it wants: it writes the stream's path and a newline, and reads one byte, `+` or `-` (there is none), then the stream's own.

export const announceCommand = 'announce';

/** No socket lies there: ssh wants a path to forward, and ours is within the channel. */
export const streamSocket = '/roundhouse/streams';

export const longestStreamPath = 1100;
export const answers = { yes: '+', no: '-' } as const;

/** Streams that the app opens back to a builder are addressed by a path. */
export const streamPaths = {
  /** The bytes of a step's output from byte `from` on, ending when the step has; the manifest in the object store says whether it really has. */
  log: (stepLogKey: string, from: number): string => `log/${from}/${stepLogKey}`,
  /** Stop taking work; answers one line when it is so. */
  drain: 'drain',
  resume: 'resume',
} as const;

export type StreamRequest = { kind: 'log'; key: string; from: number } | { kind: 'drain' } | { kind: 'resume' };

/** Null for a path that this version does not know. */
export function parseStreamPath(path: string): StreamRequest | null {
  if (path === streamPaths.drain || path === streamPaths.resume) return { kind: path };
  const [, from, key] = /^log\/(\d{1,15})\/(.+)$/s.exec(path) ?? [];
  return key === undefined ? null : { kind: 'log', key, from: Number(from) };
}
