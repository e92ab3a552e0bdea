// How does an image come to be without a builder of images? As the OCI image layout has it: blobs by their hash, and an index.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** The part `config` of an image's configuration, in the words of the OCI image specification. */
export type ConfigPart = { User?: string; Env?: string[]; WorkingDir?: string; Entrypoint?: string[]; Cmd?: string[]; Labels?: Record<string, string> };

export type ImageParts = {
  /** Archives, plain or packed (`.gz`, `.zst`), the lowest first. */
  layers: string[];
  /** The same, unpacked: needed for `.zst` alone. */
  opened?: string[];
  config?: ConfigPart;
  /** Default: this machine's. */
  architecture?: string;
};

type Descriptor = { mediaType: string; digest: string; size: number; platform?: object };

export const thisArchitecture = process.arch === 'x64' ? 'amd64' : process.arch;

/** Writes a layout with one image; several images become a list of one image for several architectures. Answers the digest. */
export async function writeLayout(folder: string, images: ImageParts[]): Promise<string> {
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const manifests: Descriptor[] = [];
  for (const image of images) manifests.push(await writeImage(folder, image));
  const top = manifests.length === 1 ? manifests[0]! : await writeBlob(folder, 'application/vnd.oci.image.index.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests });
  const { platform: _, ...plain } = top;
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...plain, annotations: { 'org.opencontainers.image.ref.name': 'image' } }] }));
  return top.digest;
}

async function writeImage(folder: string, { layers, opened = layers, config = {}, architecture = thisArchitecture }: ImageParts): Promise<Descriptor> {
  const added = await Promise.all(layers.map((layer, index) => addLayer(folder, layer, opened[index]!)));
  const platform = { os: 'linux', architecture };
  const configBlob = await writeBlob(folder, 'application/vnd.oci.image.config.v1+json', {
    ...platform,
    created: '2026-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: added.map((layer) => layer.diffId) },
  });
  const layerBlobs = added.map(({ digest, size, mediaType }) => ({ mediaType, digest, size }));
  const manifest = await writeBlob(folder, 'application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: configBlob, layers: layerBlobs });
  return { ...manifest, platform };
}

async function addLayer(folder: string, archive: string, opened: string): Promise<{ digest: string; diffId: string; size: number; mediaType: string }> {
  const [packed, plain] = await Promise.all([hashOf(archive, false), hashOf(opened, opened.endsWith('.gz'))]);
  const blob = blobPath(folder, packed.digest);
  // A link, because layers are large; a copy across file systems.
  await link(archive, blob).catch((error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? undefined : copyFile(archive, blob)));
  return { digest: packed.digest, diffId: plain.digest, size: packed.size, mediaType: `application/vnd.oci.image.layer.v1.tar${packing(archive)}` };
}

const packing = (archive: string): string => (archive.endsWith('.gz') ? '+gzip' : archive.endsWith('.zst') ? '+zstd' : '');

async function hashOf(file: string, unpack: boolean): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const count = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  };
  await (unpack ? pipeline(createReadStream(file), createGunzip(), count) : pipeline(createReadStream(file), count));
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

async function writeBlob(folder: string, mediaType: string, content: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await writeFile(blobPath(folder, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

const blobPath = (folder: string, digest: string): string => join(folder, 'blobs', digest.replace(':', '/'));
