// What does the text after `image:` mean, by the rules that Docker made?

export type Reference = {
  /** `docker.io` where the text names none. */
  host: string;
  /** `library/node` for `node` of docker.io. */
  path: string;
  /** null beside a digest; `latest` where the text has neither. */
  tag: string | null;
  /** `sha256:…` */
  digest: string | null;
};

/** Docker's own registry, for names without a host. */
export const dockerHub = 'docker.io';

/** What is a name and what is a host is decided as in github.com/distribution/reference, from which the grammar is, too. */
export function parseReference(text: string): { reference: Reference } | { problem: string } {
  const { name, tag, digest } = splitReference(text);
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasHost = /[.:[\]]/.test(first) || first === 'localhost';
  const host = hasHost ? first.toLowerCase() : dockerHub;
  const path = hasHost ? name.slice(slash + 1) : name;
  const problem = firstProblem({ name, host, path, tag, digest });
  if (problem !== null) return { problem: `The image ${JSON.stringify(text)} is no valid reference: ${problem}. It must look like NAME:TAG, HOST/NAME:TAG or NAME@sha256:….` };
  const hub = ['docker.io', 'index.docker.io'].includes(host);
  return {
    reference: {
      host: hub ? dockerHub : host,
      path: hub && !path.includes('/') ? `library/${path}` : path,
      // A digest says more than a tag, and the registry is asked for one of them.
      tag: digest === null ? (tag ?? 'latest') : null,
      digest,
    },
  };
}

/** Without judging any of the parts. */
export function splitReference(text: string): { name: string; tag: string | null; digest: string | null } {
  const at = text.indexOf('@');
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  return {
    name: colon < 0 ? tagged : tagged.slice(0, colon),
    tag: colon < 0 ? null : tagged.slice(colon + 1),
    digest: at < 0 ? null : text.slice(at + 1),
  };
}

export const formatReference = ({ host, path, tag, digest }: Reference): string => `${host}/${path}${digest === null ? `:${tag}` : `@${digest}`}`;

const hostPattern = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(:\d{1,5})?$/;
const pathPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

function firstProblem({ name, host, path, tag, digest }: { name: string; host: string; path: string; tag: string | null; digest: string | null }): string | null {
  if (name === '') return 'it has no name';
  if (name.length > 255) return 'its name is longer than 255 characters';
  if (!hostPattern.test(host)) return `${JSON.stringify(host)} is no host`;
  if (!pathPattern.test(path)) return /[A-Z]/.test(path) && pathPattern.test(path.toLowerCase()) ? 'its name must be in lower case' : `${JSON.stringify(path)} is no name`;
  if (tag !== null && !/^\w[\w.-]{0,127}$/.test(tag)) return `${JSON.stringify(tag)} is no tag`;
  if (digest !== null && !/^sha256:[0-9a-f]{64}$/.test(digest)) return 'its digest is not `sha256:` and 64 hexadecimal digits';
  return null;
}
