// What do skopeo's last words mean for the person who must act?

import type { Reference } from './oci-reference.ts';
import { formatReference } from './oci-reference.ts';

export type PullProblem = {
  /** 'unknown-image': a person must act; 'start-failed': another try may help. */
  kind: 'unknown-image' | 'start-failed';
  /** The registry gave no answer about this image: what it said before still counts. */
  away: boolean;
  sentence: string;
};

type Row = { words: RegExp; kind: PullProblem['kind']; away?: true; sentence: (image: string, host: string, signedIn: boolean) => string };

/** The first that fits counts. */
const rows: Row[] = [
  {
    words: /toomanyrequests|too many requests|rate limit|status(?: code)?:? 429/i,
    kind: 'start-failed',
    away: true,
    sentence: (image, host, signedIn) => `${host} gives out no more images for now, so that ${image} cannot be fetched. It limits how many one ${signedIn ? 'account' : 'address'} gets; ${signedIn ? 'a mirror (registryMirrors) helps.' : 'signing in (auth: in the config, registryLogins) or a mirror (registryMirrors) helps.'}`,
  },
  {
    words: /manifest unknown|name unknown|repository name not known|MANIFEST_UNKNOWN|NAME_UNKNOWN|status(?: code)?:? 404|manifest .*not found/i,
    kind: 'unknown-image',
    sentence: (image, host) => `The image ${image} does not exist: ${host} knows no such name, tag or digest. Correct "image:" in the config.`,
  },
  {
    words: /unauthorized|denied|authentication required|forbidden|status(?: code)?:? 40[13]|no basic auth|incorrect username or password|invalid username\/password/i,
    kind: 'unknown-image',
    sentence: (image, host, signedIn) =>
      signedIn
        ? `${host} does not give the image ${image} to the account that is to fetch it: user name or password are wrong, the account may not read it, or there is no such image. Correct "image:" or "auth:" in the config.`
        : `${host} does not give the image ${image} to everybody: it needs a login, or there is no such image. Correct "image:" in the config, or add "auth:" with username and password to it.`,
  },
  {
    words: /gave HTTP response to HTTPS client|x509:|certificate|tls: (?!.*timeout)/i,
    kind: 'unknown-image',
    sentence: (image, host) => `The image ${image} is not fetched, because ${host} does not prove who it is: it speaks plain http, or shows a certificate that this builder does not trust. The operator of the builder can put its authority into /etc/containers/certs.d/${host}/ca.crt, or list it in insecureRegistries.`,
  },
  {
    words: /no such host/i,
    kind: 'unknown-image',
    away: true,
    sentence: (image, host) => `The image ${image} cannot be fetched: there is no host ${host}. Correct "image:" in the config.`,
  },
  {
    words: /Source image rejected|policy/i,
    kind: 'unknown-image',
    sentence: (image) => `The image ${image} is refused by this builder's rules about signatures (/etc/containers/policy.json). Use one that they allow, or ask the operator of the builder.`,
  },
  {
    words: /no space left on device/i,
    kind: 'start-failed',
    sentence: (image) => `The image ${image} does not fit on the builder's disk.`,
  },
  {
    words: /unsupported (?:docker |OCI )?(?:manifest|MIME|schema)|unsupported MIME|invalid mime type|Unsupported manifest|parsing manifest|is not an image|unsupported image-specific operation on artifact/i,
    kind: 'unknown-image',
    sentence: (image) => `${image} is nothing that a container can be made of: the registry has it as another kind of object, or in a form that is not known here. Correct "image:" in the config.`,
  },
  {
    words: /connection refused|connection reset|i\/o timeout|TLS handshake timeout|deadline exceeded|network is unreachable|no route to host|server misbehaving|EOF|status(?: code)?:? 5\d\d|service unavailable|bad gateway|internal server error/i,
    kind: 'start-failed',
    away: true,
    sentence: (image, host) => `${host} does not answer, so that the image ${image} cannot be fetched now.`,
  },
];

export function readPullProblem(words: string, reference: Reference, signedIn: boolean): PullProblem {
  const image = formatReference(reference);
  // Names of hosts and images in the words are the user's, and may read like any error.
  const judged = words.replaceAll(image, '').replaceAll(`${reference.host}/${reference.path}`, '');
  const row = rows.find(({ words: pattern }) => pattern.test(judged));
  if (!row) return { kind: 'start-failed', away: false, sentence: `The image ${image} could not be fetched.` };
  return { kind: row.kind, away: row.away ?? false, sentence: row.sentence(image, reference.host, signedIn) };
}
