// What does GitHub say about a ref and a person, from which trust is decided?

import { branchOf, type Trigger } from '../../config-schema/trigger.ts';
import type { GitHubClient } from './github-client.ts';
import type { Folder } from './github-files.ts';
import { costs } from './github-limiter.ts';

/** The answer to the query of github-load.ts. */
export type Found = {
  id: string;
  databaseId: number;
  owner: { databaseId?: number | null };
  url: string;
  isPrivate: boolean;
  commit: { message?: string; author?: { user: { login: string } | null } | null } | null;
  ref: {
    target: { oid: string; target?: { oid: string } } | null;
    branchProtectionRule: { id: string } | null;
    rules: { nodes: ({ type: string } | null)[] | null } | null;
    associatedPullRequests: { nodes: (FoundPull | null)[] | null };
  } | null;
  /** The one that the trigger came by. */
  pullRequest?: FoundPull | null;
  collaborators: { edges: ({ permission: string; node: { databaseId: number } } | null)[] | null } | null;
  secrets?: Folder;
  /** `config0`, `config1`, …: a Blob or null. */
  [config: `config${number}`]: unknown;
  /** Fields that are null only because this App may not read them. */
  hidden: ReadonlySet<string>;
};

export type FoundPull = { number: number; url: string; title: string; isDraft: boolean; merged: boolean; headRefName: string; baseRefName: string; baseRefOid: string; baseRepository: { databaseId: number } | null };

/**
 * Rules of rulesets that keep a single person with write access from deciding what the ref holds. A ruleset for all branches that
 * asks for tidy messages or forbids force pushes does not make each branch as good as the default branch.
 */
const guarding = new Set(['UPDATE', 'CREATION', 'PULL_REQUEST', 'MERGE_QUEUE', 'REQUIRED_STATUS_CHECKS', 'WORKFLOWS', 'REQUIRED_DEPLOYMENTS', 'LOCK_BRANCH']);

export async function isProtected(client: GitHubClient, installationId: number, { repository, ref }: Trigger, { ref: found, hidden }: Found): Promise<boolean> {
  if (!found) return false;
  // Restricting creation says who may make a tag, but not who may push to a branch that exists.
  const guards = (type: string): boolean => guarding.has(type) && (type !== 'CREATION' || branchOf(ref) === null);
  if (found.branchProtectionRule !== null || (found.rules?.nodes ?? []).some((rule) => rule !== null && guards(rule.type))) return true;
  const branch = branchOf(ref);
  if (branch === null || !hidden.has('branchProtectionRule')) return false;
  // Without the administration permission GraphQL hides the rule; REST still says whether there is one.
  return client.as(installationId, `say whether ${ref} is protected`, costs.read, async (octokit) => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', { owner: repository.owner, repo: repository.name, branch });
    return data.protection?.enabled ?? data.protected;
  });
}

/** By numeric id: a login may have been given up and taken by somebody else. */
export async function permissionOf(client: GitHubClient, installationId: number, { repository, sender }: Trigger, found: Found): Promise<string> {
  if (found.collaborators !== null) {
    const edge = (found.collaborators.edges ?? []).find((each) => each?.node.databaseId === sender.id);
    return edge?.permission.toLowerCase() ?? (found.isPrivate ? 'none' : 'read');
  }
  // GraphQL shows collaborators to those with write access only; REST answers about one person to every App.
  return permissionByLogin(client, installationId, repository, sender);
}

/** 'none' too for a login that is not this person's any more. */
export async function permissionByLogin(client: GitHubClient, installationId: number, { owner, name }: { owner: string; name: string }, person: { id: number; login: string }): Promise<string> {
  const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  return client.as(installationId, `say what ${person.login} may do`, costs.read, async (octokit) => {
    const { data } = await octokit.request(route, { owner, repo: name, username: person.login }).catch((error: { status?: number }) => {
      if (error.status === 404) return { data: { user: null, role_name: '', permission: '' } };
      throw error;
    });
    if (data.user?.id !== person.id) return 'none';
    // A custom role has a name of its own; `permission` is what it amounts to.
    return ['admin', 'maintain', 'write', 'triage', 'read'].includes(data.role_name) ? data.role_name : data.permission;
  });
}

/**
 * A rerun takes the trust of its ref, and the webhook only claims the ref's name: a fork's branch may be called like ours.
 * So the commit must be on that ref now. The sentence why not; null when all is well.
 */
export async function refusal(client: GitHubClient, installationId: number, trigger: Trigger, found: Found): Promise<string | null> {
  const { event, pullRequest, repository, sha, ref } = trigger;
  if (event !== 'rerun' || pullRequest !== null) return null;
  const tip = found.ref?.target?.target?.oid ?? found.ref?.target?.oid;
  if (tip === sha) return null;
  const sentence = `${sha.slice(0, 12)} is not on ${ref} (any more), so it cannot be run again as that; push it to a branch`;
  if (tip === undefined) return sentence;
  const status = await client.as(installationId, `compare ${tip} with ${sha}`, costs.read, async (octokit) => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/compare/{basehead}', { owner: repository.owner, repo: repository.name, basehead: `${tip}...${sha}`, per_page: 1 });
    return data.status;
  });
  return status === 'behind' || status === 'identical' ? null : sentence;
}
