// Do GitHub's webhooks arrive, and if not, what is to be done?

import type { SetUpDelivery } from '../../../activities/control/github-setup.ts';
import type { Standing } from './steps.ts';

export type WebhookFacts = {
  /** Where GitHub sends them; null: nowhere. */
  url: string | null;
  /** Where they would come without a proxy. */
  ownUrl: string;
  /** Newest first. */
  deliveries: readonly SetUpDelivery[];
  /** When one was last accepted here, since this process began. */
  lastHereAt: string | null;
};

export type Verdict = { standing: Standing; text: string; remedy?: string };

/** GitHub's list lags behind, and clocks differ. */
const lateMs = 60_000;

export function webhookVerdict({ url, ownUrl, deliveries, lastHereAt }: WebhookFacts): Verdict {
  if (url === null) return { standing: 'bad', text: 'The App has no address for webhooks, so GitHub sends none.', remedy: `Set it below. Without a proxy it is ${ownUrl}` };
  const newest = deliveries[0];
  if (!newest) {
    return lastHereAt === null
      ? { standing: 'waiting', text: 'GitHub has not tried yet.', remedy: 'It does when the App is installed somewhere, and with every push. This page looks again by itself.' }
      : { standing: 'well', text: 'A webhook has arrived here.' };
  }
  const { statusCode: code, status } = newest;
  if (code === 0) {
    return {
      standing: 'bad',
      text: `GitHub could not reach ${url}: “${status}”.`,
      remedy: /tls|ssl|certificate/i.test(status)
        ? 'Its certificate is not one that GitHub trusts. Get one of a public authority for that name.'
        : /timed? ?out/i.test(status)
          ? 'Something took the connection and did not answer within 10 seconds, or a firewall drops it. Let GitHub through to this address, or use a webhook proxy.'
          : 'Does that name lead to this machine, from outside, and is a proxy listening there? If GitHub can never reach this machine, use a webhook proxy.',
    };
  }
  if (code < 300) {
    const arrived = lastHereAt !== null && Date.parse(lastHereAt) >= Date.parse(newest.at) - lateMs;
    if (arrived) return { standing: 'well', text: 'GitHub reaches this Roundhouse: the newest webhook was delivered and taken.' };
    if (url === ownUrl) return { standing: 'well', text: 'GitHub says that the newest webhook was delivered. None has arrived since this app started; to be sure, have it sent again.' };
    return { standing: 'bad', text: `The proxy at ${url} took the newest webhook, but it has not arrived here.`, remedy: 'Is its client running on this machine, with the right path and port? Start it as shown below, then have the webhook sent again.' };
  }
  if (code < 400) return { standing: 'bad', text: `${url} answers with a redirect (${code}), which GitHub does not follow.`, remedy: 'Set the address of the webhooks to where it leads, or have the path served where it is.' };
  return { standing: 'bad', ...refusals(code, url) };
}

function refusals(code: number, url: string): { text: string; remedy: string } {
  if (code === 400 || code === 401) return { text: `The newest webhook was refused (${code}): its signature does not fit.`, remedy: 'The secret here is another one than the App’s, or a proxy changes what it passes on. Is WEBHOOK_SECRET set in the environment? It goes before what the setup stored.' };
  if (code === 403) return { text: `Something before Roundhouse forbids it (403).`, remedy: 'Let the proxy or firewall pass POST requests to this path without signing in.' };
  if (code === 404 || code === 405) return { text: `Something answers at ${url}, but it is not Roundhouse’s path for webhooks (${code}).`, remedy: 'Have the proxy pass the path /api/github/webhooks on as it is; or correct the address below.' };
  if (code === 411 || code === 413) return { text: `A proxy refuses webhooks for their size (${code}).`, remedy: 'Let it take 25 MB: client_max_body_size 25m for nginx.' };
  if (code === 503) return { text: 'Roundhouse was not ready for it (503): as long as there was no App here, it takes no webhooks.', remedy: 'Have it sent again.' };
  if (code === 502 || code === 504) return { text: `The proxy before Roundhouse could not reach it (${code}).`, remedy: 'Does it pass requests on to the address and port on which this Roundhouse listens? Then have it sent again.' };
  if (code >= 500) return { text: `It failed here (${code}).`, remedy: 'The log of the app has the reason. Then have it sent again.' };
  return { text: `It was refused (${code}).`, remedy: 'GitHub shows the whole answer in the settings of the App, under Advanced.' };
}
