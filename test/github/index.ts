// How does a test or the demo start the local GitHub?

import type { GitHub, GitHubOptions } from './contract.ts';
import { addApp, appDeeds } from './deeds/apps.ts';
import { lookup } from './deeds/lookup.ts';
import { addAccount, peopleDeeds } from './deeds/people.ts';
import { pullDeeds } from './deeds/pulls.ts';
import { repositoryDeeds } from './deeds/repositories.ts';
import { trouble, watching } from './deeds/watch.ts';
import { serve } from './server.ts';

export type { AppOptions, GitHub, GitHubOptions, Place } from './contract.ts';
export type { RequestRecord } from './api.ts';
export type { CheckRun, Permission, PullRequest } from './state.ts';
export type { Delivery } from './webhooks.ts';
export { publishedLimits, type Injection, type Limits } from './limits.ts';

/** A GitHub of one's own: everything in memory, the repositories in a folder. It ends with `stop`, which leaves nothing behind. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const serving = await serve({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    sshPort: options.sshPort ?? 0,
    folder: options.folder ?? null,
    limits: options.limits ?? null,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3600,
    tokenStyle: options.tokenStyle ?? 'long',
    webhookTimeoutSeconds: options.webhookTimeoutSeconds ?? 10,
  });
  const { world, sshPort, sshHostKey } = serving;
  const find = lookup(world);
  const { app, privateKey } = await addApp(world, options.app ?? {}, addAccount(world, 'app-owner', 'User', 'The owner of the app', null));
  const { host, hostname } = new URL(world.html);
  return {
    url: world.html,
    host,
    apiUrl: world.api,
    graphqlUrl: world.graphql,
    sshUrl: world.ssh,
    sshPort,
    sshHostKey,
    knownHosts: `[${hostname}]:${sshPort} ${sshHostKey}`,
    folder: world.folder,
    app: { id: app.id, slug: app.slug, name: app.name, clientId: app.clientId, clientSecret: app.clientSecret, webhookSecret: app.webhookSecret ?? '', privateKey },
    ...peopleDeeds(world, find),
    ...repositoryDeeds(world, find),
    ...pullDeeds(world, find),
    ...appDeeds(world, find, app),
    ...watching(serving, find),
    ...trouble(serving),
    stop: () => serving.stop(),
  };
}
