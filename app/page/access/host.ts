// Under which of our names was something asked, and what does the cookie of a session look like there?

import type { IncomingMessage } from 'node:http';

export type Asked = Pick<IncomingMessage, 'headers'>;

/** `elsewhere`: under a name that is not ours, as with DNS rebinding, or one that the operator did not set. */
export type Place = 'public' | 'loopback' | 'elsewhere';

export function placeOf({ headers: { host } }: Asked, publicUrl: string): Place {
  const { protocol, host: ours } = new URL(publicUrl);
  // By URL, so that the port of the protocol may be left out.
  const asked = `${protocol}//${host ?? ''}`;
  if (URL.canParse(asked) && new URL(asked).host === ours) return 'public';
  return isLocalName(host) ? 'loopback' : 'elsewhere';
}

export function isLocalName(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host ?? '')?.[1]?.toLowerCase() ?? '';
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

type Cookie = { name: string; attributes: string };

/**
 * `__Host-` keeps other hosts of the domain from setting it for us. Without https there is neither that nor `Secure`. Cookies
 * know no ports, so that the name has to: two installations on one machine must not end each other's sessions.
 */
function cookieAt({ headers: { host } }: Asked, publicUrl: string, what: 'session' | 'sign_in'): Cookie {
  const isHttps = publicUrl.startsWith('https:') && placeOf({ headers: { host } }, publicUrl) === 'public';
  if (isHttps) return { name: `__Host-roundhouse_${what}`, attributes: 'Path=/; HttpOnly; SameSite=Lax; Secure' };
  return { name: `roundhouse_${what}_${/:(\d+)$/.exec(host ?? '')?.[1] ?? '80'}`, attributes: 'Path=/; HttpOnly; SameSite=Lax' };
}

/** Undefined when the browser sent none. Of two with one name none counts: one of them was put there by somebody else. */
export function readCookie(asked: Asked, publicUrl: string, what: 'session' | 'sign_in'): string | undefined {
  const { name } = cookieAt(asked, publicUrl, what);
  const values = (asked.headers.cookie ?? '').split(';').flatMap((pair) => {
    const [key, ...value] = pair.split('=');
    return key?.trim() === name ? [value.join('=').trim()] : [];
  });
  return values.length === 1 ? values[0] : undefined;
}

/** The header that sets it; for 0 seconds, that takes it away. */
export function setCookie(asked: Asked, publicUrl: string, what: 'session' | 'sign_in', value: string, seconds: number): string {
  const { name, attributes } = cookieAt(asked, publicUrl, what);
  return `${name}=${value}; Max-Age=${seconds}; ${attributes}`;
}
