// What does a registry's answer about an image say: which image for this machine, how large, and what did its author set?

import type { ImageConfig } from '../../builder/image-store.ts';

type Descriptor = { digest: string; size?: number; mediaType?: string; platform?: { os?: string; architecture?: string; variant?: string } };
type Manifest = { mediaType?: string; manifests?: Descriptor[]; layers?: Descriptor[]; config?: Descriptor };

export type Choice =
  /** The answer is the image itself. */
  | { kind: 'image'; layers: number; bytes: number }
  /** It is a list; this one of it is for us. */
  | { kind: 'listed'; digest: string }
  /** None is; these are there. */
  | { kind: 'none'; platforms: string[] };

/** `architecture` as the images have it: `amd64`, `arm64`. */
export function chooseImage(raw: string, architecture: string): Choice {
  const manifest = JSON.parse(raw) as Manifest;
  if (!manifest.manifests) return { kind: 'image', layers: manifest.layers?.length ?? 0, bytes: (manifest.layers ?? []).reduce((sum, { size }) => sum + (size ?? 0), 0) };
  const found = manifest.manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture);
  if (found) return { kind: 'listed', digest: found.digest };
  // Signatures and the like stand in the list as unknown/unknown.
  const platforms = manifest.manifests.flatMap(({ platform }) => (platform?.os && platform.os !== 'unknown' ? [`${platform.os}/${platform.architecture ?? 'unknown'}`] : []));
  return { kind: 'none', platforms: [...new Set(platforms)] };
}

/** The names of Go's, which images use. */
export const architectureOf = (arch: string): string => ({ x64: 'amd64', ia32: '386' })[arch] ?? arch;

/** Of the image's configuration: where it runs, and its part `config`, every default filled. */
export function readImageConfig(raw: string): { platform: { os: string; architecture: string }; config: ImageConfig } {
  const { os, architecture, config } = JSON.parse(raw) as { os?: string; architecture?: string; config?: Partial<Record<'User' | 'WorkingDir', string> & Record<'Env' | 'Entrypoint' | 'Cmd', string[] | null> & { Labels: Record<string, string> | null }> | null };
  return {
    platform: { os: os || 'linux', architecture: architecture || '' },
    config: {
      user: config?.User ?? '',
      environment: Object.fromEntries((config?.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)])),
      workingDirectory: config?.WorkingDir ?? '',
      entrypoint: config?.Entrypoint ?? [],
      command: config?.Cmd ?? [],
      labels: config?.Labels ?? {},
    },
  };
}
