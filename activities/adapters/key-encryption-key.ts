// Where does the key-encryption key come from: a file, the environment, or a command that asks a key service?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Env, Settings } from '../../config-schema/settings.ts';
import { formatKeyRing, parseKeyRing } from '../control/key-ring.ts';
import type { KekSource, KeyRing } from '../control/key-ring.ts';
import { readOrMakeRing, readRing, replaceFile } from './key-ring-file.ts';
import { withLock } from './lxc/syscalls.ts';

/**
 * Takes the variable out of `env` (hand in `process.env`), so that no program which this process starts inherits the key. What the kernel
 * shows as the environment of this very process stays as it was; `forbidCoreDumps` hides that from everybody but root.
 */
export function openKeyRing(settings: Pick<Settings, 'kekFile' | 'kek' | 'kekCommand'>, env: Env, times: { commandLimitMs?: number; now?: () => number } = {}): KekSource {
  delete env['ROUNDHOUSE_KEK'];
  const { kek, kekCommand, kekFile } = settings;
  if (kek !== null && kekCommand !== null) throw new Error('ROUNDHOUSE_KEK and ROUNDHOUSE_KEK_COMMAND are both set, and only one can be where the key-encryption key comes from. Remove one of the two.');
  if (kek !== null) return fromEnvironment(kek);
  return kekCommand === null ? fromFile(kekFile) : fromCommand(kekCommand, env, times);
}

function fromEnvironment(text: string): KekSource {
  const ring = parseKeyRing(text, 'ROUNDHOUSE_KEK');
  return { kind: 'environment', where: 'ROUNDHOUSE_KEK', ring: () => Promise.resolve(ring), change: null };
}

/** Reads the file at each use: another process may have put a new key into it, and reading a file costs nothing beside the object store. */
function fromFile(file: string): KekSource {
  let isThere = false;
  async function ring(): Promise<KeyRing> {
    // It is made for a process that begins. One that vanishes later must not be replaced by a new key, unseen.
    if (!isThere) await readOrMakeRing(file);
    isThere = true;
    const found = await readRing(file);
    if (!found) throw new Error(`${file}: the key-encryption key was there and is gone. Put the file back.`);
    if ((found.mode & 0o077) !== 0) throw new Error(`${file}: the key-encryption key may be read by others. chmod 600 it; if they may have read it, rotate it as well: roundhouse keys rotate.`);
    return parseKeyRing(found.text, file);
  }
  return {
    kind: 'file',
    where: file,
    ring,
    async change(action) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      return withLock(`${file}.lock`, () => action((next) => replaceFile(file, formatKeyRing(next))));
    },
  };
}

const rememberedMs = 60_000;

/** A key service is asked once a minute at most, and again as soon as a key is missed. */
function fromCommand(command: string, env: Env, { commandLimitMs = 30_000, now = Date.now }: { commandLimitMs?: number; now?: () => number }): KekSource {
  let answer: { at: number; ring: Promise<KeyRing> } | null = null;
  return {
    kind: 'command',
    where: 'ROUNDHOUSE_KEK_COMMAND',
    ring({ fresh = false } = {}) {
      if (answer && !fresh && now() - answer.at < rememberedMs) return answer.ring;
      const asked = { at: now(), ring: runCommand(command, env, commandLimitMs).then((text) => parseKeyRing(text, 'the output of ROUNDHOUSE_KEK_COMMAND')) };
      // What failed is asked again at the next use.
      asked.ring.catch(() => {
        if (answer === asked) answer = null;
      });
      answer = asked;
      return asked.ring;
    },
    change: null,
  };
}

const largestOutput = 64 * 1024;

/** Its output is the key, and stands in no message; what it says on stderr is for the operator. */
async function runCommand(command: string, env: Env, limitMs: number): Promise<string> {
  const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let [output, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(0, largestOutput)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    // The whole group: the shell's own children hold the pipes open.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  const [code, signal] = (await once(child, 'close').finally(() => clearTimeout(limit))) as [number | null, string | null];
  if (code === 0) return output;
  const how = isLate ? `did not end within ${limitMs / 1000} s` : `ended with ${signal ?? `exit code ${code}`}`;
  throw new Error(`ROUNDHOUSE_KEK_COMMAND ${how}${complaint.trim() === '' ? ' and said nothing' : `: ${complaint.trim()}`}. Run it by hand: it must print the key ring, one "ID BASE64" a line.`);
}
