// What can be set for one repository?

import { html } from 'hono/html';
import type { DeployKeyAbout } from '../../../activities/control/deploy-keys.ts';
import type { SshKeyAbout } from '../../../activities/control/project-store.ts';
import type { VariableAbout } from '../../../activities/control/contexts.ts';
import type { ShownRepository } from '../../control/repository-operations.ts';
import { atLeast, type KnownRepository, type Permission, type Viewer } from '../access/access.ts';
import { csrfField, time, type Html, type Shown } from '../layout.ts';
import { badgeSection } from './badge-section.ts';
import { choicesSection } from './choices-section.ts';
import { confirmed, button, filled, mistakeNote, secretArea, type Mistake } from './form.ts';
import { builtWords, followButtons } from './index-view.ts';
import { changedWords, fingerprintWords } from './words.ts';

/** What only administrators see: names and public parts. */
export type Kept = { variables: VariableAbout[]; sshKeys: SshKeyAbout[]; deployKey: DeployKeyAbout | null };

export type SettingsOf = {
  repository: KnownRepository;
  permission: Permission;
  viewer: Viewer;
  /** null: the App is not installed there (any more). */
  shown: ShownRepository | null;
  /** null: not for this viewer. */
  kept: Kept | null;
  mistake: Mistake | null;
  done: Html | null;
  publicUrl: string;
  /** Of the badge; empty for the default one. */
  branch: string;
  /** Whether code is fetched by deploy keys here. */
  usesDeployKeys: boolean;
  now: number;
};

export const repositorySettingsPath = ({ owner, name }: KnownRepository): string => `/${owner}/${name}/-/settings`;

export function repositorySettingsView(of: SettingsOf): Shown {
  const { repository, permission, shown, kept, mistake, done, publicUrl, branch } = of;
  const { owner, name } = repository;
  return {
    title: `Settings of ${owner}/${name}`,
    trail: [{ text: `${owner}/${name}`, path: `/${owner}/${name}` }, { text: 'Settings' }],
    open: false,
    body: html`<h1>Settings of ${owner}/${name}</h1>
${done ?? ''}${mistakeNote(mistake)}
${building(of)}
${shown === null ? '' : choicesSection(of.viewer, shown, mayChange(of) ? `${repositorySettingsPath(repository)}/choose` : null, mistake)}
${badgeSection({ repository, publicUrl, branch: branch || (shown?.repository.defaultBranch ?? ''), isPrivate: shown?.repository.private ?? true })}
${shown !== null && atLeast(permission, 'write') ? secretKey(of, shown) : ''}
${kept === null ? '' : html`${variables(of, kept)}${sshKeys(of, kept)}${deployKey(of, kept)}`}
${kept === null && shown !== null ? html`<p class="quiet">Variables, ssh keys and the deploy key are shown to administrators of the repository on GitHub.</p>` : ''}`,
  };
}

const mayChange = ({ viewer, permission }: SettingsOf): boolean => viewer.csrf !== null && atLeast(permission, 'admin');

function building(of: SettingsOf): Html {
  const { repository, permission, shown, viewer } = of;
  const to = repositorySettingsPath(repository);
  return html`<section id="building"><h2>Building</h2>
${
  shown === null
    ? html`<p>The GitHub App is not installed on this repository (any more), so nothing is built and nothing can be changed. What was built stays.</p>`
    : html`<p>Built: ${builtWords({ isInstalled: true, ...shown }, permission)}.</p>${mayChange(of) ? html`<div class="changes">${followButtons(viewer, { ...repository, ...shown }, { follow: `${to}/follow`, unfollow: `${to}/unfollow` })}</div>` : ''}`
}</section>`;
}

const thirtyDaysMs = 30 * 24 * 3_600_000;

function secretKey(of: SettingsOf, { secretKey: key, repository: { id, owner, name } }: ShownRepository): Html {
  const { viewer, mistake, publicUrl, now } = of;
  const to = repositorySettingsPath(of.repository);
  const address = `${publicUrl}/keys/${id}.asc`;
  const set = key === null ? '' : html`<p>Encrypt a value on your own machine, in a work tree, and commit the file that it makes:</p><pre class="snippet" tabindex="0">roundhouse secrets set NAME --key ${address}</pre>`;
  return html`<section id="secret-key"><h2>Committed secrets</h2>
<p>Values that lie encrypted beside the code, in <code>.circle/secrets</code>, for the OpenPGP key of this repository.</p>
${
  key === null
    ? html`<p>It has no key yet.</p>${mayChange(of) ? button(viewer, { to: `${to}/make-secret-key`, label: 'Make a key' }) : ''}`
    : html`<p>Its key is at <a href="/keys/${id}.asc">${address}</a>. Fingerprint: <code class="long">${fingerprintWords(key.fingerprint)}</code>, made ${time(key.createdAt)}.</p>${set}${
        mayChange(of)
          ? html`<details class="more"${mistake?.form === 'rotate-secret-key' ? ' open' : ''}><summary>Make a new key …</summary><p>In a work tree on this machine, <code>roundhouse secrets rotate</code> does this and encrypts every secret anew. Here the key alone is made: what is committed opens until the day below.</p>
<form class="settings-form" method="post" action="${to}/rotate-secret-key">${csrfField(viewer)}<label>The key of now opens until <input type="date" name="until" required value="${filled(mistake, 'rotate-secret-key', 'until', new Date(now + thirtyDaysMs).toISOString().slice(0, 10))}"></label> <button>Make a new key</button></form></details>
${confirmed(viewer, { to: `${to}/revoke-secret-key`, label: 'Revoke the key', fields: { key: key.fingerprint } }, `What is encrypted for the key of ${owner}/${name} opens nowhere any more, on no branch and never again. Set each secret anew for another key.`)}`
          : ''
      }`
}</section>`;
}

