// Is the page that somebody has still the same? Then it need not be sent again.

import { createHash } from 'node:crypto';
import type { PageContext } from '../env.ts';
import { layout } from '../layout.ts';
import type { Shown } from '../layout.ts';

/**
 * Like `show`; 304 for who has it already. What ticks by itself in the browser counts for nothing, so the tag is a weak one: two pages of one tag mean
 * the same. Give `data-now`, `data-since` and `data-ago` to elements of nothing but text.
 */
export async function showUnlessSame(c: PageContext, shown: Shown, status: 200 | 422 = 200): Promise<Response> {
  const page = String(await layout(shown, c.get('viewer'), c.req.path));
  const etag = `W/"${createHash('sha256').update(withoutTime(page)).digest('base64url').slice(0, 22)}"`;
  if (status === 200 && c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
  return c.html(page, status, { etag });
}

const withoutTime = (page: string): string => page.replaceAll(/ data-now="\d+"/g, '').replaceAll(/(<span data-(?:since|ago)="[^"]*">)[^<]*/g, '$1');
