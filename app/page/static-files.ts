// Which files does a browser get beside the pages? Few and small, read once.

import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

export type StaticFile = { type: string; body: string; etag: string };

const folder = new URL('static/', import.meta.url);
const script = 'text/javascript; charset=utf-8';

export function staticFiles(): Map<string, StaticFile> {
  const file = (type: string, body: string): StaticFile => ({ type, body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"` });
  const read = (url: URL | string): string => readFileSync(new URL(url), 'utf8');
  const named = (ending: string): string[] => readdirSync(folder).filter((name) => name.endsWith(ending)).sort();
  // page.css has the words that the others use, so it comes first.
  const styles = ['page.css', ...named('.css').filter((name) => name !== 'page.css')];
  return new Map([
    ['page.css', file('text/css; charset=utf-8', styles.map((name) => read(new URL(name, folder))).join('\n'))],
    ['icon.svg', file('image/svg+xml', read(new URL('icon.svg', folder)))],
    ...named('.js').map((name) => [name, file(script, read(new URL(name, folder)))] as const),
    ['log-lines.js', file(script, stripTypeScriptTypes(read(new URL('log/log-lines.ts', import.meta.url))))],
    ['ansi_up.js', file(script, read(import.meta.resolve('ansi_up')))],
  ]);
}
