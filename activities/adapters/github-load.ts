// What does GitHub know of a commit that a pipeline needs to begin? One query.

import { branchOf, type Repository, type Trigger } from '../../config-schema/trigger.ts';
import { ForgeUnavailable, type Loaded } from '../control/forge.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

type Blob = { oid?: string; byteSize?: number; text?: string | null; isBinary?: boolean | null; isTruncated?: boolean } | null;
type Found = {
  databaseId: number;
  isPrivate: boolean;
  commit: { message?: string; author?: { user: { login: string } | null } | null } | null;
  ref: {
    target: { oid: string; target?: { oid: string } } | null;
    branchProtectionRule: { id: string } | null;
    refUpdateRule: { pattern: string } | null;
    rules: { nodes: ({ type: string } | null)[] | null } | null;
    associatedPullRequests: { nodes: ({ number: number; baseRepository: { databaseId: number } | null } | null)[] | null };
  } | null;
  collaborators: { edges: ({ permission: string; node: { databaseId: number } } | null)[] | null } | null;
};

/** Larger than any config that a person wrote; the API hands out blobs of up to 100 MB. */
const largestConfigBytes = 4 * 1024 * 1024;
/** GitHub's replicas may answer before they have heard of a push. */
const replicationMs = 60_000;

export async function load(client: GitHubClient, installationId: number, trigger: Trigger, configPaths: readonly string[], now: number): Promise<Loaded> {
  const { repository, sha, ref, sender } = trigger;
  const { owner, name } = repository;
  const found = await client.as(installationId, `read ${owner}/${name} at ${sha}`, costs.read, async (octokit) => {
    const variables = { owner, name, sha, ref, login: sender.login, ...Object.fromEntries(configPaths.map((path, i) => [`path${i}`, `${sha}:${path}`])) };
    return (await octokit.graphql<{ repository: Record<string, unknown> & Found }>(queryFor(configPaths.length), variables).catch(whatMayBeHidden)).repository;
  });
  // The name may have gone to another repository since.
  if (found.databaseId !== repository.id) throw new Error(`GitHub's ${owner}/${name} is repository ${found.databaseId} now, not ${repository.id}`);
  if (!found.commit) {
    if (now - Date.parse(trigger.receivedAt) < replicationMs) throw new ForgeUnavailable(`GitHub does not know commit ${sha} of ${owner}/${name} yet`, 3);
    throw new Error(`GitHub does not know commit ${sha} of ${owner}/${name}`);
  }
  const facts = {
    refIsProtected: isProtected(ref, found.ref),
    senderPermission: await permissionOf(client, installationId, trigger, found),
    commit: { subject: (found.commit.message ?? '').split('\n', 1)[0] ?? '', authorLogin: found.commit.author?.user?.login ?? null },
    pullRequestNumbers: pullRequestsOf(trigger, found),
  };
  const refused = await refusal(client, installationId, trigger, found);
  if (refused !== null) return { ...facts, config: null, refused };
  return { ...facts, config: await firstConfig(client, installationId, repository, configPaths, found) };
}

const queryFor = (paths: number): string => {
  const all = Array.from({ length: paths }, (_, i) => i);
  return `query Load($owner: String!, $name: String!, $sha: GitObjectID!, $ref: String!, $login: String!, ${all.map((i) => `$path${i}: String!`).join(', ')}) {
  repository(owner: $owner, name: $name) {
    databaseId
    isPrivate
    commit: object(oid: $sha) { ... on Commit { message author { user { login } } } }
    ref(qualifiedName: $ref) {
      target { oid ... on Tag { target { oid } } }
      branchProtectionRule { id }
      refUpdateRule { pattern }
      rules(first: 100) { nodes { type } }
      associatedPullRequests(states: OPEN, first: 20) { nodes { number baseRepository { databaseId } } }
    }
    collaborators(login: $login, first: 1) { edges { permission node { databaseId } } }
    ${all.map((i) => `config${i}: object(expression: $path${i}) { ... on Blob { oid byteSize text isBinary isTruncated } }`).join('\n    ')}
  }
}`;
};

/** Which fields an App may read depends on permissions that it can do without: those come back as null, with an error of their own. */
const optional = new Set(['branchProtectionRule', 'collaborators']);

