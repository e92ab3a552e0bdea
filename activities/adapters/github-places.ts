// Where on GitHub is the App installed, and what is a repository or an account there by its name?

import type { Octokit } from '@octokit/core';
import type { Repository } from '../../config-schema/trigger.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

export type Owner = { id: number; login: string; installationId: number };

/** Names may be former ones: GitHub redirects. Throws ForgeUnavailable where a later try can help. */
export type GitHubPlaces = {
  /** As it is called now. null where the App is not installed, or suspended: what GitHub has there is none of our business. */
  findRepository(owner: string, name: string): Promise<Repository | null>;
  /** An organization or a person with the App on at least one repository. */
  findOwner(login: string): Promise<Owner | null>;
  /** The other repository, where the installation on the first one covers it too; a public one that it does not cover is null. */
  sameInstallation(repository: Repository, owner: string, name: string): Promise<Repository | null>;
  /** The commit that a ref such as `refs/heads/main` holds; null: there is no such ref. */
  headOf(repository: Repository, ref: string): Promise<string | null>;
  /** All of all installations, but for suspended ones. As many requests as there are installations, and hundreds of repositories. */
  listRepositories(): Promise<Repository[]>;
  /** The same, each with when it was last pushed to (ISO 8601); null: never. */
  listPushed(): Promise<Pushed[]>;
};

export type Pushed = { repository: Repository; pushedAt: string | null };

type Installation = { id: number; suspended_at: string | null; account: { id: number | bigint; login?: string } | null };

export function githubPlaces(client: GitHubClient): GitHubPlaces {
  const find = (what: string, ask: (octokit: Octokit) => Promise<{ data: Installation }>): Promise<Installation | null> =>
    client.asApp(`say whether the App is installed on ${what}`, costs.read, async (octokit) => {
      const found = await orNull(ask(octokit));
      return found?.data.suspended_at === null ? found.data : null;
    });

  const ofRepository = (owner: string, name: string): Promise<Installation | null> =>
    find(`${owner}/${name}`, (octokit) => octokit.request('GET /repos/{owner}/{repo}/installation', { owner, repo: name }));

  async function read(installationId: number, owner: string, name: string): Promise<Repository | null> {
    // It may have been taken from the installation just now, and the installation away.
    const found = await orNull(client.as(installationId, `show ${owner}/${name}`, costs.read, (octokit) => octokit.request('GET /repos/{owner}/{repo}', { owner, repo: name })));
    if (!found) return null;
    return repositoryFrom(found.data, installationId);
  }

  const listInstallations = (): Promise<Installation[]> =>
    pages(async (page) => {
      const { data } = await client.asApp('list the installations of the App', costs.read, (octokit) => octokit.request('GET /app/installations', { per_page: perPage, page }));
      return data;
    });

  /** Empty where the installation has gone meanwhile. */
  const repositoriesOf = (installationId: number): Promise<Pushed[]> =>
    pages(async (page) => {
      const answer = await orNull(client.as(installationId, 'list the repositories of an installation', costs.read, (octokit) => octokit.request('GET /installation/repositories', { per_page: perPage, page })));
      return (answer?.data.repositories ?? []).map((data) => ({ repository: repositoryFrom(data, installationId), pushedAt: data.pushed_at }));
    });

  return {
    async findRepository(owner, name) {
      const installation = await ofRepository(owner, name);
      return installation && read(installation.id, owner, name);
    },

    // Both routes are for Apps as themselves, and say what the account is called and which number it has.
    async findOwner(login) {
      const installation =
        (await find(login, (octokit) => octokit.request('GET /orgs/{org}/installation', { org: login }))) ?? (await find(login, (octokit) => octokit.request('GET /users/{username}/installation', { username: login })));
      const account = installation?.account;
      // An enterprise has no login, and no repositories either.
      return installation && account?.login !== undefined ? { id: Number(account.id), login: account.login, installationId: installation.id } : null;
    },

    async sameInstallation({ installationId }, owner, name) {
      if (installationId === null) return null;
      const installation = await ofRepository(owner, name);
      return installation?.id === installationId ? read(installationId, owner, name) : null;
    },

    async headOf({ id, owner, name, installationId }, ref) {
      if (installationId === null) return null;
      // REST would take the name of a branch for another's: `heads/main` may be called so.
      const { repository } = await client.as(installationId, `say what ${ref} of ${owner}/${name} holds`, costs.read, (octokit) => octokit.graphql<{ repository: HeadAnswer }>(headQuery, { owner, name, ref }));
      if (repository.databaseId !== id) throw new Error(`GitHub's ${owner}/${name} is repository ${repository.databaseId} now, not ${id}`);
      const target = repository.ref?.target;
      return target?.target?.oid ?? target?.oid ?? null;
    },

    listRepositories: async () => (await listPushed()).map(({ repository }) => repository),

    listPushed,
  };

  async function listPushed(): Promise<Pushed[]> {
    const found: Pushed[] = [];
    for (const { id, suspended_at } of await listInstallations()) if (suspended_at === null) found.push(...(await repositoriesOf(id)));
    return found;
  }
}

type HeadAnswer = { databaseId: number; ref: { target: { oid: string; target?: { oid: string } } | null } | null };

const headQuery = `query Head($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) {
    databaseId
    ref(qualifiedName: $ref) { target { oid ... on Tag { target { oid } } } }
  }
}`;

type ApiRepository = { id: number | bigint; owner: { login: string }; name: string; private: boolean; default_branch: string };

const repositoryFrom = (data: ApiRepository, installationId: number): Repository => ({ id: Number(data.id), owner: data.owner.login, name: data.name, private: data.private, defaultBranch: data.default_branch, installationId });

/** GitHub's most. */
const perPage = 100;

async function pages<T>(ask: (page: number) => Promise<T[]>): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; ; page += 1) {
    const some = await ask(page);
    found.push(...some);
    if (some.length < perPage) return found;
  }
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return null;
    throw error;
  }
}
