// Who is in a team, and who may read a repository?

import type { Repository } from '../../config-schema/trigger.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';
import { permissionByLogin } from './github-trust.ts';

/** By numeric id: a login may have been given up and taken by somebody else. */
export type Person = { id: number; login: string };

/** Every answer is GitHub's of now. Throws ForgeUnavailable where a later try can help. */
export type GitHubPeople = {
  /** Of the team by its short name, or of a team within it. False for a team that there is not. Throws a sentence where the App may not know. */
  isTeamMember(installationId: number, org: string, teamSlug: string, person: Person): Promise<boolean>;
  /** False too where the App has no access (any more) and so cannot know. */
  mayRead(repository: Pick<Repository, 'owner' | 'name' | 'installationId'>, person: Person): Promise<boolean>;
};

export function githubPeople(client: GitHubClient): GitHubPeople {
  return {
    async isTeamMember(installationId, org, teamSlug, { id, login }) {
      const what = `say whether ${login} is in the team ${org}/${teamSlug}`;
      try {
        return await client.as(installationId, what, { ...costs.read, points: 2 * costs.read.points }, async (octokit) => {
          const membership = await orNull(octokit.request('GET /orgs/{org}/teams/{team_slug}/memberships/{username}', { org, team_slug: teamSlug, username: login }));
          // Somebody who was invited and has not accepted is none.
          if (membership?.data.state !== 'active') return false;
          // A membership does not say of whom it is.
          const user = await orNull(octokit.request('GET /users/{username}', { username: login }));
          return user?.data.id === id;
        });
      } catch (error) {
        if (statusOf(error) !== 403) throw error;
        throw new Error(`GitHub does not let the App read the teams of ${org}. Give it the permission "Members: Read-only" and have an owner of ${org} accept it.`, { cause: error });
      }
    },

    async mayRead({ owner, name, installationId }, person) {
      if (installationId === null) return false;
      try {
        return (await permissionByLogin(client, installationId, { owner, name }, person)) !== 'none';
      } catch (error) {
        if (statusOf(error) === 404 || statusOf(error) === 403) return false;
        throw error;
      }
    },
  };
}

/** What somebody may do in a repository, in our own words; `maintain` and `triage` are shades of `write` and `read`. */
export type RepositoryPermission = 'none' | 'read' | 'write' | 'admin';

const amounts: Record<string, RepositoryPermission> = { admin: 'admin', maintain: 'write', write: 'write', triage: 'read', read: 'read' };

/** Every answer is GitHub's of now. Throws where it cannot be had. */
export function githubPermissions(client: GitHubClient) {
  return {
    /** `none` too where the App has no access (any more) and so cannot know. */
    async permissionOf({ owner, name, installationId }: Pick<Repository, 'owner' | 'name' | 'installationId'>, person: Person): Promise<RepositoryPermission> {
      if (installationId === null) return 'none';
      try {
        return amounts[await permissionByLogin(client, installationId, { owner, name }, person)] ?? 'none';
      } catch (error) {
        if (statusOf(error) === 404 || statusOf(error) === 403) return 'none';
        throw error;
      }
    },

    /** Whether the App is the person's own, or belongs to an organization whose owner the person is. False where the App is not installed there. */
    async ownsApp({ id, login }: Person): Promise<boolean> {
      const owner = await client.asApp('say whose the App is', costs.read, async (octokit) => (await octokit.request('GET /app')).data?.owner);
      if (!owner || !('login' in owner)) return false;
      if (owner.type !== 'Organization') return owner.id === id;
      const installation = await client.asApp(`say whether the App is installed on ${owner.login}`, costs.read, (octokit) => orNull(octokit.request('GET /orgs/{org}/installation', { org: owner.login })));
      if (!installation) return false;
      try {
        return await client.as(installation.data.id, `say whether ${login} is an owner of ${owner.login}`, costs.read, async (octokit) => {
          const membership = await orNull(octokit.request('GET /orgs/{org}/memberships/{username}', { org: owner.login, username: login }));
          return membership?.data.state === 'active' && membership.data.role === 'admin' && membership.data.user?.id === id;
        });
      } catch (error) {
        // Without the permission "Members: Read-only" nobody can know.
        if (statusOf(error) === 403) return false;
        throw error;
      }
    },
  };
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

const statusOf = (error: unknown): number | undefined => (error as { status?: number }).status;
