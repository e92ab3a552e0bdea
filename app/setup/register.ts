// How does the code that GitHub sends back become this installation's App?

import { Octokit } from '@octokit/core';
import { z } from 'zod';
import { storeCredentials } from './store.ts';

export type Place = {
  /** The data folder. */
  data: string;
  /** Of a GitHub Enterprise Server (GHE_HOST, GHE_PROTOCOL); null: github.com. */
  gheHost: string | null;
  gheProtocol: 'https' | 'http';
};

export type Registered = { appId: number; name: string; url: string; installUrl: string };

/** Resolves when the credentials are stored; nothing is stored otherwise. Errors are sentences for the person. */
export async function register(place: Place, code: string, signal?: AbortSignal): Promise<Registered> {
  const octokit = new Octokit({
    baseUrl: place.gheHost === null ? 'https://api.github.com' : `${gitHubUrl(place)}/api/v3`,
    userAgent: 'roundhouse',
    request: { signal: AbortSignal.any([AbortSignal.timeout(30_000), ...(signal ? [signal] : [])]) },
  });
  const { data } = await octokit.request('POST /app-manifests/{code}/conversions', { code }).catch((cause: unknown) => {
    throw new Error(`GitHub did not exchange the code for the App's credentials: ${(cause as Error).message}. Run the setup again; the App of this attempt can be deleted on GitHub.`, { cause });
  });
  const answer = converted.safeParse(data);
  if (!answer.success) throw new Error(`GitHub's answer is not what makes an App: ${answer.error.issues[0]!.path.join('.')}: ${answer.error.issues[0]!.message}. Run the setup again; the App of this attempt can be deleted on GitHub.`, { cause: answer.error });
  const app = answer.data;
  await storeCredentials(
    place.data,
    { appId: app.id, privateKey: app.pem, webhookSecret: app.webhook_secret, clientId: app.client_id, clientSecret: app.client_secret },
    place.gheHost === null ? null : { gheHost: place.gheHost, gheProtocol: place.gheProtocol },
  ).catch((cause: unknown) => {
    throw new Error(`GitHub has made the App ${app.name}, but its credentials could not be stored in ${place.data}: ${(cause as Error).message}. Delete it at ${app.html_url} and run the setup again.`, { cause });
  });
  return { appId: app.id, name: app.name, url: app.html_url, installUrl: `${app.html_url}/installations/new` };
}

const converted = z.object({
  id: z.coerce.number().int().positive(),
  name: z.string(),
  html_url: z.url(),
  client_id: z.string(),
  client_secret: z.string(),
  webhook_secret: z.string('GitHub made no webhook secret').min(1),
  pem: z.string().includes('PRIVATE KEY'),
});

export const gitHubUrl = ({ gheHost, gheProtocol }: Omit<Place, 'data'>): string => (gheHost === null ? 'https://github.com' : `${gheProtocol}://${gheHost}`);

/** Where GitHub takes a manifest. `organization` is null for a person's own App. */
export const manifestFormUrl = (place: Omit<Place, 'data'>, organization: string | null): string =>
  `${gitHubUrl(place)}${organization === null ? '' : `/organizations/${encodeURIComponent(organization)}`}/settings/apps/new`;
