// Which repository is built first, and by which config?

import { html } from 'hono/html';
import type { SetUpContents, SetUpInstallation } from '../../../activities/control/github-setup.ts';
import { firstConfig } from '../../../config-schema/first-config.ts';
import type { Viewer } from '../access/access.ts';
import { csrfField, type Html, type Shown } from '../layout.ts';
import type { Asked } from './asked.ts';
import { repositoryWords } from './install-view.ts';
import { next, outside, stepPage, stepPath, verdict, type Found } from './steps.ts';

const buttonsShown = 50;

export function chooseView(installations: Asked<SetUpInstallation[]>, mistake: { text: string; sentence: string } | null, viewer: Viewer, found: Found): Shown {
  const repositories = 'value' in installations ? installations.value.flatMap((each) => each.repositories) : [];
  return stepPage({
    here: 'repository',
    found,
    hasApp: true,
    body: html`<p>Roundhouse builds the repositories that somebody told it to follow. Choose the first one; more can be followed under Settings.</p>
${'problem' in installations ? verdict('bad', installations.problem) : repositories.length === 0 ? verdict('waiting', 'The App reaches no repository yet.', 'Install it first.') : ''}
${mistake === null ? '' : html`<p class="reason" role="alert">${mistake.sentence}</p>`}
${repositories.length === 0 ? '' : html`<ul class="repositories">${repositories.slice(0, buttonsShown).map((repository) => html`<li>${follow(viewer, `${repository.owner}/${repository.name}`)} ${repositoryWords(repository)}</li>`)}</ul>`}
<form method="post" action="${stepPath('repository')}" class="plan">${csrfField(viewer)}<div class="field"><label for="repository">By name</label> <input id="repository" name="repository" value="${mistake?.text ?? ''}" placeholder="OWNER/NAME" autocomplete="off" autocapitalize="off" spellcheck="false" required${mistake === null ? '' : html` aria-invalid="true"`}> <button>Follow</button></div></form>`,
  });
}

const follow = (viewer: Viewer, repository: string): Html => html`<form method="post" action="${stepPath('repository')}" class="inline">${csrfField(viewer)}<input type="hidden" name="repository" value="${repository}"><button>Follow<span class="unseen"> ${repository}</span></button></form>`;

export function configView(contents: SetUpContents, path: string, found: Found): Shown {
  const { owner, name, config, branch } = contents;
  return stepPage({
    here: 'repository',
    found,
    hasApp: true,
    body: html`${verdict('well', `${owner}/${name} is followed.`)}
${config === null ? offer(contents, path) : html`<p>It has a config already, <code>${config}</code> on <code>${branch}</code>. Whether it compiles: <code>roundhouse config validate</code> says so in a work tree, and so does the check of the next push.</p>`}
${next('push', 'Wait for the first push', `?${new URLSearchParams({ repository: `${owner}/${name}` }).toString()}`)}
<p><a href="${stepPath('repository')}">Choose another repository</a></p>`,
  });
}

function offer(contents: SetUpContents, path: string): Html {
  const { owner, name, branch, url } = contents;
  const { kind, text } = firstConfig(contents);
  const languages = Object.keys(contents.languages).slice(0, 4).join(', ');
  return html`<p>It has no config yet. This looks like ${kind}${languages === '' ? '' : html` (${languages})`}, so here is one to begin with:</p>
<label for="config"><code>${path}</code></label>
<textarea id="config" class="config" rows="${text.split('\n').length}" spellcheck="false" readonly>${text}</textarea>
<p class="onward">${outside(createUrl({ url, branch, path, text }), 'Create it on GitHub')}</p>
<p>Or by hand: save it as <code>${path}</code> at the top of a work tree of ${owner}/${name}, change what you like, then</p>
<pre class="command"><code>git add ${path}
git commit -m "Build with Roundhouse"
git push</code></pre>`;
}

/** GitHub's page for a new file, filled in. */
export const createUrl = ({ url, branch, path, text }: { url: string; branch: string; path: string; text: string }): string =>
  `${url}/new/${branch.split('/').map(encodeURIComponent).join('/')}?${new URLSearchParams({ filename: path, value: text }).toString().replaceAll('+', '%20')}`;
