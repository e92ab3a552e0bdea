// Which contexts has an account, with which variables, and for which jobs? Values are not known here.

import { html } from 'hono/html';
import type { ContextAbout, VariableAbout } from '../../../activities/control/contexts.ts';
import type { Viewer } from '../access/access.ts';
import { csrfField, type Html, type Shown } from '../layout.ts';
import { confirmed, filled, mistakeNote, secretArea, type Mistake } from './form.ts';
import { changedWords } from './words.ts';

export type Context = ContextAbout & { variables: VariableAbout[] };

export const contextsPath = (owner: string): string => `/-/settings/contexts/${encodeURIComponent(owner)}`;

const trail = [{ text: 'Settings', path: '/-/settings' }];

export function ownersView(owners: string[]): Shown {
  return {
    title: 'Contexts',
    trail: [...trail, { text: 'Contexts' }],
    open: false,
    body: html`<h1>Contexts</h1>
<p>A context is a set of values under a name, for the jobs of one account that say <code>context: NAME</code>. They are encrypted at rest, and nobody can read them here.</p>
${owners.length === 0 ? '' : html`<ul class="places-list">${owners.map((owner) => html`<li><a href="${contextsPath(owner)}">${owner}</a></li>`)}</ul>`}
<form class="filter"><label>Account on GitHub <input name="owner" required maxlength="100" autocapitalize="off" spellcheck="false"></label> <button>Show its contexts</button></form>`,
  };
}

export type ContextsOf = { owner: string; contexts: Context[]; viewer: Viewer; mistake: Mistake | null; done: Html | null };

export function contextsView(of: ContextsOf): Shown {
  const { owner, contexts, mistake, done, viewer } = of;
  return {
    title: `Contexts of ${owner}`,
    trail: [...trail, { text: 'Contexts', path: '/-/settings/contexts' }, { text: owner }],
    open: false,
    body: html`<h1>Contexts of ${owner}</h1>
${done ?? ''}${mistakeNote(mistake)}
${contexts.length === 0 ? html`<p>${owner} has none yet.</p>` : contexts.map((context) => oneContext(context, of))}
${viewer.csrf === null ? '' : html`<h2>A new context</h2>${setForm(of, '')}`}`,
  };
}

function oneContext(context: Context, of: ContextsOf): Html {
  const { name, variables } = context;
  const { owner, viewer } = of;
  const to = contextsPath(owner);
  return html`<section class="one-context"><h2>${name}</h2>
<p class="facts">For ${restrictionWords(context)}.</p>
${
  variables.length === 0
    ? html`<p>It has no variables.</p>`
    : html`<ul class="entries">${variables.map(
        (variable) => html`<li><code>${variable.name}</code> <span class="quiet">${changedWords(variable)}</span>${viewer.csrf === null ? '' : confirmed(viewer, { to: `${to}/unset`, label: 'Unset', of: variable.name, fields: { context: name, name: variable.name } }, `Jobs that name ${name} do not have ${variable.name} any more, and nobody can bring its value back.`)}</li>`,
      )}</ul>`
}
${
  viewer.csrf === null
    ? ''
    : html`<details class="more"${of.mistake?.form === `set ${name}` ? ' open' : ''}><summary>Set a variable …<span class="unseen"> of ${name}</span></summary>${setForm(of, name)}</details>
<details class="more"${of.mistake?.form === `restrict ${name}` ? ' open' : ''}><summary>Restrict …<span class="unseen"> ${name}</span></summary>${restrictForm(of, context)}</details>
${confirmed(viewer, { to: `${to}/remove`, label: 'Remove', of: name, fields: { context: name } }, `The context ${name} and the values of its ${variables.length} variables are gone then. Jobs that name it are not allowed to run.`)}`
}</section>`;
}

/** `context` is empty for a new one. */
function setForm({ owner, viewer, mistake }: ContextsOf, context: string): Html {
  const form = `set ${context}`;
  return html`<form class="settings-form" method="post" action="${contextsPath(owner)}/set" autocomplete="off">${csrfField(viewer)}<input type="hidden" name="of" value="${context}">
${context === '' ? html`<label>Name of the context <input name="context" value="${filled(mistake, form, 'context')}" required maxlength="100" autocomplete="off" spellcheck="false"></label>` : html`<input type="hidden" name="context" value="${context}">`}
<label>Name of the variable <input name="name" value="${filled(mistake, form, 'name')}" required maxlength="256" autocomplete="off" autocapitalize="off" spellcheck="false"></label>
${secretArea('value', 'Value')}
<button>Set</button></form>`;
}

function restrictForm({ owner, viewer, mistake }: ContextsOf, { name, restrictions }: Context): Html {
  const form = `restrict ${name}`;
  const { repositories, teams, expression } = restrictions;
  const minTrust = filled(mistake, form, 'minTrust', restrictions.minTrust);
  const option = (value: string, words: string): Html => html`<option value="${value}"${minTrust === value ? ' selected' : ''}>${words}</option>`;
  return html`<form class="settings-form" method="post" action="${contextsPath(owner)}/restrict">${csrfField(viewer)}<input type="hidden" name="of" value="${name}"><input type="hidden" name="context" value="${name}">
<label>Only these repositories, one a line; none for every repository of ${owner} <textarea name="repositories" rows="3" spellcheck="false" placeholder="${owner}/NAME">${filled(mistake, form, 'repositories', (repositories ?? []).map(({ fullName }) => fullName).join('\n'))}</textarea></label>
<label>Only where this expression holds <input name="expression" maxlength="1000" spellcheck="false" value="${filled(mistake, form, 'expression', expression ?? '')}" placeholder="pipeline.git.branch == &quot;main&quot;"></label>
<label>Refs <select name="minTrust">${option('T1', 'any ref of the repository, but no pull request of a fork (T1)')}${option('T2', 'the default branch and protected refs (T2)')}</select></label>
<label>Only for people of these teams, by their short names; none for anybody <input name="teams" spellcheck="false" value="${filled(mistake, form, 'teams', (teams ?? []).join(', '))}"></label>
<button>Restrict</button></form>`;
}

function restrictionWords({ restrictions: { repositories, expression, minTrust, teams } }: Context): Html {
  return html`${repositories === null ? 'every repository' : repositories.map(({ fullName }) => fullName).join(', ') || 'no repository'}${minTrust === 'T2' ? '; the default branch and protected refs' : ''}${expression === null ? '' : html`; where <code>${expression}</code>`}${teams === null ? '' : `; people of ${teams.join(' or ') || 'no team'}`}`;
}
