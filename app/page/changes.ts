// Does a change come from our own page, and from the person whose session it carries?

import { timingSafeEqual } from 'node:crypto';
import type { Next } from 'hono';
import { sentence, type PageContext } from './env.ts';

const mostFormBytes = 256 * 1024;

/** For every request that is not a reading one: another site can send forms with our cookie, but not our token. Puts its fields into `form`. */
export async function guardChanges(c: PageContext, next: Next): Promise<Response | void> {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
  const refuse = (text: string): Promise<Response> => sentence(c, 'Not done', text, 403);
  const { csrf } = c.get('viewer');
  if (c.req.method !== 'POST') return refuse('Nothing is changed here but by a form.');
  if (csrf === null) return refuse('Sign in first: your session is over, or you had none.');
  const { origin, host } = c.env.incoming.headers;
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase())) return refuse('This came from another site, so nothing was changed.');
  if (Number(c.req.header('content-length') ?? NaN) > mostFormBytes) return refuse('This form is too large.');
  const form = new URLSearchParams((await c.req.text()).slice(0, mostFormBytes));
  if (!same(form.get('csrf') ?? c.req.header('x-csrf') ?? '', csrf)) return refuse('This page was too old, so nothing was changed. Go back, reload it, and try again.');
  c.set('form', form);
  return next();
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
