// Which key encrypts, which ones still decrypt, and how does another take its place while everybody works?

import { randomBytes } from 'node:crypto';

/** The first key encrypts, all of them decrypt: to rotate, put a new one first. */
export type KeyRing = { id: string; key: Buffer }[];

/** Where the key-encryption key comes from: the key under which the vault's own keys are encrypted. */
export interface KekSource {
  readonly kind: 'file' | 'environment' | 'command';
  /** As a sentence names it: the path of the file, or the setting. */
  readonly where: string;
  /** Never empty. Another process may change it at any time; `fresh` asks again where the answer is remembered for a while. */
  ring(options?: { fresh?: boolean }): Promise<KeyRing>;
  /**
   * Runs `action` while no other process of this machine does so; what it hands to `replace` is the ring from then on, whole and durable.
   * Null where the ring is not ours to write.
   */
  readonly change: (<T>(action: (replace: (ring: KeyRing) => Promise<void>) => Promise<T>) => Promise<T>) | null;
}

/** What one pass over the vault has done. */
export type Rewrapped = {
  rewrapped: number;
  /** Keys of values that are there no more. */
  removed: number;
  /** Values that nobody can open, each with the reason, and the key under which it is; null where that cannot be told. */
  unreadable: { name: string; kid: string | null; sentence: string }[];
};

export type Rotation = {
  /** The key that encrypts now. */
  current: string;
  rewrapped: number;
  removed: number;
  unreadable: Rewrapped['unreadable'];
  /** Keys that the ring holds no more. */
  dropped: string[];
  /** For the operator: what was done, and what he has to do. */
  sentence: string;
};

export const kekLossMeans =
  "Without the key-encryption key nobody can open the vault again: every repository's OpenPGP key, context, project variable and ssh key in it is lost and must be set anew, and committed secrets must be encrypted again for new keys; builds, logs and the pipelines' history are not touched.";

/**
 * A new key in the ring's first place where the ring is a file; then everything in the vault under the first key; then the other keys go.
 * Nothing is unreadable at any moment, and whoever was killed in the middle of it runs it again. Where the ring is not ours to write the
 * operator has put the new key first already, and takes out the others when he is told so.
 */
export async function rotateKeyEncryptionKey({ source, vault }: { source: KekSource; vault: { rewrap(): Promise<Rewrapped> } }): Promise<Rotation> {
  if (source.change === null) {
    const [current, ...others] = (await source.ring({ fresh: true })).map(({ id }) => id);
    const done = await rewrapAll(vault);
    return { current: current!, dropped: [], ...done, sentence: [sentenceOf(done), adviceOf(source, others, done)].join(' ') };
  }
  return source.change(async (replace) => {
    const before = await source.ring({ fresh: true });
    const current = makeKey();
    await replace([current, ...before]);
    const done = await rewrapAll(vault);
    const dropped = before.map(({ id }) => id).filter((id) => !isNeeded(id, done));
    await replace((await source.ring({ fresh: true })).filter(({ id }) => !dropped.includes(id)));
    return { current: current.id, dropped, ...done, sentence: `${sentenceOf(done)} The key ${current.id} encrypts now; ${dropped.length === 0 ? 'no old key could be dropped' : `dropped: ${dropped.join(', ')}`}.` };
  });
}

/** What is damaged may be put back from a copy, which only its old key opens. */
const isNeeded = (id: string, { unreadable }: Rewrapped): boolean => unreadable.some(({ kid }) => kid === null || kid === id);

/** Until a pass finds nothing under another key: where others write the ring, a process may go on with the old one for a while. */
async function rewrapAll(vault: { rewrap(): Promise<Rewrapped> }): Promise<Rewrapped> {
  const sum: Rewrapped = { rewrapped: 0, removed: 0, unreadable: [] };
  for (let pass = 1; pass <= mostPasses; pass += 1) {
    const { rewrapped, removed, unreadable } = await vault.rewrap();
    sum.rewrapped += rewrapped;
    sum.removed += removed;
    sum.unreadable = unreadable;
    if (rewrapped === 0) break;
  }
  return sum;
}

const mostPasses = 20;

function sentenceOf({ rewrapped, unreadable }: Rewrapped): string {
  const lost = unreadable.map(({ sentence }) => ` ${sentence}`).join('');
  return `${rewrapped} ${rewrapped === 1 ? 'key' : 'keys'} of the vault re-encrypted.${lost}`;
}

function adviceOf(source: KekSource, others: string[], done: Rewrapped): string {
  if (others.length === 0) return `${source.where} holds a single key, so there was nothing to change from. Put a new key first in it, start every process again, and run this once more.`;
  const removable = others.filter((id) => !isNeeded(id, done));
  if (removable.length === 0) return `No key can be taken out of ${source.where} yet.`;
  const settled = source.kind === 'environment' ? 'When every process was started with this ring' : 'When a minute has passed, so that every process has asked for this ring';
  if (done.rewrapped > 0) return `${settled}, run this once more: when it re-encrypts nothing, these keys can be taken out of ${source.where}: ${removable.join(', ')}.`;
  return `${settled}, these keys can be taken out of ${source.where}: ${removable.join(', ')}.`;
}

export function makeKey(): KeyRing[number] {
  return { id: `k${Date.now().toString(36)}${randomBytes(2).toString('hex')}`, key: randomBytes(32) };
}

/** One `ID BASE64` a line, or between commas; lines that begin with # are passed over. `where` begins the sentence about a fault, which never repeats what it found. */
export function parseKeyRing(text: string, where: string): KeyRing {
  const ring: KeyRing = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trimStart().startsWith('#')) continue;
    for (const entry of line.split(',').filter((each) => each.trim() !== '')) {
      const [id, encoded, ...rest] = entry.trim().split(/\s+/);
      const place = `${where}:${index + 1}`;
      if (!id || rest.length > 0 || !/^[A-Za-z0-9+/]{43}=?$/.test(encoded ?? '')) throw new Error(`${place}: expected "ID BASE64" with a key of 32 bytes. Such a key comes of: openssl rand -base64 32`);
      if (ring.some((other) => other.id === id)) throw new Error(`${place}: the key id ${id} is there twice. Each key needs an id of its own.`);
      ring.push({ id, key: Buffer.from(encoded!, 'base64') });
    }
  }
  if (ring.length === 0) throw new Error(`${where}: there is no key. Write at least one "ID BASE64" with a key of 32 bytes.`);
  return ring;
}

export const formatKeyRing = (ring: KeyRing): string => ring.map(({ id, key }) => `${id} ${key.toString('base64')}\n`).join('');
