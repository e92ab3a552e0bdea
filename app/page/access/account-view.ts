// Who am I here, where am I signed in, and which tokens of mine are there?

import { html } from 'hono/html';
import { csrfField, time, type Html, type Shown } from '../layout.ts';
import type { Viewer } from './access.ts';
import type { Session } from './sessions.ts';
import { idOf, tokenKinds, type Token, type TokenKind } from './tokens.ts';

/** As the form was filled in. */
export type Asked = { name: string; repository: string; days: string; kind: string };

type Account = {
  viewer: Viewer;
  /** The key of the session that looks. */
  here: string;
  sessions: readonly Session[];
  tokens: readonly Token[];
  /** What came of making a token. */
  about: { secret: string; kind: TokenKind } | { problem: string; asked: Asked } | null;
};

export const accountView = ({ viewer, here, sessions, tokens, about }: Account): Shown => ({
  title: 'Account',
  trail: [{ text: 'Account' }],
  open: false,
  body: html`<h1>${viewer.person?.login ?? 'Operator at this machine'}</h1>
<p class="facts">${viewer.person ? html`By GitHub, as number ${viewer.person.id}.` : 'By a one-time address.'} ${viewer.operator ? 'An operator of this installation.' : ''}</p>
<h2>Where you are signed in</h2>
<div class="scroll" role="region" aria-label="Sessions" tabindex="0"><table class="list"><thead><tr><th scope="col">Browser</th><th scope="col">From</th><th scope="col">Since</th><th scope="col">Last seen</th><th scope="col"><span class="unseen">Change</span></th></tr></thead><tbody>
${sessions.map((session) => html`<tr><td class="subject">${browserInWords(session.browser)}${session.key === here ? html` <b>this one</b>` : ''}</td><td>${session.from}</td><td>${time(session.createdAt)}</td><td>${time(session.usedAt)}</td><td>${session.key === here ? '' : change(viewer, '/-/account/sessions/revoke', 'session', session.key, 'Sign out')}</td></tr>`)}
</tbody></table></div>
<form method="post" action="/-/account/sign-out-everywhere">${csrfField(viewer)}<button>Sign out everywhere</button></form>
${viewer.person ? tokenPart(viewer, tokens, about) : ''}`,
});

function tokenPart(viewer: Viewer, tokens: readonly Token[], about: Account['about']): Html {
  const asked: Asked = about && 'asked' in about ? about.asked : { name: '', repository: '', days: '90', kind: 'read' };
  return html`<h2 id="tokens">Tokens</h2>
<p>By a token a program reads what you may read: <code>curl -H 'Authorization: Bearer TOKEN'</code> and the address of a raw log, an artifact or JSON, or the API at <code>/api/v2</code>. One for reading changes nothing. One for writing also starts, cancels, approves and runs again through the API, where you may on GitHub.</p>
${about && 'secret' in about ? made(about) : ''}
${tokens.length === 0 ? html`<p class="quiet">You have none.</p>` : html`<div class="scroll" role="region" aria-label="Tokens" tabindex="0"><table class="list"><thead><tr><th scope="col">Name</th><th scope="col">For</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span class="unseen">Change</span></th></tr></thead><tbody>
${tokens.map((token) => html`<tr><td class="subject">${token.name}</td><td class="subject">${kindInWords[token.kind]} of ${token.repository ? `${token.repository.owner}/${token.repository.name}` : 'all that you may read'}</td><td>${time(token.expiresAt)}</td><td>${token.usedAt === token.createdAt ? 'never' : time(token.usedAt)}</td><td>${change(viewer, '/-/account/tokens/revoke', 'token', idOf(token), 'Revoke')}</td></tr>`)}
</tbody></table></div>`}
<h3>Make a token</h3>
${about && 'problem' in about ? html`<p class="reason" role="alert">${about.problem}</p>` : ''}
<form class="token" method="post" action="/-/account/tokens">${csrfField(viewer)}
<label>Name <input name="name" required maxlength="100" value="${asked.name}"></label>
<label>For <select name="kind">${tokenKinds.map((kind) => html`<option value="${kind}"${asked.kind === kind ? html` selected` : ''}>${kindInWords[kind]}</option>`)}</select></label>
<label>Repository <input name="repository" placeholder="OWNER/NAME" value="${asked.repository}" aria-describedby="all"></label>
<label>Days <input name="days" inputmode="numeric" required value="${asked.days}"></label>
<p class="quiet" id="all">Without a repository it is for all that you may read.</p>
<button>Make it</button>
</form>`;
}

const kindInWords: Record<TokenKind, string> = { read: 'reading', write: 'reading and writing', badge: 'badges', trigger: 'starting pipelines' };

const made = ({ secret, kind }: { secret: string; kind: TokenKind }): Html => html`<p class="note" role="status">Your new token, which is shown this once: <code class="secret">${secret}</code>${kind === 'badge' ? html`<br>It goes into the address of a badge: <code>badge.svg?token=TOKEN</code>` : kind === 'trigger' ? html`<br>Another program starts a pipeline by it: <code>curl -X POST /hooks/OWNER/NAME?token=TOKEN</code>` : ''}</p>`;

const change = (viewer: Viewer, action: string, name: string, value: string, text: string): Html =>
  html`<form method="post" action="${action}">${csrfField(viewer)}<input type="hidden" name="${name}" value="${value}"><button class="plain">${text}</button></form>`;

/** What people call it; the rest of what browsers say of themselves is history. */
function browserInWords(agent: string): string {
  const name = /Edg\//.test(agent) ? 'Edge' : /OPR\//.test(agent) ? 'Opera' : /Firefox\//.test(agent) ? 'Firefox' : /Chrom(e|ium)\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : null;
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS X/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : null;
  if (name === null) return agent === '' ? 'Unknown' : agent.slice(0, 60);
  return system === null ? name : `${name} on ${system}`;
}
