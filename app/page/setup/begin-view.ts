// What will happen, and what must be known before it does?

import { html } from 'hono/html';
import type { Wish } from '../../setup/manifest.ts';
import { longestName } from '../../setup/manifest.ts';
import type { Viewer } from '../access/access.ts';
import { csrfField, type Html, type Shown } from '../layout.ts';
import { isThisMachine, type Fixed, type PlanField, type PlanTexts } from './plan.ts';
import { next, stepPage, stepPath, type Found } from './steps.ts';

export type BeginShown = {
  texts: PlanTexts;
  mistakes: Partial<Record<PlanField, string>>;
  fixed: Fixed;
  wishes: { permissions: Wish[]; events: Wish[] };
  data: string;
  hasApp: boolean;
  found: Found;
  viewer: Viewer;
};

export function beginView(shown: BeginShown): Shown {
  const { wishes, data, hasApp, found } = shown;
  return stepPage({
    here: 'begin',
    found,
    hasApp,
    body: html`<p>Roundhouse speaks to GitHub as a GitHub App that is yours alone. In the next step GitHub makes it, on your account or your organization’s; you see there what it may do, and agree. Its key goes from GitHub to this machine and lies in <code>${data}</code>, readable by its owner alone. Nothing goes through anybody else.</p>
<p>After that you install the App on the repositories that shall be built. It takes about five minutes, every step can be repeated, and you can stop and come back.</p>
<details class="wishes"><summary>What the App may do, and why</summary>
<table class="list"><thead><tr><th scope="col">Permission</th><th scope="col">Why</th></tr></thead><tbody>${wishes.permissions.map(wish)}</tbody></table>
<table class="list"><thead><tr><th scope="col">It hears of</th><th scope="col">When</th></tr></thead><tbody>${wishes.events.map(wish)}</tbody></table></details>
${hasApp ? html`<p>The App is there already. Where its webhooks go is changed under <a href="${stepPath('webhooks')}">Webhooks arrive</a>; the other settings are those of <code>roundhouse.yml</code>.</p>${next('app')}` : form(shown)}`,
  });
}

const wish = ({ name, access, why }: Wish): Html => html`<tr><td><code>${name}</code>${access === null ? '' : html` <span class="quiet">${access}</span>`}</td><td>${why}</td></tr>`;

function form({ texts, mistakes, fixed, viewer }: BeginShown): Html {
  const isMine = texts.organization === '';
  const field = (name: PlanField, label: string, help: Html | string, more: Html | string = ''): Html => {
    const variable = fixed[name as keyof Fixed];
    const mistake = mistakes[name];
    return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${texts[name]}" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="${name}-help"${mistake === undefined ? '' : html` aria-invalid="true"`}${variable === undefined ? '' : html` readonly`}${more}>
<p class="quiet" id="${name}-help">${mistake === undefined ? '' : html`<strong class="failed">${mistake}</strong> `}${variable === undefined ? help : html`<code>${variable}</code> in the environment sets it; it cannot be changed here.`}</p></div>`;
  };
  const isLocal = URL.canParse(texts.publicUrl) && isThisMachine(texts.publicUrl);
  return html`<form method="post" action="${stepPath('begin')}" class="plan" novalidate>${csrfField(viewer)}
${Object.keys(mistakes).length === 0 ? '' : html`<p class="reason" role="alert">Nothing was changed yet: ${Object.keys(mistakes).length === 1 ? 'one thing has' : 'some things have'} to be corrected.</p>`}
<fieldset><legend>Where this Roundhouse is reached</legend>
${field('publicUrl', 'Public address', 'Under this people open the page, links in checks lead there, and GitHub sends webhooks to it. It must begin with https:// when it is open to the internet.')}
${field('webhookUrl', 'Webhook proxy (optional)', html`${isLocal ? 'The public address above is this machine’s own, which GitHub cannot reach. ' : ''}For a laptop, or a machine that nobody can reach from outside: open <a href="https://smee.io/new" target="_blank" rel="noopener">smee.io/new<span class="unseen"> (in a new tab)</span></a>, and put the address that you get here. What goes through it can be read by whoever runs it, and whoever knows the address.`)}</fieldset>
<fieldset><legend>Which GitHub</legend>
${field('gheHost', 'Host of a GitHub Enterprise Server', 'Empty for github.com.')}
<div class="field"><label for="gheProtocol">reached by</label>
<select id="gheProtocol" name="gheProtocol"${fixed.gheProtocol === undefined ? '' : html` disabled`}>${['https', 'http'].map((one) => html`<option${one === texts.gheProtocol ? html` selected` : ''}>${one}</option>`)}</select>${fixed.gheProtocol === undefined ? '' : html`<p class="quiet"><code>${fixed.gheProtocol}</code> in the environment sets it.</p>`}</div></fieldset>
<fieldset><legend>The App</legend>
${field('name', 'Name', `At most ${longestName} characters. No other App on that GitHub may have it; GitHub says so, and lets you choose another one.`, html` maxlength="${longestName}"`)}
${field('organization', 'Organization that owns it', `${isMine ? 'Empty: your own account owns it. ' : ''}An App of an organization outlives people. Only its owners may make one.`)}</fieldset>
<p class="onward"><button>Go on</button></p></form>`;
}
