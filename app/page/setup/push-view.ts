// Has the first push come?

import { html } from 'hono/html';
import type { BuildLine } from '../../../config-schema/view.ts';
import { pipelinePath } from '../address.ts';
import type { Shown } from '../layout.ts';
import { live, stepPage, stepPath, verdict, type Found } from './steps.ts';

export const pushView = (repository: string | null, newest: BuildLine | null, found: Found): Shown =>
  stepPage({
    here: 'push',
    found,
    hasApp: true,
    open: repository !== null && newest === null,
    body: html`${live(
      'first-push',
      newest !== null
        ? html`${verdict('well', `The first pipeline of ${newest.owner}/${newest.name} is here.`)}<p class="onward"><a class="button" href="${pipelinePath({ owner: newest.owner, name: newest.name, pipeline: newest.number })}">Watch ${newest.owner}/${newest.name} #${newest.number}</a></p>`
        : repository === null
          ? html`<p><a href="${stepPath('repository')}">Choose the first repository</a>; then its first pipeline shows here.</p>`
          : html`${verdict('waiting', `Push a commit to ${repository} that has a config.`, 'Its pipeline shows here when GitHub has told of it, within seconds.')}<p>Nothing comes? <a href="${stepPath('webhooks')}">See whether webhooks arrive</a>.</p>`,
    )}
<p>That is all. Later: <a href="/-/builders">builders</a>, <a href="/-/settings">settings</a>, <a href="/-/doctor">the doctor</a>. <a href="/">To the pipelines</a></p>`,
  });
