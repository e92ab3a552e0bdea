// How do we ask a registry?

import type { RegistryLogin } from '../../builder/image-store.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { runBounded, type BoundedOptions } from './bounded-run.ts';
import { formatReference, type Reference } from './oci-reference.ts';
import { readPullProblem, type PullProblem } from './pull-problems.ts';
import { withRegistryFiles, type RegistrySettings } from './registry-access.ts';

export type Skopeo = {
  /** What the registry has under this name: the manifest of an image, or a list of images. Byte by byte, as its digest counts it. */
  manifest(reference: Reference, call: Call): Promise<Answer>;
  /** The image's configuration. */
  config(reference: Reference, call: Call): Promise<Answer>;
  /** The image as an OCI layout in `folder`, under the tag `image`. */
  copy(reference: Reference, folder: string, call: Call & { maxWrittenBytes: number }): Promise<Answer>;
};

export type Call = { login: RegistryLogin | null; signal?: AbortSignal | undefined };
/** `words` are skopeo's own, for the operator. */
export type Problem = PullProblem & { words: string };
export type Answer = { text: string } | { problem: Problem };

export function skopeo(settings: RegistrySettings): Skopeo {
  const call = async (reference: Reference, minutes: number, args: string[], { login, ...bounds }: Call & Partial<BoundedOptions>): Promise<Answer> =>
    withRegistryFiles(settings, reference.host, login, async ({ registries, auth }) => {
      const [command, ...rest] = args as [string, ...string[]];
      const { code, stdout, stderr, ended } = await runBounded('skopeo', ['--registries-conf', '/proc/self/fd/3', '--command-timeout', `${minutes}m`, command, '--authfile', '/proc/self/fd/4', ...rest], {
        cwd: '/',
        env: environment(),
        files: [registries, auth],
        ...bounds,
      });
      if (code === 0) return { text: stdout };
      const image = formatReference(reference);
      if (ended === 'too-large') throw new SandboxError('unknown-image', `The image ${image} is larger than its registry says it is: it was not fetched.`);
      if (ended === 'disk-full') throw new SandboxError('start-failed', `The image ${image} does not fit on the builder's disk.`);
      const words = without(login, lastWords(stderr));
      return { problem: { ...readPullProblem(words, reference, login !== null), words } };
    });
  const source = (reference: Reference): string => `docker://${formatReference(reference)}`;
  return {
    manifest: (reference, options) => call(reference, 1, ['inspect', '--raw', source(reference)], options),
    config: (reference, options) => call(reference, 1, ['inspect', '--config', '--raw', source(reference)], options),
    copy: (reference, folder, options) => call(reference, 60, ['copy', '--quiet', '--retry-times', '2', '--dest-oci-accept-uncompressed-layers', source(reference), 'oci:layout:image'], { ...options, cwd: folder }),
  };
}

/** Nothing of root's own logins, and nothing that the operator did not mean for it. */
function environment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
  return { ...Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))), HOME: '/nonexistent' };
}

/** `time="…" level=fatal msg="…"`, its last line. */
function lastWords(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const quoted = /msg=("(?:[^"\\]|\\.)*")/.exec(last)?.[1];
  return (quoted === undefined ? last : unquote(quoted)).slice(0, 2000);
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

/** Registries may repeat what they were sent. */
function without(login: RegistryLogin | null, words: string): string {
  if (login === null) return words;
  const secrets = [login.password, Buffer.from(`${login.username}:${login.password}`).toString('base64')];
  return secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '***'), words);
}