function variables(of: SettingsOf, { variables: all }: Kept): Html {
  const { viewer, mistake } = of;
  const to = repositorySettingsPath(of.repository);
  return html`<section id="variables"><h2>Variables</h2>
<p>Each job of this repository has them in its environment, but for pull requests of forks. Values are encrypted at rest, and nobody can read them here.</p>
${
  all.length === 0
    ? html`<p>There are none.</p>`
    : html`<ul class="entries">${all.map(
        (variable) => html`<li><code>${variable.name}</code> <span class="quiet">${changedWords(variable)}</span>${mayChange(of) ? confirmed(viewer, { to: `${to}/unset-variable`, label: 'Unset', of: variable.name, fields: { name: variable.name } }, `Jobs do not have ${variable.name} any more, and nobody can bring its value back.`) : ''}</li>`,
      )}</ul>`
}
${
  mayChange(of)
    ? html`<form class="settings-form" method="post" action="${to}/set-variable" autocomplete="off">${csrfField(viewer)}
<label>Name <input name="name" value="${filled(mistake, 'set-variable', 'name')}" required maxlength="256" autocomplete="off" autocapitalize="off" spellcheck="false"></label>
${secretArea('value', 'Value')}
<button>Set the variable</button></form>`
    : ''
}</section>`;
}

function sshKeys(of: SettingsOf, { sshKeys: all }: Kept): Html {
  const { viewer, mistake } = of;
  const to = repositorySettingsPath(of.repository);
  return html`<section id="ssh-keys"><h2>SSH keys</h2>
<p>For the step <code>add_ssh_keys</code>. Their private parts never enter a sandbox, and nobody can read them here.</p>
${
  all.length === 0
    ? html`<p>There are none.</p>`
    : html`<ul class="entries">${all.map(
        (key) => html`<li><code class="long">${key.fingerprint}</code> for ${key.host ?? 'any host'} <span class="quiet">${changedWords(key)}</span>${mayChange(of) ? confirmed(viewer, { to: `${to}/remove-ssh-key`, label: 'Remove', of: key.fingerprint, fields: { fingerprint: key.fingerprint } }, 'Jobs that name this key are not allowed to run, and nobody can bring it back.') : ''}</li>`,
      )}</ul>`
}
${
  mayChange(of)
    ? html`<form class="settings-form" method="post" action="${to}/add-ssh-key" autocomplete="off">${csrfField(viewer)}
<label>Host that it is for; none for any <input name="host" value="${filled(mistake, 'add-ssh-key', 'host')}" maxlength="253" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="deploy.example.org"></label>
${secretArea('key', 'Private key, without a passphrase', 5)}
<button>Add the key</button></form>`
    : ''
}</section>`;
}

function deployKey(of: SettingsOf, { deployKey: key }: Kept): Html {
  const { viewer, usesDeployKeys } = of;
  const to = repositorySettingsPath(of.repository);
  return html`<section id="deploy-key"><h2>Deploy key</h2>
<p>${usesDeployKeys ? 'Builders fetch the code with it.' : html`Builders fetch code by tokens here, so none is needed. The setting <code>checkout</code> changes that.`}</p>
${
  key === null
    ? html`<p>${usesDeployKeys ? 'It is made with the next build.' : 'There is none.'}</p>`
    : html`<p><code class="long">${key.fingerprint}</code>, on GitHub as “${key.title}”, made ${time(key.createdAt)}.</p>${
        mayChange(of) ? html`<div class="changes">${button(viewer, { to: `${to}/rotate-deploy-key`, label: 'Make a new one in its place' })}${confirmed(viewer, { to: `${to}/remove-deploy-key`, label: 'Remove the deploy key' }, 'It goes here and on GitHub. Where code is fetched by deploy keys, the next build makes another.')}</div>` : ''
      }`
}</section>`;
}
