// Does a change come from our own page, and from the person whose session it carries?

import { timingSafeEqual } from 'node:crypto';
import type { Next } from 'hono';
import { sentence, type PageContext } from './env.ts';

const mostFormBytes = 256 * 1024;

/** For every request that is not a reading one: another site can send forms with our cookie, but not our token. Puts its fields into `form`. */
export async function guardChanges(c: PageContext, next: Next): Promise<Response | void> {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
  const refuse = (text: string): Promise<Response> => sentence(c, 'Not done', text, 403);
  const { csrf, byToken } = c.get('viewer');
  if (c.req.method !== 'POST') return refuse('Nothing is changed here but by a form.');
  if (isFromElsewhere(c)) return refuse('This came from another site, so nothing was changed.');
  if (byToken) return refuse('A token changes nothing on the page. Use the API, /api/v2, or sign in with a browser.');
  // Who comes by a one-time address has no session yet; the address itself is the proof.
  const isEntering = c.req.path.startsWith('/-/enter/');
  if (csrf === null && !isEntering) return refuse('Sign in first: your session is over, or you had none. What you sent was not done.');
  // Also of one that does not say its length: it would be read to its end.
  if (!(Number(c.req.header('content-length') ?? NaN) <= mostFormBytes)) return refuse('This form is too large.');
  const form = new URLSearchParams(await c.req.text());
  if (!isEntering && !same(form.get('csrf') ?? c.req.header('x-csrf') ?? '', csrf!)) return refuse('This page was too old, so nothing was changed. Go back, reload it, and try again.');
  c.set('form', form);
  return next();
}

/** By what a browser says; a program says neither. */
function isFromElsewhere(c: PageContext): boolean {
  const { origin, host, 'sec-fetch-site': site } = c.env.incoming.headers;
  if (site !== undefined) return site !== 'same-origin';
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase());
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
