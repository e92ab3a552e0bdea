// How does an image of a registry become a folder?

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Image, ImageConfig, ImageOptions, ImageStore, RegistryLogin } from '../../builder/image-store.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { KeptImages, type KeptOptions } from './kept-images.ts';
import { architectureOf, chooseImage, readImageConfig } from './manifest.ts';
import { formatReference, parseReference, type Reference } from './oci-reference.ts';
import type { RegistrySettings } from './registry-access.ts';
import { SharedCalls } from './shared-calls.ts';
import { skopeo, type Answer, type Problem } from './skopeo.ts';
import { gigabytes, unpackLayers } from './unpack.ts';

export type RegistryImagesOptions = RegistrySettings & KeptOptions & { maxBytes: number; /** A tag that was looked up so lately is not looked up again: slices of a job begin together, and registries count. */ freshMs?: number };

type Asked = { reference: Reference; login: RegistryLogin | null; signal: AbortSignal; say: (line: string) => void };

/**
 * A tag is looked up, but not twice at once; an image that is here is not fetched again. One that somebody got by a login of their own is given
 * without asking the registry only to those who came with the same login since this process began, and to everybody once
 * the registry gave it to somebody without one.
 */
export function registryImages(options: RegistryImagesOptions): ImageStore {
  const kept = new KeptImages(options);
  const registry = skopeo(options);
  const calls = new SharedCalls<Image>();
  /** Digests that a login has reached, and what names led it to. */
  const reached = new Map<string, string>();
  /** What a tag meant for whom, and when. */
  const lately = new Map<string, { digest: string; at: number }>();
  const { freshMs = 10_000 } = options;
  const mayHave = (digest: string, login: RegistryLogin | null): boolean => kept.isFree(digest) || (login !== null && reached.has(keyOf(digest, login)));

  return {
    async image(text: string, { login = null, signal, say }: ImageOptions = {}): Promise<Image> {
      const parsed = parseReference(text);
      if ('problem' in parsed) throw new SandboxError('unknown-image', parsed.problem);
      const { reference } = parsed;
      return calls.run(JSON.stringify([reference, login]), { signal, say }, (all) => find({ reference, login, ...all }));
    },
  };

  async function find(asked: Asked): Promise<Image> {
    const { reference, login, say } = asked;
    const name = formatReference(reference);
    if (reference.digest !== null && mayHave(reference.digest, login)) {
      const here = await kept.use(reference.digest);
      if (here) return here;
    }
    const whose = login === null ? name : keyOf(name, login);
    const last = lately.get(whose);
    if (last && performance.now() - last.at < freshMs) {
      const here = await kept.use(last.digest);
      if (here) return here;
    }
    const answer = await registry.manifest(reference, asked);
    if ('problem' in answer) {
      const digest = reference.digest ?? (login === null ? await kept.lastDigest(name) : (reached.get(keyOf(name, login)) ?? null));
      const here = answer.problem.away && digest !== null && mayHave(digest, login) ? await kept.use(digest) : null;
      if (!here) throw errorOf(answer.problem);
      say(`${answer.problem.sentence} The image is used as it was when it was last asked for: ${digest}.`);
      return here;
    }
    const digest = `sha256:${createHash('sha256').update(answer.text).digest('hex')}`;
    if (reference.digest !== null && reference.digest !== digest) throw new SandboxError('unknown-image', `${reference.host} answers with ${digest} when it is asked for the image ${name}. It is not used.`);
    const image = (await kept.use(digest)) ?? (await kept.make(digest, (fresh) => fetch(asked, { raw: answer.text, digest }, fresh)));
    lately.set(whose, { digest, at: performance.now() });
    if (login === null) {
      await kept.setFree(digest);
      await kept.setLastDigest(name, digest);
    } else {
      reached.set(keyOf(digest, login), digest);
      reached.set(keyOf(name, login), digest);
    }
    return image;
  }

  /** Into the folder's `rootfs`. */
  async function fetch(asked: Asked, top: { raw: string; digest: string }, folder: string): Promise<ImageConfig> {
    const { reference, say, signal } = asked;
    const image = formatReference(reference);
    const startedAt = performance.now();
    const { raw, digest } = await chosen(asked, top);
    const exact = { ...reference, tag: null, digest };
    const manifest = chooseImage(raw, architecture);
    if (manifest.kind !== 'image') throw new SandboxError('unknown-image', `The image ${image} is a list in a list, which nobody makes. Use another version of it.`);
    const { layers, bytes } = manifest;
    if (bytes > options.maxBytes) throw new SandboxError('unknown-image', `The image ${image} is larger than this builder takes: ${gigabytes(bytes)} packed, and imageMaxGigabytes allows ${gigabytes(options.maxBytes)}. Use a smaller one.`);
    const { platform, config } = readImageConfig(textOf(await registry.config(exact, asked)));
    if (platform.os !== 'linux' || !['', architecture].includes(platform.architecture)) throw otherPlatform(image, [`${platform.os}/${platform.architecture}`]);
    say(`fetching the image ${image} (${digest}): ${gigabytes(bytes)} in ${layers} ${layers === 1 ? 'layer' : 'layers'}`);
    // Requests and manifests are written, too. Registries of old do not say how large layers are.
    textOf(await registry.copy(exact, folder, { ...asked, maxWrittenBytes: bytes > 0 ? bytes + 100e6 : options.maxBytes }));
    await unpackLayers(folder, { image, maxBytes: options.maxBytes, signal });
    await rm(`${folder}/layout`, { recursive: true });
    say(`fetched it in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return config;
  }

  async function chosen(asked: Asked, top: { raw: string; digest: string }): Promise<{ raw: string; digest: string }> {
    const choice = chooseImage(top.raw, architecture);
    if (choice.kind === 'image') return top;
    if (choice.kind === 'none') throw otherPlatform(formatReference(asked.reference), choice.platforms);
    return { raw: textOf(await registry.manifest({ ...asked.reference, tag: null, digest: choice.digest }, asked)), digest: choice.digest };
  }
}

const architecture = architectureOf(process.arch);

/** A login stays out of what is kept in memory for long. */
const keyOf = (what: string, { username, password }: RegistryLogin): string => createHash('sha256').update(JSON.stringify([what, username, password])).digest('hex');

function textOf(answer: Answer): string {
  if ('problem' in answer) throw errorOf(answer.problem);
  return answer.text;
}

const errorOf = ({ kind, sentence, words }: Problem): SandboxError => new SandboxError(kind, sentence, { cause: new Error(words) });

const otherPlatform = (image: string, platforms: string[]): SandboxError =>
  new SandboxError('unknown-image', `The image ${image} is not made for this builder, which is linux/${architecture}: there is ${platforms.length === 0 ? 'none for any machine' : platforms.join(', ')}. Use an image for linux/${architecture}, or a class of builders that fit it.`);

