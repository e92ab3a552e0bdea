// How are a repository's deploy keys added, listed and removed on GitHub, and where does its ssh port answer?

import type { Octokit } from '@octokit/core';
import type { Repository } from '../../config-schema/trigger.ts';
import { checkoutByToken, type GitHubDeployKey, type GitHubDeployKeys, type Refused, type SshAccess } from '../control/deploy-keys.ts';
import type { GitHubClient } from './github-client.ts';
import { costs, type Cost } from './github-limiter.ts';

export function githubDeployKeys(client: GitHubClient): GitHubDeployKeys {
  async function ask<T>(repository: Repository, what: string, cost: Cost, work: (octokit: Octokit, at: { owner: string; repo: string }) => Promise<T>): Promise<T | Refused> {
    const { owner, name, installationId } = repository;
    if (installationId === null) return { refused: noAccess(repository) };
    try {
      return await client.as(installationId, `${what} ${owner}/${name}`, cost, (octokit) => work(octokit, { owner, repo: name }));
    } catch (error) {
      const refused = refusal(repository, error as Failure);
      if (refused === null) throw error;
      return { refused };
    }
  }

  return {
    addDeployKey: (repository, { title, publicKey }) =>
      ask(repository, 'add a deploy key to', costs.create, async (octokit, at) => {
        try {
          const { data } = await octokit.request('POST /repos/{owner}/{repo}/keys', { ...at, title, key: publicKey, read_only: true });
          return { id: data.id };
        } catch (error) {
          // An answer that was lost, or another process with the same key.
          const there = /already in use/i.test((error as Failure).message) ? (await listAll(octokit, at)).find((key) => key.publicKey === publicKey) : undefined;
          if (!there) throw error;
          return { id: there.id };
        }
      }),

    listDeployKeys: (repository) => ask(repository, 'list the deploy keys of', costs.read, listAll),

    removeDeployKey: (repository, id) =>
      ask(repository, 'remove a deploy key of', costs.change, async (octokit, at) => {
        await octokit.request('DELETE /repos/{owner}/{repo}/keys/{key_id}', { ...at, key_id: id }).catch((error: Failure) => {
          if (error.status !== 404) throw error;
        });
        return null;
      }),

    sshAccess: (repository) =>
      ask<SshAccess | Refused>(repository, 'say where ssh answers for', { ...costs.read, points: 2 * costs.read.points }, async (octokit, at) => {
        const { data } = await octokit.request('GET /repos/{owner}/{repo}', at);
        const url = sshUrl(data.ssh_url);
        const { ssh_keys: hostKeys = [] } = (await octokit.request('GET /meta')).data;
        const knownHosts = hostKeys.filter(isKey).map((key) => `${knownHost(url)} ${key}\n`).join('');
        // To take whatever key answers would let anybody between us and GitHub choose the code.
        if (knownHosts === '') return { refused: `This GitHub does not say which keys its ssh port has (\`ssh_keys\` of GET /meta), so code cannot be fetched over ssh: ${checkoutByToken}.` };
        return { url: url.href, knownHosts };
      }),
  };
}

type Failure = { status?: number; message: string; response?: { data?: { message?: string } } };

async function listAll(octokit: Octokit, at: { owner: string; repo: string }): Promise<GitHubDeployKey[]> {
  const keys: GitHubDeployKey[] = [];
  for (let page = 1; ; page++) {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/keys', { ...at, per_page: 100, page });
    keys.push(...data.map(({ id, title, key, read_only, enabled }) => ({ id, title, publicKey: key, readOnly: read_only, enabled: enabled !== false })));
    if (data.length < 100) return keys;
  }
}

/** What only a person can mend; null where it is something else. */
function refusal(repository: Repository, { status, message, response }: Failure): string | null {
  const name = `${repository.owner}/${repository.name}`;
  if (status === 422 && /deploy keys are disabled/i.test(message)) return `Deploy keys are disabled for ${name} by a policy of its organization or enterprise. Allow them there, or fetch code with tokens: ${checkoutByToken}.`;
  if (status === 403) return `GitHub does not let the App administer ${name} (${response?.data?.message ?? message}). Give it the permission "Administration: Read and write" and have it accepted, or fetch code with tokens: ${checkoutByToken}.`;
  return status === 404 ? noAccess(repository) : null;
}

const noAccess = ({ owner, name }: Repository): string => `The GitHub App has no access to ${owner}/${name} (any more). Install it there.`;

/** github.com says `git@github.com:acme/shop.git`. */
export function sshUrl(text: string): URL {
  const scp = /^(?:([^@/:]+)@)?([^@/:]+):(?!\/\/)\/?(.+)$/.exec(text);
  const url = new URL(scp ? `ssh://${scp[1] ?? 'git'}@${scp[2]}/${scp[3]}` : text);
  if (url.protocol !== 'ssh:') throw new Error(`GitHub says that ${text} is an address for ssh, which it is not`);
  return url;
}

/** How known_hosts names whoever answers there. */
export function knownHost({ hostname, port }: URL): string {
  const host = hostname.replace(/^\[|\]$/g, '');
  return port === '' || port === '22' ? host : `[${host}]:${port}`;
}

const isKey = (text: string): boolean => /^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/.test(text);
