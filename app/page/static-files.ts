// Which files does a browser get beside the pages? Few and small, read once.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

export type StaticFile = { type: string; body: string; etag: string };

const folder = new URL('static/', import.meta.url);
const script = 'text/javascript; charset=utf-8';

export function staticFiles(): Map<string, StaticFile> {
  const file = (type: string, body: string): StaticFile => ({ type, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"` });
  const read = (url: URL | string): string => readFileSync(new URL(url), 'utf8');
  return new Map([
    ['page.css', file('text/css; charset=utf-8', read(new URL('page.css', folder)))],
    ['icon.svg', file('image/svg+xml', read(new URL('icon.svg', folder)))],
    ['live.js', file(script, read(new URL('live.js', folder)))],
    ['log-lines.js', file(script, stripTypeScriptTypes(read(new URL('log-lines.ts', import.meta.url))))],
    ['ansi_up.js', file(script, read(import.meta.resolve('ansi_up')))],
  ]);
}
