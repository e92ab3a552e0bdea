// How does somebody put the badge of a repository into a text?

import { html } from 'hono/html';
import type { KnownRepository } from '../access/access.ts';
import type { Html } from '../layout.ts';

export type BadgeOf = { repository: KnownRepository; publicUrl: string; /** Empty: the image says what the default is. */ branch: string; isPrivate: boolean };

export function badgeSection({ repository: { owner, name }, publicUrl, branch, isPrivate }: BadgeOf): Html {
  const page = `${publicUrl}/${owner}/${name}`;
  const file = `badge.svg${branch === '' ? '' : `?branch=${inAddress(branch)}`}`;
  const image = `${page}/${file}`;
  return html`<section id="badge"><h2>Badge</h2>
<form class="filter" action="#badge"><label>Branch <input name="branch" value="${branch}" maxlength="255" autocapitalize="off" spellcheck="false"></label> <button>Show</button></form>
<p><img src="/${owner}/${name}/${file}" alt="The badge${branch === '' ? '' : ` of ${branch}`}" height="20"></p>
<h3 id="badge-markdown">Markdown</h3><pre class="snippet" tabindex="0" aria-labelledby="badge-markdown" role="region">[![build](${image})](${page})</pre>
<h3 id="badge-html">HTML</h3><pre class="snippet" tabindex="0" aria-labelledby="badge-html" role="region">&lt;a href="${page}">&lt;img src="${image}" alt="build">&lt;/a></pre>
${isPrivate ? html`<p class="quiet">The repository is private: others see the image only where <code>token=TOKEN</code> stands in its address besides, with a token for badges from <a href="/-/account">your account</a>.</p>` : ''}</section>`;
}

/** Parentheses too, which would end an address in Markdown. */
const inAddress = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
