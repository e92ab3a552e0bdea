// Which session asks, and from where?

import type { PageContext } from '../env.ts';
import type { Door } from './door.ts';
import { readCookie } from './host.ts';
import type { Session } from './sessions.ts';

/** That of the browser's cookie, if it has one. */
export async function sessionOf({ sessions, publicUrl }: Door, c: PageContext): Promise<Session | null> {
  const secret = readCookie(c.env.incoming, publicUrl, 'session');
  return secret === undefined ? null : sessions.find(secret);
}

/** Behind a proxy it is the proxy's, and what the proxy says: anybody may say that, so both are told. */
export function addressOf(c: PageContext): string {
  const address = c.env.incoming.socket.remoteAddress ?? 'an unknown address';
  const told = c.req.header('x-forwarded-for')?.replace(/[^0-9A-Za-z.:, ]/g, '').slice(0, 60);
  return told ? `${address} for ${told}` : address;
}

export const fromOf = (c: PageContext): string => `page at ${addressOf(c)}`;
