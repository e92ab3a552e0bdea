// Do webhooks arrive? In words, with what mends it.

import { html } from 'hono/html';
import type { SetUpDelivery } from '../../../activities/control/github-setup.ts';
import type { Viewer } from '../access/access.ts';
import { csrfField, time, type Html, type Shown } from '../layout.ts';
import type { Asked } from './asked.ts';
import { live, next, pressed, stepPage, stepPath, verdict, type Found } from './steps.ts';
import { webhookVerdict, type WebhookFacts } from './webhook-verdict.ts';

export type WebhookShown = {
  facts: Asked<WebhookFacts>;
  /** Where the app listens on this machine. */
  port: number;
  path: string;
  /** What somebody wrote as the address, and why it was not taken. */
  mistake: { text: string; sentence: string } | null;
  found: Found;
  viewer: Viewer;
};

export function webhookView({ facts, port, path, mistake, found, viewer }: WebhookShown): Shown {
  const known = 'value' in facts ? facts.value : null;
  const url = mistake?.text ?? known?.url ?? '';
  const channel = known !== null && known.url !== null && known.url !== known.ownUrl ? known.url : 'https://smee.io/YOUR-CHANNEL';
  return stepPage({
    here: 'webhooks',
    found,
    hasApp: true,
    open: true,
    body: html`<p>GitHub tells of every push by a request to this Roundhouse. It keeps a list of what it sent and what was answered, which is looked at here.</p>
${live('webhooks', html`${'problem' in facts ? verdict('bad', facts.problem) : standing(facts.value)}`)}
${pressed(viewer, `${stepPath('webhooks')}/again`, 'Ask GitHub to send the newest again')}
<p><a href="${stepPath('webhooks')}">Look again</a></p>
${next('machine')}
<h2>Where GitHub sends them</h2>
<form method="post" action="${stepPath('webhooks')}/url" class="plan">${csrfField(viewer)}
<div class="field"><label for="url">Address of the webhooks</label>
<input id="url" name="url" type="url" value="${url}" required autocomplete="off" spellcheck="false" aria-describedby="url-help"${mistake === null ? '' : html` aria-invalid="true"`}>
<p class="quiet" id="url-help">${mistake === null ? '' : html`<strong class="failed" role="alert">${mistake.sentence}</strong> `}Without a proxy it is <code>${known?.ownUrl ?? ''}</code>. The App’s setting on GitHub is changed.</p></div>
<p><button>Change it on GitHub</button></p></form>
<h2>On a laptop, or behind a wall</h2>
<p>Where GitHub cannot reach this machine, a webhook proxy helps: GitHub sends to an address on the internet, and a small program here fetches from it. One that costs nothing is <a href="https://smee.io/new" target="_blank" rel="noopener">smee.io<span class="unseen"> (in a new tab)</span></a>:</p>
<ol><li>Open smee.io/new, which makes a channel with an address of its own.</li>
<li>Keep this running on this machine:<pre class="command"><code>npx smee-client --url ${channel} --path ${path} --port ${port}</code></pre></li>
<li>Put the address of the channel into the form above.</li></ol>
<p>Webhooks are signed, so nobody can forge one on the way; but whoever knows the channel can read them, commit messages of private repositories among them.</p>`,
  });
}

function standing(facts: WebhookFacts): Html {
  const { standing, text, remedy } = webhookVerdict(facts);
  return html`${verdict(standing, text, remedy)}
<p class="quiet">${facts.lastHereAt === null ? 'None has arrived here since the app started.' : html`The last one arrived here ${time(facts.lastHereAt)}.`}</p>
${facts.deliveries.length === 0 ? '' : html`<div class="scrolled" role="region" aria-label="Deliveries" tabindex="0"><table class="list"><caption>The newest, by GitHub’s list</caption><thead><tr><th scope="col">When</th><th scope="col">Event</th><th scope="col">Answer</th></tr></thead><tbody>${facts.deliveries.slice(0, 5).map(delivery)}</tbody></table></div>`}`;
}

const delivery = ({ at, event, action, status, statusCode }: SetUpDelivery): Html => html`<tr><td>${time(at)}</td><td><code>${event}${action === null ? '' : `.${action}`}</code></td><td>${statusCode === 0 ? '' : `${statusCode} `}${status}</td></tr>`;
