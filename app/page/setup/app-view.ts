// How does the App come to be? By a form that goes to GitHub, and an answer that comes back.

import { html } from 'hono/html';
import type { SetUpApp } from '../../../activities/control/github-setup.ts';
import type { Viewer } from '../access/access.ts';
import type { Shown } from '../layout.ts';
import type { Asked } from './asked.ts';
import { next, outside, pressed, stepPage, stepPath, verdict, type Found } from './steps.ts';

export type ManifestForm = { action: string; manifest: object; gitHub: string; name: string; owner: string };

export const manifestView = ({ action, manifest, gitHub, name, owner }: ManifestForm, found: Found): Shown =>
  stepPage({
    here: 'app',
    found,
    hasApp: false,
    body: html`<p>The button leads to <b>${gitHub}</b>, where you may have to sign in. GitHub shows what <b>${name}</b> will be allowed to do, for ${owner}; when you agree it makes the App and sends you back here.</p>
<p>If GitHub says that the name is taken, write another one there.</p>
<form action="${action}" method="post" class="press"><input type="hidden" name="manifest" value="${JSON.stringify(manifest)}"><button>Create the App on GitHub</button></form>
<p><a href="${stepPath('begin')}">Change something first</a></p>`,
  });

export const appView = (asked: Asked<SetUpApp>, found: Found): Shown =>
  stepPage({
    here: 'app',
    found,
    hasApp: true,
    body: html`${'problem' in asked ? verdict('bad', asked.problem) : verdict('well', `GitHub knows the App ${asked.value.name} of ${asked.value.owner}, and takes its key.`)}
${'problem' in asked ? '' : html`<p>${outside(asked.value.url, asked.value.name)}</p>`}
<p><a href="${stepPath('app')}">Look again</a></p>${next('install')}`,
  });

/** The credentials are stored, but this process began before them. */
export const storedView = (appId: string, viewer: Viewer, found: Found): Shown =>
  stepPage({ here: 'app', found, hasApp: false, body: html`${verdict('waiting', `GitHub App ${appId} is stored in the data folder, and takes effect when the app starts anew.`)}${pressed(viewer, '/-/setup/restart', 'Start anew')}` });

/** The script goes on as soon as the app answers again; without it, the page asks for itself. */
export const waitingView = (text: string, found: Found): Shown =>
  stepPage({
    here: 'app',
    found,
    hasApp: false,
    open: true,
    body: html`<p role="status" data-waits-for="${stepPath('install')}">${text} Roundhouse starts anew with it, which takes some seconds. This page goes on by itself; if it does not, <a href="/-/setup">go on</a>.</p>`,
  });

/** The way ended without an App. */
export const failedView = (text: string, found: Found): Shown => stepPage({ here: 'app', found, hasApp: false, body: html`${verdict('bad', text)}<p><a href="${stepPath('begin')}">Back to the first step</a> · <a href="${stepPath('app')}">Try again</a></p>` });
