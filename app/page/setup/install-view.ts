// Where is the App installed, and what does it reach there?

import { html } from 'hono/html';
import type { SetUpApp, SetUpInstallation, SetUpRepository } from '../../../activities/control/github-setup.ts';
import type { Html, Shown } from '../layout.ts';
import type { Asked } from './asked.ts';
import { live, next, outside, stepPage, stepPath, verdict, type Found } from './steps.ts';

export function installView(app: Asked<SetUpApp>, installations: Asked<SetUpInstallation[]>, found: Found): Shown {
  return stepPage({
    here: 'install',
    found,
    hasApp: true,
    open: true,
    body: html`<p>An App reaches only what it is installed on. Choose all repositories of an account, or some of them; both can be changed on GitHub at any time.</p>
${'problem' in app ? verdict('bad', app.problem) : html`<p class="onward">${outside(app.value.installUrl, `Install ${app.value.name} on GitHub`)}</p>`}
${live('installations', html`${standing(installations)}${'problem' in installations ? '' : installations.value.map(installation)}`)}
<p><a href="${stepPath('install')}">Look again</a></p>${next('webhooks')}`,
  });
}

function standing(installations: Asked<SetUpInstallation[]>): Html {
  if ('problem' in installations) return verdict('bad', installations.problem);
  const { value } = installations;
  const total = value.reduce((sum, each) => sum + each.total, 0);
  if (value.length === 0) return verdict('waiting', 'The App is not installed anywhere yet. This page sees it when it is.');
  if (total === 0) return verdict('bad', 'The App is installed, but reaches no repository.', 'Choose some in the settings of the installation.');
  return verdict('well', `The App reaches ${total === 1 ? 'one repository' : `${total} repositories`}.`);
}

const installation = ({ account, all, suspended, settingsUrl, repositories, total }: SetUpInstallation): Html => html`<section class="installation"><h2>${account}</h2>
<p class="quiet">${suspended ? 'suspended: nothing is built until somebody lifts that' : all ? 'all repositories, also those to come' : 'chosen repositories'} · ${outside(settingsUrl, 'Change on GitHub')}</p>
<ul class="repositories">${repositories.map((repository) => html`<li>${repositoryWords(repository)}</li>`)}</ul>${total > repositories.length ? html`<p class="quiet">… and ${total - repositories.length} more.</p>` : ''}</section>`;

export const repositoryWords = ({ owner, name, private: isPrivate, description }: SetUpRepository): Html => html`<b>${owner}/${name}</b>${isPrivate ? html` <span class="quiet">private</span>` : ''}${description === '' ? '' : html` <span class="quiet">${description}</span>`}`;
