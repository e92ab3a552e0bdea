// What do all pages share?

import { html } from 'hono/html';

export type PageAnswer = { status: number; headers: Record<string, string>; body: string };

/** `body` is made with hono's `html`, which escapes what is put into it; it must hold no promises. */
export function page(status: number, title: string, body: ReturnType<typeof html>): PageAnswer {
  const whole = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>${style}</style></head>
<body><h1>${title}</h1>${body}</body></html>`;
  if (whole instanceof Promise) throw new Error('a page holds a promise');
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" }, body: whole.toString() };
}

const style = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}
pre{background:#f6f8fa;padding:1rem;overflow:auto;white-space:pre-wrap}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d1d9e0;vertical-align:top}
article{border:1px solid #d1d9e0;border-radius:6px;padding:0 1rem 1rem;margin:1rem 0}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#151b23}a{color:#58a6ff}td,th,article{border-color:#3d444d}}
`;
