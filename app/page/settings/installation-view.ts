// What holds of all that an operator can set for this installation?

import { html } from 'hono/html';
import { settings as table } from '../../../config-schema/settings-table.ts';
import type { Html, Shown } from '../layout.ts';

export type Installation = {
  version: string;
  /** Under which people reach it. */
  publicUrl: string;
  /** As `shownSettings` answers them: without secrets, and without what is not set. */
  settings: Readonly<Record<string, unknown>>;
  /** Whether the environment of the app has a variable of this name. */
  isInEnvironment: (name: string) => boolean;
};

export function installationView({ version, settings, isInEnvironment }: Installation): Shown {
  return {
    title: 'Settings of this installation',
    trail: [{ text: 'Settings', path: '/-/settings' }, { text: 'Installation' }],
    open: false,
    body: html`<h1>Settings of this installation</h1>
<p>Roundhouse ${version}. They are changed in the environment of the app or in <code>roundhouse.yml</code> in the data folder, and hold from its next start. Secrets are not shown. Those of builders are set on their machines.</p>
<div class="settings-scroll" tabindex="0" role="region" aria-label="Settings"><table class="settings-rows installation">
<thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th><th scope="col">Meaning</th></tr></thead>
<tbody>${Object.entries(table)
      .filter(([, { scope }]) => scope !== 'builder')
      .map(([key, { env, isSecret, meaning }]) => {
        const isSet = env !== null && isInEnvironment(env);
        return html`<tr><th scope="row"><code>${key}</code>${env === null ? '' : html`<br><code class="quiet">${env}</code>`}</th>
<td>${isSecret ? html`<span class="quiet">not shown</span>` : valueOf(settings[key])}</td>
<td>${isSet ? 'environment' : isSecret || settings[key] === undefined ? '' : 'file or default'}</td>
<td class="quiet">${proseOf(meaning)}</td></tr>`;
      })}</tbody>
</table></div>`,
  };
}

function valueOf(value: unknown): Html {
  if (value === undefined || value === null) return html`<span class="quiet">not set</span>`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Somebody's password may stand in an address.
  return html`<code>${text.replace(/\/\/[^/@\s"]+@/g, '//…@')}</code>`;
}

/** As the documentation has it, with code between backticks. */
const proseOf = (markdown: string): Html => html`${markdown.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
