// What does it cost to keep secrets out of a log, over merely copying it?

import { generateKeyPairSync } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareMask } from '../../activities/builder/masking.ts';
import type { Mask } from '../../activities/builder/masking.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';

const chunkBytes = 256 * 1024;
const untouched: Mask = { push: (bytes) => bytes as Buffer, end: () => Buffer.alloc(0) };

/** A file of log-like text is copied chunk by chunk, with the mask of 20 secrets in between and without. Both are in the page cache. */
export async function benchMasking(bench: Bench): Promise<void> {
  const bytes = (bench.quick ? 128 : 1024) * 1024 * 1024;
  const n = bench.quick ? 3 : 7;
  const secrets = madeUpSecrets();
  const [from, to] = [join(bench.folder, 'log'), join(bench.folder, 'masked')];
  bench.say(`masking: a log of ${bytes / 1024 ** 2} MiB, copied ${n} times with a mask of ${secrets.length} secrets and ${n} times without …`);
  await writeLog(from, bytes, secrets);
  const copied = async (mask: Mask): Promise<{ ms: number; cpuMs: number }> => {
    const before = process.cpuUsage();
    const ms = await timed(() => copy(from, to, mask));
    const { user, system } = process.cpuUsage(before);
    return { ms, cpuMs: (user + system) / 1000 };
  };

  const prepareMs = await timed(async () => void prepareMask(secrets));
  const newMask = prepareMask(secrets);
  await inPairs(bench, 1, () => copied(newMask()), () => copied(untouched));
  const pairs = await inPairs(bench, n, () => copied(newMask()), () => copied(untouched));
  await Promise.all([rm(from), rm(to)]);

  const MBs = (ms: number): number => rounded(bytes / 1e3 / ms, 0);
  bench.print({
    figure: 'masking',
    value: rounded(median(pairs.map(({ ours, baseline }) => ours.ms / baseline.ms)), 2),
    unit: 'ratio',
    baseline: 'the same copy without the mask',
    n,
    MBs: MBs(median(pairs.map(({ ours }) => ours.ms))),
    baselineMBs: MBs(median(pairs.map(({ baseline }) => baseline.ms))),
    // On a disk that is slow, or used by others, the mask hides behind it; here it does not.
    cpuRatio: rounded(median(pairs.map(({ ours, baseline }) => ours.cpuMs / baseline.cpuMs)), 2),
    MiB: bytes / 1024 ** 2,
    secrets: secrets.length,
    prepareMs: rounded(prepareMs),
  });
}

async function copy(from: string, to: string, mask: Mask): Promise<void> {
  const [source, target] = [await open(from), await open(to, 'w')];
  try {
    const chunk = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await source.read(chunk, 0, chunkBytes);
      if (bytesRead === 0) break;
      await target.write(mask.push(chunk.subarray(0, bytesRead)));
    }
    await target.write(mask.end());
  } finally {
    await source.close();
    await target.close();
  }
}

function madeUpSecrets(): string[] {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const token = (): string => Array.from({ length: 40 }, () => alphabet[Math.floor(Math.random() * alphabet.length)]).join('');
  return [...Array.from({ length: 18 }, token), 'correct/h0rs', key.privateKey];
}

/** Lines of a build: words, paths, times, numbers, colours, a hash now and then, and a secret in each thousandth. */
async function writeLog(path: string, bytes: number, secrets: readonly string[]): Promise<void> {
  const words = 'building compiling test passed module src lib index node_modules warning error info fetched from registry in layer cached expected to equal'.split(' ');
  const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
  const hash = (length: number, encoding: 'hex' | 'base64'): string => Buffer.from(Array.from({ length }, () => Math.floor(Math.random() * 256))).toString(encoding);
  const line = (number: number): string => {
    const time = new Date(1767225600000 + number * 37).toISOString();
    if (number % 1000 === 0) return `${time} the secret is ${pick(secrets)}, and ${Buffer.from(pick(secrets)).toString('base64')}\n`;
    if (number % 40 === 0) return `${time} \x1b[32mpulled\x1b[0m sha256:${hash(32, 'hex')}\n`;
    if (number % 60 === 0) return `${time} integrity sha512-${hash(64, 'base64')}\n`;
    return `${time} [${pick(words)}] ${pick(words)}/${pick(words)}/${pick(words)}.ts:${number % 997} ${pick(words)} ${pick(words)} ${pick(words)} (${Math.random().toFixed(3)} ms)\n`;
  };
  const file = await open(path, 'w');
  try {
    // As much of it is written again and again as no cache of the processor holds.
    const part = Buffer.from(Array.from({ length: 400_000 }, (_, number) => line(number + 1)).join(''));
    for (let written = 0; written < bytes; written += part.length) await file.write(part.subarray(0, Math.min(part.length, bytes - written)));
  } finally {
    await file.close();
  }
}
