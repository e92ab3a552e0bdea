// What does GitHub know of a commit that a pipeline needs to begin? One query.

import type { PullRequestFacts } from '../../config-schema/pipeline-values.ts';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import { ForgeUnavailable, secretsFolder, type Loaded } from '../control/forge.ts';
import type { GitHubClient } from './github-client.ts';
import { blobFields, folderFields, textOf, textsOf, type Blob } from './github-files.ts';
import { costs } from './github-limiter.ts';
import { isProtected, permissionOf, refusal, type Found, type FoundPull } from './github-trust.ts';

type Answer = { repository: Omit<Found, 'hidden'> };

/** GitHub's replicas may answer before they have heard of a push. */
const replicationMs = 60_000;

export async function load(client: GitHubClient, installationId: number, trigger: Trigger, configPaths: readonly string[], now: number): Promise<Loaded> {
  const { repository, sha, ref, sender, pullRequest } = trigger;
  const { owner, name } = repository;
  const found = await client.as(installationId, `read ${owner}/${name} at ${sha}`, costs.read, async (octokit) => {
    const variables = { owner, name, sha, ref, login: sender.login, secrets: `${sha}:${secretsFolder}`, ...(pullRequest && { pull: pullRequest.number }), ...Object.fromEntries(configPaths.map((path, i) => [`path${i}`, `${sha}:${path}`])) };
    return octokit.graphql<Answer>(queryFor(configPaths.length, pullRequest !== null), variables).then((answer) => ({ ...answer.repository, hidden: new Set<string>() }), whatIsHidden);
  });
  // The name may have gone to another repository since.
  if (found.databaseId !== repository.id) throw new Error(`GitHub's ${owner}/${name} is repository ${found.databaseId} now, not ${repository.id}`);
  client.nodeIds.set(repository.id, found.id);
  if (!found.commit) {
    if (now - Date.parse(trigger.receivedAt) < replicationMs) throw new ForgeUnavailable(`GitHub does not know commit ${sha} of ${owner}/${name} yet`, 3);
    throw new Error(`GitHub does not know commit ${sha} of ${owner}/${name}`);
  }
  const message = found.commit.message ?? '';
  const facts = {
    refIsProtected: await isProtected(client, installationId, trigger, found),
    senderPermission: await permissionOf(client, installationId, trigger, found),
    commit: { subject: message.split('\n', 1)[0] ?? '', authorLogin: found.commit.author?.user?.login ?? null },
    commitBody: message.split('\n').slice(1).join('\n').trim(),
    repositoryUrl: found.url,
    pullRequestNumbers: pullRequestsOf(trigger, found),
    pullRequest: pullRequestOf(trigger, found),
    ownerId: found.owner.databaseId ?? 0,
    secretFiles: await textsOf(client, installationId, repository, secretsFolder, found.secrets),
    baseSha: pullsOf(trigger, found)[0]?.baseRefOid ?? null,
  };
  const refused = await refusal(client, installationId, trigger, found);
  if (refused !== null) return { ...facts, config: null, refused };
  return { ...facts, config: await firstConfig(client, installationId, repository, configPaths, found) };
}

const pullFields = 'number url title isDraft merged headRefName baseRefName baseRefOid baseRepository { databaseId }';

const queryFor = (paths: number, ofPull: boolean): string => {
  const all = Array.from({ length: paths }, (_, i) => i);
  return `query Load($owner: String!, $name: String!, $sha: GitObjectID!, $ref: String!, $login: String!, $secrets: String!, ${ofPull ? '$pull: Int!, ' : ''}${all.map((i) => `$path${i}: String!`).join(', ')}) {
  repository(owner: $owner, name: $name) {
    id
    databaseId
    owner { ... on Organization { databaseId } ... on User { databaseId } }
    isPrivate
    url
    secrets: object(expression: $secrets) { ${folderFields} }
    commit: object(oid: $sha) { ... on Commit { message author { user { login } } } }
    ref(qualifiedName: $ref) {
      target { oid ... on Tag { target { oid } } }
      branchProtectionRule { id }
      rules(first: 100) { nodes { type } }
      associatedPullRequests(states: OPEN, first: 20) { nodes { ${pullFields} } }
    }
    ${ofPull ? `pullRequest(number: $pull) { ${pullFields} }` : ''}
    collaborators(login: $login, first: 1) { edges { permission node { databaseId } } }
    ${all.map((i) => `config${i}: object(expression: $path${i}) { ${blobFields} }`).join('\n    ')}
  }
}`;
};

/** Which fields an App may read depends on permissions that it can do without: those come back as null, with an error of their own. */
const optional = ['branchProtectionRule', 'collaborators', 'pullRequest'];

function whatIsHidden(error: unknown): Found {
  const { errors, data } = error as { errors?: { type?: string; path?: (string | number)[] }[]; data?: Partial<Answer> | null };
  const hidden = (errors ?? []).map(({ type, path }) => (['FORBIDDEN', 'NOT_FOUND'].includes(type ?? '') ? optional.find((field) => path?.includes(field)) : undefined));
  const fields = hidden.filter((field) => field !== undefined);
  if (!data?.repository || fields.length === 0 || fields.length < hidden.length) throw error;
  return { ...data.repository, hidden: new Set(fields) };
}

function pullRequestsOf(trigger: Trigger, found: Found): number[] {
  const { pullRequest } = trigger;
  return [...new Set([...(pullRequest ? [pullRequest.number] : []), ...pullsOf(trigger, found).map(({ number }) => number)])];
}

/** Of several of a branch, which one a config asks about cannot be known. */
function pullRequestOf(trigger: Trigger, found: Found): PullRequestFacts | null {
  const open = pullsOf(trigger, found);
  const pull = trigger.pullRequest ? found.pullRequest : open.length === 1 ? open[0] : null;
  return pull ? { number: pull.number, url: pull.url, title: pull.title, draft: pull.isDraft, merged: pull.merged, headRef: pull.headRefName, baseRef: pull.baseRefName, baseSha: pull.baseRefOid } : null;
}

/** Open ones of the branch, into this repository. */
const pullsOf = ({ repository }: Trigger, found: Found): FoundPull[] =>
  (found.ref?.associatedPullRequests.nodes ?? []).flatMap((pull) => (pull?.baseRepository?.databaseId === repository.id ? [pull] : []));

async function firstConfig(client: GitHubClient, installationId: number, repository: Repository, paths: readonly string[], found: Found): Promise<Loaded['config']> {
  for (const [i, path] of paths.entries()) {
    const text = await textOf(client, installationId, repository, path, found[`config${i}`] as Blob);
    if (text !== null) return { path, text };
  }
  return null;
}
