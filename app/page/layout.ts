// What do all pages have in common?

import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Viewer } from './access/access.ts';
import { statusWords } from './words.ts';
import type { Status } from './words.ts';

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** A page without its frame. */
export type Shown = {
  title: string;
  /** Parts without a path are where we are. */
  trail: { text: string; path?: string }[];
  /** Something on the page still changes, so it looks again by itself. */
  open: boolean;
  /** A text is escaped like any other. */
  body: Html | string;
  /** Above a body that brings no heading of its own. */
  heading?: string;
  /** Scripts of this page besides the common one, by their names in static/. */
  scripts?: string[];
  /** The page needs the whole width of the window. */
  wide?: boolean;
};

export function layout({ title, trail, open, body, heading, scripts = [], wide = false }: Shown, viewer: Viewer | null, path: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · Roundhouse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${viewer?.csrf == null ? '' : html`<meta name="csrf" content="${viewer.csrf}">`}
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/page.css">
<script type="module" src="/static/live.js"></script>
${scripts.map((name) => html`<script type="module" src="/static/${name}"></script>`)}
${open ? html`<noscript><meta http-equiv="refresh" content="10"></noscript>` : ''}
</head>
<body${wide ? html` class="wide"` : ''}>
<a class="skip" href="#main">Skip to the content</a>
<header>
<nav class="trail" aria-label="Where we are"><a class="home" href="/">Roundhouse</a>${trail.map(({ text, path: to }) => html`<span class="sep">/</span>${to === undefined ? html`<span aria-current="page">${text}</span>` : html`<a href="${to}">${text}</a>`}`)}</nav>
${viewer === null ? '' : html`<nav class="places" aria-label="Roundhouse">${places(viewer, path)}</nav>`}
</header>
<main id="main" tabindex="-1"${open ? html` data-open` : ''}>
${heading === undefined ? '' : html`<h1>${heading}</h1>`}
${typeof body === 'string' ? html`<p>${body}</p>` : body}
</main>
</body>
</html>`;
}

function places(viewer: Viewer, path: string): Html {
  const link = (to: string, text: string): Html => html`<a href="${to}"${path === to || path.startsWith(`${to}/`) ? html` aria-current="true"` : ''}>${text}</a>`;
  const { person, operator, local, csrf } = viewer;
  const isSomebody = person !== null || operator || local;
  return html`${isSomebody ? html`${link('/-/builders', 'Builders')}${link('/-/settings', 'Settings')}` : ''}${
    csrf === null ? (local ? '' : html`<a href="/-/sign-in">Sign in</a>`) : html`${person === null ? html`<span class="quiet">operator</span>` : link('/-/account', person.login)}<form class="sign-out" method="post" action="/-/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="plain">Sign out</button></form>`
  }`;
}

/** The hidden field that every form of ours carries. */
export const csrfField = (viewer: Viewer): Html => html`<input type="hidden" name="csrf" value="${viewer.csrf ?? ''}">`;

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