function whatMayBeHidden(error: unknown): { repository: Record<string, unknown> & Found } {
  const { errors, data } = error as { errors?: { type?: string; path?: (string | number)[] }[]; data?: { repository?: (Record<string, unknown> & Found) | null } | null };
  const hidden = errors?.every(({ type, path }) => ['FORBIDDEN', 'NOT_FOUND'].includes(type ?? '') && path?.some((part) => optional.has(String(part))));
  if (hidden && data?.repository) return { repository: data.repository };
  throw error;
}

/**
 * Rules of rulesets that keep a single person with write access from deciding what the ref holds. A ruleset for all branches that
 * asks for tidy messages or forbids force pushes does not make each branch as good as the default branch.
 */
const guarding = new Set(['UPDATE', 'CREATION', 'PULL_REQUEST', 'MERGE_QUEUE', 'REQUIRED_STATUS_CHECKS', 'WORKFLOWS', 'REQUIRED_DEPLOYMENTS', 'LOCK_BRANCH']);

function isProtected(ref: string, found: Found['ref']): boolean {
  if (!found) return false;
  // Restricting creation says who may make a tag, but not who may push to a branch that exists.
  const guards = (type: string): boolean => guarding.has(type) && (type !== 'CREATION' || branchOf(ref) === null);
  return found.branchProtectionRule !== null || found.refUpdateRule !== null || (found.rules?.nodes ?? []).some((rule) => rule !== null && guards(rule.type));
}

/** By numeric id: a login may have been given up and taken by somebody else. */
async function permissionOf(client: GitHubClient, installationId: number, { repository, sender }: Trigger, found: Found): Promise<string> {
  if (found.collaborators !== null) {
    const edge = (found.collaborators.edges ?? []).find((each) => each?.node.databaseId === sender.id);
    return edge?.permission.toLowerCase() ?? (found.isPrivate ? 'none' : 'read');
  }
  // GraphQL shows collaborators to those with write access only; REST answers about one person to every App.
  const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  return client.as(installationId, `say what ${sender.login} may do`, costs.read, async (octokit) => {
    const { data } = await octokit.request(route, { owner: repository.owner, repo: repository.name, username: sender.login }).catch((error: { status?: number }) => {
      if (error.status === 404) return { data: { user: null, role_name: '', permission: '' } };
      throw error;
    });
    return data.user?.id === sender.id ? (data.role_name || data.permission) : 'none';
  });
}

function pullRequestsOf({ repository, pullRequest }: Trigger, found: Found): number[] {
  const ofBranch = (found.ref?.associatedPullRequests.nodes ?? []).flatMap((pull) => (pull?.baseRepository?.databaseId === repository.id ? [pull.number] : []));
  return [...new Set([...(pullRequest ? [pullRequest.number] : []), ...ofBranch])];
}

/**
 * A rerun takes the trust of its ref, and the webhook only claims the ref's name: a fork's branch may be called like ours.
 * So the commit must be on that ref now. The sentence why not; null when all is well.
 */
async function refusal(client: GitHubClient, installationId: number, trigger: Trigger, found: Found): Promise<string | null> {
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

async function firstConfig(client: GitHubClient, installationId: number, repository: Repository, paths: readonly string[], found: Record<string, unknown>): Promise<Loaded['config']> {
  for (const [i, path] of paths.entries()) {
    const blob = found[`config${i}`] as Blob;
    // A folder or submodule of that name is an object without any of a blob's fields.
    if (blob?.oid === undefined) continue;
    if (typeof blob.text === 'string' && !blob.isTruncated && !blob.isBinary) return { path, text: blob.text };
    return { path, text: await wholeText(client, installationId, repository, path, blob.oid, blob.byteSize ?? 0) };
  }
  return null;
}

/** GraphQL cuts long texts and leaves out what it takes for binary; the parser says what is wrong with that, at its place. */
async function wholeText(client: GitHubClient, installationId: number, { owner, name }: Repository, path: string, oid: string, bytes: number): Promise<string> {
  if (bytes > largestConfigBytes) throw new Error(`${path} of ${owner}/${name} has ${bytes} bytes; a config may have ${largestConfigBytes}`);
  return client.as(installationId, `read ${path}`, costs.read, async (octokit) => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', { owner, repo: name, file_sha: oid });
    return Buffer.from(data.content, 'base64').toString('utf8');
  });
}
