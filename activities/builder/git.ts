// How does the builder run git for itself? Without the machine's and the user's configuration, and asking nobody.

import { execFile } from 'node:child_process';

/** git ended otherwise than well. Its arguments and environment are not in here. */
export class GitFailed extends Error {
  override name = 'GitFailed';
  readonly stderr: string;
  constructor(command: string, stderr: string) {
    super(`git ${command}: ${lastWords(stderr)}`);
    this.stderr = stderr;
  }
}

/** Answers its output. */
export function git(args: string[], env: Record<string, string> = {}): Promise<string> {
  const whole = { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', ...env };
  return new Promise((resolve, reject) => {
    execFile('git', args, { env: whole, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new GitFailed(args.find((arg) => /^[a-z][a-z-]*$/.test(arg)) ?? '', stderr || error.message.replace(/^Command failed.*/s, 'it ended without a word')));
    });
  });
}

/** The last line that says why. What git adds when a connection ended is no reason. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const reasons = lines.filter((line) => !/^(fatal: Could not read from remote repository|Please make sure you have the correct access rights|and the repository exists)/.test(line));
  return reasons.at(-1) ?? lines.at(-1) ?? 'git ended without a word';
}

/** Whether git complains of the repository here, not of the other side: what a fetch leaves behind that was killed, or a disk that was full. */
export function isDamage(stderr: string): boolean {
  const own = stderr.split('\n').filter((line) => !/^\s*(remote:|fatal: remote error:|fatal: unable to access)/.test(line));
  return own.some((line) => damages.test(line));
}

const damages =
  /bad object|bad config|bad signature|corrupt|inflate|far too short|packfile \S+ |missing (blob|tree|commit|object)|unable to (read|find) (tree|sha1 file|[0-9a-f]{40})|[Cc]ould not (read|parse) [0-9a-f]{40}|did not send all necessary objects|does not point to a valid object|invalid sha1 pointer|pack has \d+ unresolved|\.lock': File exists/;
