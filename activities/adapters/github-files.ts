// What lies in a repository at a commit? Folders by GraphQL, texts by GraphQL where it gives them whole.

import type { Repository } from '../../config-schema/trigger.ts';
import { ForgeUnavailable } from '../control/forge.ts';
import type { GitHubClient } from './github-client.ts';
import { costs } from './github-limiter.ts';

/** A folder or submodule is an object without any of these fields. */
export type Blob = { oid?: string; byteSize?: number; text?: string | null; isBinary?: boolean | null; isTruncated?: boolean } | null;
export const blobFields = '... on Blob { oid byteSize text isBinary isTruncated }';

type Tree = { entries?: { name: string; type: string; mode: number; object?: Tree | null }[] | null } | null;
type Answer<T> = { repository: { commit: object | null; found: T } };

/** Larger than any config that a person wrote; the API hands out blobs of up to 100 MB. */
const largestBytes = 4 * 1024 * 1024;
const symbolicLink = 0o120000;

export async function listFiles(client: GitHubClient, installationId: number, repository: Repository, sha: string, folder: string): Promise<string[]> {
  const entries = (inside: string): string => `... on Tree { entries { name type mode ${inside} } }`;
  return pathsOf(await object<Tree>(client, installationId, repository, sha, folder, entries(`object { ${entries(`object { ${entries('')} }`)} }`)));
}

/** With the texts of its files. */
export const folderFields = `... on Tree { entries { name type mode object { ${blobFields} } } }`;
export type Folder = { entries?: { name: string; type: string; mode: number; object?: Blob }[] | null } | null;

export async function readFolder(client: GitHubClient, installationId: number, repository: Repository, sha: string, folder: string): Promise<Record<string, string>> {
  return textsOf(client, installationId, repository, folder, await object<Folder>(client, installationId, repository, sha, folder, folderFields));
}

/** Larger ones are left out: nothing that belongs there is. */
const largestInFolderBytes = 1024 * 1024;

export async function textsOf(client: GitHubClient, installationId: number, repository: Repository, folder: string, found: Folder | undefined): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const { name, type, mode, object } of found?.entries ?? []) {
    if (type !== 'blob' || mode === symbolicLink || (object?.byteSize ?? 0) > largestInFolderBytes) continue;
    const text = await textOf(client, installationId, repository, `${folder}/${name}`, object ?? null);
    if (text !== null) texts[name] = text;
  }
  return texts;
}

export async function readFile(client: GitHubClient, installationId: number, repository: Repository, sha: string, path: string): Promise<string | null> {
  const blob = await object<Blob>(client, installationId, repository, sha, path, blobFields);
  return textOf(client, installationId, repository, path, blob);
}

async function object<T>(client: GitHubClient, installationId: number, { owner, name }: Repository, sha: string, path: string, fields: string): Promise<T | null> {
  const query = `query Read($owner: String!, $name: String!, $sha: GitObjectID!, $path: String!) { repository(owner: $owner, name: $name) { commit: object(oid: $sha) { oid } found: object(expression: $path) { ${fields} } } }`;
  const { commit, found } = await client.as(installationId, `read ${path} of ${owner}/${name}`, costs.read, async (octokit) => (await octokit.graphql<Answer<T | null>>(query, { owner, name, sha, path: `${sha}:${path}` })).repository);
  // One replica may not have heard yet of what another one has told us.
  if (!commit) throw new ForgeUnavailable(`GitHub does not know commit ${sha} of ${owner}/${name} yet`, 3);
  return found;
}

const pathsOf = (tree: Tree | undefined): string[] =>
  (tree?.entries ?? []).flatMap(({ name, type, mode, object }) => (type === 'blob' && mode !== symbolicLink ? [name] : type === 'tree' ? pathsOf(object).map((path) => `${name}/${path}`) : []));

/** null when it is no file. GraphQL cuts long texts and leaves out what it takes for binary; the parser says what is wrong with that, at its place. */
export async function textOf(client: GitHubClient, installationId: number, { owner, name }: Repository, path: string, blob: Blob): Promise<string | null> {
  if (blob?.oid === undefined) return null;
  const { oid, text, byteSize = 0 } = blob;
  if (typeof text === 'string' && !blob.isTruncated && !blob.isBinary) return text;
  if (byteSize > largestBytes) throw new Error(`${path} of ${owner}/${name} has ${byteSize} bytes; a config may have ${largestBytes}`);
  return client.as(installationId, `read ${path}`, costs.read, async (octokit) => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/git/blobs/{file_sha}', { owner, repo: name, file_sha: oid });
    return Buffer.from(data.content, 'base64').toString('utf8');
  });
}
