// What do all pages have in common?

import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { statusWords } from './words.ts';
import type { Status } from './words.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** `open`: something on the page still runs, so it looks again by itself. Parts of the trail without a path are where we are. */
export function layout({ title, trail, open, body }: { title: string; trail: { text: string; path?: string }[]; open: boolean; body: Html }): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · Roundhouse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css">
<script type="module" src="/static/live.js"></script>
${open ? html`<noscript><meta http-equiv="refresh" content="10"></noscript>` : ''}
</head>
<body>
<header><nav aria-label="Where we are"><a class="home" href="/">Roundhouse</a>${trail.map(({ text, path }) => html`<span class="sep">/</span>${path === undefined ? html`<span aria-current="page">${text}</span>` : html`<a href="${path}">${text}</a>`}`)}</nav></header>
<main${open ? html` data-open` : ''}>
${body}
</main>
</body>
</html>`;
}

/** A sign with its word, coloured; the word alone for those who cannot see. */
export function badge(status: Status): Html {
  const { sign, word } = statusWords[status];
  return html`<span class="badge ${status}"><span class="sign" aria-hidden="true">${sign}</span> ${word}</span>`;
}

export function sign(status: Status): Html {
  const { sign, word } = statusWords[status];
  return html`<span class="sign ${status}" title="${word}" role="img" aria-label="${word}">${sign}</span>`;
}

/** The script writes it in the reader's own time. */
export const time = (iso: string): Html => html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;

export const sentencePage = (title: string, sentence: string): Html => layout({ title, trail: [], open: false, body: html`<h1>${title}</h1><p>${sentence}</p>` });
