// How is GitHub asked what the first-run pages show?

import type { Octokit } from '@octokit/core';
import type { GitHubSetup, SetUpContents, SetUpInstallation, SetUpRepository } from '../control/github-setup.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** Of each installation, and installations: who has more has found their way. */
const most = 100;

export function githubSetup(client: GitHubClient): GitHubSetup {
  const { html } = client;
  return {
    async app() {
      const { data } = await client
        .asApp('describe the App', costs.read, (octokit) => octokit.request('GET /app'))
        .catch((cause: unknown) => {
          if (![401, 404].includes((cause as { status?: number }).status ?? 0)) throw cause;
          throw new Error(`GitHub does not know App ${client.appId} by its key any more. Was it deleted there, or its key? Then make another one: roundhouse setup --replace`, { cause });
        });
      return { name: data?.name ?? '', owner: loginOf(data?.owner ?? null), url: data?.html_url ?? html, installUrl: `${data?.html_url ?? html}/installations/new` };
    },

    async installations() {
      const { data } = await client.asApp('list the installations of the App', costs.read, (octokit) => octokit.request('GET /app/installations', { per_page: most }));
      return Promise.all(
        data.map(async ({ id, account, repository_selection, suspended_at, html_url }): Promise<SetUpInstallation> => {
          const place = { account: loginOf(account), all: repository_selection === 'all', suspended: suspended_at !== null, settingsUrl: html_url };
          // GitHub gives no token for a suspended one.
          if (place.suspended) return { ...place, repositories: [], total: 0 };
          const { data: covered } = await client.as(id, 'list the repositories of the installation', costs.read, (octokit) => octokit.request('GET /installation/repositories', { per_page: most }));
          return { ...place, repositories: covered.repositories.map(shortly).sort((a, b) => (a.name < b.name ? -1 : 1)), total: covered.total_count };
        }),
      );
    },

    async deliveries() {
      const { data } = await client.asApp('list webhook deliveries', costs.read, (octokit) => octokit.request('GET /app/hook/deliveries', { per_page: 20 }));
      return data.map(({ id, event, action, delivered_at, status, status_code }) => ({ id: Number(id), event, action, at: delivered_at, status, statusCode: status_code }));
    },

    async redeliver(id) {
      await client.asApp('send a webhook again', costs.change, (octokit) => octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id }));
    },

    async webhookUrl() {
      const { data } = await client.asApp('say where webhooks go', costs.read, (octokit) => octokit.request('GET /app/hook/config'));
      return data.url ?? null;
    },

    async setWebhookUrl(url) {
      // As `data`: Octokit takes a parameter of the name `url` for the address of the request, and would send the App's token there.
      await client.asApp('change where webhooks go', costs.change, (octokit) => octokit.request('PATCH /app/hook/config', { data: { url } }));
    },

    async contents(owner, name, configPaths) {
      const place = { owner, repo: name };
      const installation = await orNull(client.asApp(`say whether the App is installed on ${owner}/${name}`, costs.read, (octokit) => octokit.request('GET /repos/{owner}/{repo}/installation', place)));
      if (installation === null || installation.data.suspended_at !== null) return null;
      const cost = { ...costs.read, points: (3 + configPaths.length) * costs.read.points };
      return client.as(installation.data.id, `show what lies in ${owner}/${name}`, cost, async (octokit): Promise<SetUpContents> => {
        const { data } = await octokit.request('GET /repos/{owner}/{repo}', place);
        const [languages, top] = await Promise.all([octokit.request('GET /repos/{owner}/{repo}/languages', place), topOf(octokit, { ...place, tree_sha: data.default_branch })]);
        return {
          ...shortly(data),
          url: data.html_url,
          branch: data.default_branch,
          languages: languages.data,
          files: top.filter(({ isFolder }) => !isFolder).map((entry) => entry.name),
          config: await configAmong(configPaths, top, (path) => octokit.request('GET /repos/{owner}/{repo}/contents/{path}', { ...place, path })),
        };
      });
    },
  };
}

/** An enterprise has none, but a short name. */
const loginOf = (account: { login?: string; slug?: string } | null): string => account?.login ?? account?.slug ?? '';

type Told = { id: number | bigint; owner: { login: string }; name: string; private: boolean; description: string | null };

const shortly = ({ id, owner, name, private: isPrivate, description }: Told): SetUpRepository => ({ id: Number(id), owner: owner.login, name, private: isPrivate, description: description ?? '' });

type Entry = { name: string; isFolder: boolean };

/** Empty where nothing was pushed yet: GitHub says 409 or 404 then. */
async function topOf(octokit: Octokit, tree: { owner: string; repo: string; tree_sha: string }): Promise<Entry[]> {
  const found = await orNull(octokit.request('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', tree), [404, 409]);
  return (found?.data.tree ?? []).map(({ path, type }) => ({ name: path, isFolder: type === 'tree' }));
}

/** The first that exists counts, as for a pipeline. */
async function configAmong(paths: readonly string[], top: readonly Entry[], read: (path: string) => Promise<unknown>): Promise<string | null> {
  for (const path of paths) {
    const [first] = path.split('/');
    if (!top.some(({ name, isFolder }) => name === first && isFolder === (path !== first))) continue;
    if (path === first || (await orNull(read(path))) !== null) return path;
  }
  return null;
}

async function orNull<T>(asked: Promise<T>, statuses: readonly number[] = [404]): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (statuses.includes((error as { status?: number }).status ?? 0)) return null;
    throw error;
  }
}
