// How does `debian:bookworm` become a folder?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainConfig, type Image, type ImageStore } from '../../builder/image-store.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { withLock } from '../lxc/syscalls.ts';
import { removeTree } from '../remove-tree.ts';
import { readMirrors, type Mirrors } from './apt-sources.ts';

export type DebianImagesOptions = {
  /** Images lie below it, for all builders of the machine. */
  cacheFolder: string;
  /** Says what takes its time. */
  log?: (message: string) => void;
  /** Default: those of apt's configuration. */
  mirrors?: () => Mirrors;
};

/** Images that the machine makes itself, from Debian's packages. Suites that move, such as `stable`, stay as they were when first made. */
export function debianImages({ cacheFolder, log = () => {}, mirrors = readMirrors }: DebianImagesOptions): ImageStore {
  const folder = join(cacheFolder, 'images', 'debian');
  return {
    async image(reference): Promise<Image> {
      const suite = suiteOf(reference);
      if (suite === null) throw new SandboxError('unknown-image', unknownImage(reference));
      const image = join(folder, suite);
      const made = { folder: image, digest: null, config: plainConfig };
      if (existsSync(image)) return made;
      await mkdir(folder, { recursive: true });
      await withLock(join(folder, `${suite}.lock`), async () => {
        if (!existsSync(image)) await makeImage(suite, image, mirrors(), log);
      });
      return made;
    },
  };
}

const suites = ['bullseye', 'bookworm', 'trixie', 'forky', 'sid', 'oldstable', 'stable', 'testing', 'unstable'];
const otherNames: Record<string, string> = { '11': 'bullseye', '12': 'bookworm', '13': 'trixie', latest: 'stable' };

/** The suite of Debian that a reference means; null when it means none. */
export function suiteOf(reference: string): string | null {
  const match = /^debian(?::([a-z0-9]+))?$/.exec(reference);
  if (!match) return null;
  const tag = match[1] ?? 'latest';
  const suite = Object.hasOwn(otherNames, tag) ? otherNames[tag]! : tag;
  return suites.includes(suite) ? suite : null;
}

const unknownImage = (reference: string): string =>
  `The image ${JSON.stringify(reference)} is not supported: Roundhouse makes its images from Debian for now. Use one of ${suites.map((suite) => `debian:${suite}`).join(', ')}.`;

/** What every step of ours needs, and what nearly every build does. */
const packages = ['bash', 'ca-certificates', 'curl', 'git'];

/** Under another name until it is whole, so that a half-made image is never used. */
async function makeImage(suite: string, image: string, mirrors: Mirrors, log: (message: string) => void): Promise<void> {
  const fresh = `${image}.new`;
  await removeTree(fresh);
  const startedAt = performance.now();
  log(`making the image debian:${suite} with debootstrap`);
  await debootstrap(suite, fresh, mirrors);
  await finish(suite, fresh, mirrors);
  await rename(fresh, image);
  log(`made the image debian:${suite} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

async function debootstrap(suite: string, target: string, { archive }: Mirrors): Promise<void> {
  const debootstrapCall = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, target, ...(archive === null ? [] : [archive])];
  // In a mount namespace of its own, what debootstrap mounts in the folder is gone with it, however it ends. The image must not
  // take over this process's umask.
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'umask 022; exec "$@"', 'sh', ...debootstrapCall], { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => output.push(text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  const last = output.join('').trim().split('\n').slice(-5).join('\n');
  await removeTree(target);
  throw new SandboxError('start-failed', `The image debian:${suite} could not be made from ${archive ?? "debootstrap's mirror"}.`, { cause: new Error(`debootstrap ended with ${code}:\n${last}`) });
}

async function finish(suite: string, image: string, mirrors: Mirrors): Promise<void> {
  if (mirrors.archive !== null) await writeFile(join(image, 'etc/apt/sources.list'), sourcesList(suite, mirrors.archive, mirrors.security));
  // There is no init to start services with: a package's installation must not try.
  await writeFile(join(image, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n');
  await chmod(join(image, 'usr/sbin/policy-rc.d'), 0o755);
  for (const path of ['var/cache/apt/archives', 'var/lib/apt/lists']) {
    await removeTree(join(image, path));
    await mkdir(join(image, path, 'partial'), { recursive: true });
    await chmod(join(image, path), 0o755);
    await chmod(join(image, path, 'partial'), 0o755);
  }
}

export function sourcesList(suite: string, archive: string, security: string | null): string {
  const hasUpdates = !['sid', 'unstable'].includes(suite);
  return [`deb ${archive} ${suite} main`, ...(hasUpdates ? [`deb ${archive} ${suite}-updates main`] : []), ...(hasUpdates && security !== null ? [`deb ${security} ${suite}-security main`] : [])]
    .map((line) => `${line}\n`)
    .join('');
}
