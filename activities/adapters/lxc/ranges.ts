// Which user ids, address and interface belong to one sandbox, and to no other on this machine?

import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SandboxError } from '../../builder/sandbox.ts';

/** Of the machine, not of one builder: what may exist once only is claimed here. */
export const runFolder = '/run/roundhouse';
const claimFolder = join(runFolder, 'ranges');

/**
 * The ids 1879048192-2147483647 lie between those that systemd hands to containers and the end of what is safe ("Users, Groups,
 * UIDs and GIDs on systemd systems" lists them as unused): room for 4096 ranges of 65536.
 */
export const firstId = 1879048192;
export const idsPerRange = 65536;
export const rangeCount = 4096;

/** Number N of a range decides everything that a sandbox needs to have for itself. 0, 1 and 4095 are no host addresses, or the bridge's. */
export type Range = { number: number; name: string; owner: string };

export const rangeId = (number: number): number => firstId + number * idsPerRange;
/** As LXC knows it: two builders may use the same sandbox name. Container 0 is the primary. */
export const containerName = (number: number, container: number): string => `rh-${number}.${container}`;
/** On the path that every user may walk, and short: a socket's path must stay below 108 bytes. */
export const mountFolder = (number: number): string => join(runFolder, 'mounts', String(number));

export const numbersWithMounts = (): number[] => listFolder(join(runFolder, 'mounts')).map(Number);

/**
 * Takes a free range for the sandbox. `preferred` numbers are tried first. `inUse` says whether anything lives under an unclaimed
 * number, which only happens when somebody cleared /run by hand.
 */
export function claimRange(owner: string, name: string, preferred: Iterable<number>, inUse: (number: number) => boolean): Range {
  mkdirSync(claimFolder, { recursive: true });
  for (const number of candidates(preferred)) {
    if (takeClaim(number, owner, name) && !abandonWhen(inUse(number), number)) return { number, name, owner };
  }
  throw new SandboxError('no-id-range', `All ${rangeCount - 3} id ranges of this machine are taken: ${claimFolder} lists them. "roundhouse doctor" finds what was left behind.`);
}

/** Claims this very number; false when somebody has it. */
export function takeClaim(number: number, owner: string, name: string): boolean {
  mkdirSync(claimFolder, { recursive: true });
  try {
    // A symbolic link appears at once and with its content; a file would be empty for a moment, and for ever after a crash.
    symlinkSync(`${name}@${owner}`, claimPath(number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Only after everything that bears the number is gone. */
export function releaseRange(number: number): void {
  try {
    unlinkSync(claimPath(number));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

export function listRanges(): Range[] {
  return listFolder(claimFolder).flatMap((entry) => {
    const content = readClaim(entry);
    const at = content?.indexOf('@') ?? -1;
    return content === null || at < 0 ? [] : [{ number: Number(entry), name: content.slice(0, at), owner: content.slice(at + 1) }];
  });
}

export const rangeOf = (owner: string, name: string): Range | undefined => listRanges().find((range) => range.owner === owner && range.name === name);

const listFolder = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

const claimPath = (number: number): string => join(claimFolder, String(number));

function readClaim(entry: string): string | null {
  try {
    return readlinkSync(join(claimFolder, entry));
  } catch {
    return null; // released since the listing
  }
}

function abandonWhen(condition: boolean, number: number): boolean {
  if (condition) releaseRange(number);
  return condition;
}

function* candidates(preferred: Iterable<number>): Generator<number> {
  yield* preferred;
  // From a random number on, so that builders do not contend for the same ones.
  const usable = rangeCount - 3;
  const start = Math.floor(Math.random() * usable);
  for (let i = 0; i < usable; i++) yield 2 + ((start + i) % usable);
}
