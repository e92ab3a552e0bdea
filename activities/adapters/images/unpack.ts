// How do the layers of an image become a root file system, when whoever made them may mean ill?

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SandboxError } from '../../builder/sandbox.ts';
import { runBounded, type Ended } from './bounded-run.ts';

export type UnpackOptions = { image: string; maxBytes: number; signal?: AbortSignal | undefined };

/**
 * From the OCI layout `layout` in the folder to `rootfs` in it, owners and set-user-id bits kept. umoci takes care of hostile paths by
 * itself; should it fail to, it sees nothing of the host: its root is a file system in memory, gone with it, that has /usr read-only,
 * the layout read-only, and the target, on which no device works.
 */
export async function unpackLayers(folder: string, { image, maxBytes, signal }: UnpackOptions): Promise<void> {
  await openZstd(folder, { image, maxBytes, signal });
  for (const name of ['rootfs', 'guard']) {
    await mkdir(join(folder, name));
    await chmod(join(folder, name), 0o755);
  }
  const result = await runBounded('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-ec', script], { cwd: folder, env: { PATH: process.env['PATH'] }, signal, maxWrittenBytes: maxBytes });
  // Killed by somebody else; not even begun; 126 and 127: there is no umoci.
  if (result.ended === 'by-itself' && (result.code === null || !result.stdout.startsWith('begun') || result.code > 125)) throw new SandboxError('start-failed', `The builder could not unpack the image ${image}.`, { cause: causeOf(result) });
  judge(result, image, maxBytes);
  await rm(join(folder, 'guard'), { recursive: true });
}

const capabilities = ['chown', 'dac_override', 'fowner', 'fsetid', 'mknod', 'setfcap', 'sys_chroot'];

const script = `
umask 022
mount -t tmpfs -o mode=755,size=16m guard guard
for name in usr lib lib64; do
  if [ -L /$name ]; then cp -P /$name guard/
  elif [ -d /$name ]; then mkdir guard/$name && mount -o bind,ro,nosuid /$name guard/$name; fi
done
mkdir guard/tmp guard/layout guard/rootfs
mount -o bind,ro layout guard/layout
mount -o bind,nodev,nosuid rootfs guard/rootfs
cd guard
echo begun
exec setpriv --no-new-privs --bounding-set=-all,${capabilities.map((name) => `+${name}`).join(',')} --inh-caps=-all chroot . umoci raw unpack --image /layout:image /rootfs`;

function judge(result: Ended, image: string, maxBytes: number): void {
  const { code, ended, stderr } = result;
  if (ended === 'too-large') throw tooLarge(image, maxBytes);
  if (ended === 'disk-full' || stderr.includes('no space left on device')) throw new SandboxError('start-failed', `The image ${image} does not fit on the builder's disk.`);
  if (code !== 0) throw new SandboxError('unknown-image', `The layers of the image ${image} cannot be unpacked. Use another version of it, or build it anew.`, { cause: causeOf(result) });
}

const tooLarge = (image: string, maxBytes: number): SandboxError => new SandboxError('unknown-image', `The image ${image} is larger than ${gigabytes(maxBytes)} when unpacked, which is the most that this builder takes (imageMaxGigabytes). Use a smaller one.`);

const causeOf = ({ code, stderr }: Ended): Error => new Error(`unpacking ended with ${code}: ${stderr.trim().slice(-2000)}`);

export const gigabytes = (bytes: number): string => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${Math.round(bytes / 1e8) / 10} GB`);

type Descriptor = { mediaType: string; digest: string; size: number };

/** umoci 0.4 knows no layers packed by zstd: they are unpacked to plain archives, and the layout says so. */
async function openZstd(folder: string, { image, maxBytes, signal }: UnpackOptions): Promise<void> {
  const layout = join(folder, 'layout');
  const blob = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: [Descriptor] };
  const manifest = JSON.parse(await readFile(blob(index.manifests[0].digest), 'utf8')) as { layers: Descriptor[] };
  if (!manifest.layers.some(isZstd)) return;
  for (const layer of manifest.layers.filter(isZstd)) {
    const opened = join(layout, 'opened');
    judge(await runBounded('zstd', ['--decompress', '--quiet', '--force', '--no-sparse', '-o', opened, blob(layer.digest)], { cwd: folder, signal, maxWrittenBytes: maxBytes }), image, maxBytes);
    const { digest, size } = await keep(opened);
    // Somebody looks only ten times a second how much it is.
    if (size > maxBytes) throw tooLarge(image, maxBytes);
    Object.assign(layer, { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size });
  }
  const rewritten = join(layout, 'rewritten');
  await writeFile(rewritten, JSON.stringify(manifest));
  Object.assign(index.manifests[0], await keep(rewritten));
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));

  /** As a blob under its hash. */
  async function keep(file: string): Promise<{ digest: string; size: number }> {
    const hash = createHash('sha256');
    let size = 0;
    await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
      }
    });
    const digest = `sha256:${hash.digest('hex')}`;
    await rename(file, blob(digest));
    return { digest, size };
  }
}

const isZstd = ({ mediaType }: Descriptor): boolean => mediaType.endsWith('zstd');
