// What can be chosen for a repository, and what holds while nothing is?

import { html } from 'hono/html';
import { autoCancels, forkPolicies, type Choices } from '../../../config-schema/choices.ts';
import type { ShownRepository } from '../../control/repository-operations.ts';
import type { Viewer } from '../access/access.ts';
import { csrfField, type Html } from '../layout.ts';
import { filled, type Mistake } from './form.ts';

const autoCancelWords: Record<Choices['autoCancel'], string> = { off: 'none', branches: 'the older ones of its branch, but never of the default branch', all: 'the older ones of its branch, whichever it is' };
const forkWords: Record<Choices['forks'], string> = { never: 'never', approve: 'each commit when a maintainer allows it', always: 'as any other' };
const asInstallation = 'as the installation has it';

/** `to`: where the form goes; null where nothing may be changed. */
export function choicesSection(viewer: Viewer, { choices, settings }: ShownRepository, to: string | null, mistake: Mistake | null): Html {
  const whose = (choice: keyof Choices): Html | string => (settings?.[choice] === undefined ? html` <span class="quiet">${asInstallation}</span>` : '');
  const select = <T extends string>(name: keyof Choices, words: Record<T, string>, all: readonly T[]): Html =>
    html`<select name="${name}"><option value="">${asInstallation}</option>${all.map((each) => html`<option value="${each}"${settings?.[name] === each ? ' selected' : ''}>${words[each]}</option>`)}</select>`;
  return html`<section id="choices"><h2>Pipelines</h2>
<ul class="entries">
<li>A push cancels of the open pipelines: ${autoCancelWords[choices.autoCancel]}.${whose('autoCancel')}</li>
<li>Pull requests of forks are built: ${forkWords[choices.forks]}.${whose('forks')}</li>
<li>Pipelines that run at once: ${choices.pipelinesAtOnce === 0 ? 'any number' : choices.pipelinesAtOnce}.${whose('pipelinesAtOnce')}</li>
</ul>
${
  to === null
    ? ''
    : html`<form class="settings-form" method="post" action="${to}">${csrfField(viewer)}
<label>A push cancels ${select('autoCancel', autoCancelWords, autoCancels)}</label>
<label>Forks are built ${select('forks', forkWords, forkPolicies)}</label>
<label>Pipelines at once; 0 for any number, nothing ${asInstallation} <input name="pipelinesAtOnce" inputmode="numeric" maxlength="6" value="${filled(mistake, 'choose', 'pipelinesAtOnce', String(settings?.pipelinesAtOnce ?? ''))}"></label>
<button>Change</button></form>`
}</section>`;
}

/** What the form means; a sentence where it means nothing. */
export function choicesMade(form: URLSearchParams): object | string {
  const said = (name: string): string | null => form.get(name)?.trim() || null;
  const [autoCancel, forks, atOnce] = [said('autoCancel'), said('forks'), said('pipelinesAtOnce')];
  if (atOnce !== null && !/^\d{1,6}$/.test(atOnce)) return 'How many pipelines run at once is a whole number, or 0 for any number. Nothing was changed.';
  return { autoCancel, forks, pipelinesAtOnce: atOnce === null ? null : Number(atOnce) };
}
