// Which session asks?

import type { PageContext } from '../env.ts';
import type { Door } from './door.ts';
import { readCookie } from './host.ts';
import type { Session } from './sessions.ts';

/** That of the browser's cookie, if it has one. */
export async function sessionOf({ sessions, publicUrl }: Door, c: PageContext): Promise<Session | null> {
  const secret = readCookie(c.env.incoming, publicUrl, 'session');
  return secret === undefined ? null : sessions.find(secret);
}
