// How do accounts, repositories, apps and installations look in JSON?

import type { World } from './world.ts';
import type { Account, App, Installation, Permission, Repository } from './state.ts';
import { fullName } from './state.ts';

type Json = Record<string, unknown>;

/** GitHub's node ids: a prefix and MessagePack of the numbers, base64url. */
export function nodeId(prefix: string, ...ids: number[]): string {
  const parts = [Buffer.from([0x90 + ids.length + 1, 0])];
  for (const id of ids) {
    const bytes = Buffer.alloc(id > 0xffff_ffff ? 9 : 5);
    bytes[0] = id > 0xffff_ffff ? 0xcf : 0xce;
    if (id > 0xffff_ffff) bytes.writeBigUInt64BE(BigInt(id), 1);
    else bytes.writeUInt32BE(id, 1);
    parts.push(bytes);
  }
  return `${prefix}_${Buffer.concat(parts).toString('base64url')}`;
}

export function readNodeId(text: string): { prefix: string; ids: number[] } | null {
  const match = /^([A-Z]+)_([A-Za-z0-9_-]+)$/.exec(text);
  if (!match) return null;
  const bytes = Buffer.from(match[2] ?? '', 'base64url');
  const ids: number[] = [];
  for (let at = 2; at < bytes.length; ) {
    const wide = bytes[at] === 0xcf;
    if (at + (wide ? 9 : 5) > bytes.length) return null;
    ids.push(wide ? Number(bytes.readBigUInt64BE(at + 1)) : bytes.readUInt32BE(at + 1));
    at += wide ? 9 : 5;
  }
  return { prefix: match[1] ?? '', ids };
}

export const accountNodeId = (account: Account): string => nodeId(account.type === 'Organization' ? 'O' : account.type === 'Bot' ? 'BOT' : 'U', account.id);
export const repositoryNodeId = (repository: Repository): string => nodeId('R', repository.id);

export function userShape(world: World, account: Account): Json {
  const url = `${world.api}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    avatar_url: `${world.html}/avatars/u/${account.id}`,
    gravatar_id: '',
    url,
    html_url: account.type === 'Bot' ? `${world.html}/apps/${account.login.replace('[bot]', '')}` : `${world.html}/${account.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    site_admin: false,
  };
}

export function organizationShape(world: World, account: Account): Json {
  const url = `${world.api}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.html}/avatars/u/${account.id}`,
    description: account.name ?? '',
  };
}

/** The links that every form of a repository carries. */
export function repositoryLiteShape(world: World, repository: Repository): Json {
  const url = `${world.api}/repos/${fullName(repository)}`;
  return {
    id: repository.id,
    node_id: repositoryNodeId(repository),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.private,
    owner: userShape(world, repository.owner),
    html_url: `${world.html}/${fullName(repository)}`,
    description: repository.description,
    fork: repository.parent !== null,
    url,
    forks_url: `${url}/forks`,
    keys_url: `${url}/keys{/key_id}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    teams_url: `${url}/teams`,
    hooks_url: `${url}/hooks`,
    issue_events_url: `${url}/issues/events{/number}`,
    events_url: `${url}/events`,
    assignees_url: `${url}/assignees{/user}`,
    branches_url: `${url}/branches{/branch}`,
    tags_url: `${url}/tags`,
    blobs_url: `${url}/git/blobs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    trees_url: `${url}/git/trees{/sha}`,
    statuses_url: `${url}/statuses/{sha}`,
    languages_url: `${url}/languages`,
    stargazers_url: `${url}/stargazers`,
    contributors_url: `${url}/contributors`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    commits_url: `${url}/commits{/sha}`,
    git_commits_url: `${url}/git/commits{/sha}`,
    comments_url: `${url}/comments{/number}`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    contents_url: `${url}/contents/{+path}`,
    compare_url: `${url}/compare/{base}...{head}`,
    merges_url: `${url}/merges`,
    archive_url: `${url}/{archive_format}{/ref}`,
    downloads_url: `${url}/downloads`,
    issues_url: `${url}/issues{/number}`,
    pulls_url: `${url}/pulls{/number}`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    labels_url: `${url}/labels{/name}`,
    releases_url: `${url}/releases{/id}`,
    deployments_url: `${url}/deployments`,
  };
}

export const cloneUrl = (world: World, repository: Repository): string => `${world.html}/${fullName(repository)}.git`;
export const sshUrl = (world: World, repository: Repository): string => `${world.ssh}/${fullName(repository)}.git`;

export function repositoryShape(world: World, repository: Repository): Json {
  const forks = [...world.state.repositories.values()].filter((other) => other.parent === repository).length;
  const openIssues = world.state.pulls.filter((pull) => pull.repository === repository && pull.state === 'open').length;
  return {
    ...repositoryLiteShape(world, repository),
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    pushed_at: repository.pushedAt ?? repository.createdAt,
    git_url: cloneUrl(world, repository).replace(/^https?:/, 'git:'),
    ssh_url: sshUrl(world, repository),
    clone_url: cloneUrl(world, repository),
    svn_url: `${world.html}/${fullName(repository)}`,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: forks,
    mirror_url: null,
    archived: false,
    disabled: false,
    open_issues_count: openIssues,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.private ? 'private' : 'public',
    forks,
    open_issues: openIssues,
    watchers: 0,
    default_branch: repository.defaultBranch,
  };
}

/** The form in webhook payloads. */
export const repositoryHookShape = (world: World, repository: Repository): Json => ({ ...repositoryShape(world, repository), custom_properties: {} });

/** The form in push payloads alone: two times are integers, and three fields are legacy. */
export function repositoryPushShape(world: World, repository: Repository): Json {
  const owner = { name: repository.owner.login, email: repository.owner.email, ...userShape(world, repository.owner) };
  return {
    ...repositoryHookShape(world, repository),
    owner,
    url: `${world.html}/${fullName(repository)}`,
    created_at: Math.floor(Date.parse(repository.createdAt) / 1000),
    pushed_at: Math.floor(Date.parse(repository.pushedAt ?? repository.createdAt) / 1000),
    stargazers: 0,
    master_branch: repository.defaultBranch,
    ...(repository.owner.type === 'Organization' ? { organization: repository.owner.login } : {}),
  };
}

export function permissionsShape(permission: Permission | null): Json {
  const rank = permission === null ? -1 : ['read', 'triage', 'write', 'maintain', 'admin'].indexOf(permission);
  return { admin: rank >= 4, maintain: rank >= 3, push: rank >= 2, triage: rank >= 1, pull: rank >= 0 };
}

export function appShape(world: World, app: App): Json {
  return {
    id: app.id,
    slug: app.slug,
    client_id: app.clientId,
    node_id: nodeId('A', app.id),
    owner: userShape(world, app.owner),
    name: app.name,
    description: app.description,
    external_url: app.externalUrl,
    html_url: `${world.html}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: { ...app.permissions },
    events: [...app.events],
  };
}

/** The form in webhook payloads, whose schema does not know the client id. */
export function appHookShape(world: World, app: App): Json {
  const { client_id: _, ...shape } = appShape(world, app);
  return shape;
}

export function installationShape(world: World, installation: Installation): Json {
  const { account, app } = installation;
  return {
    id: installation.id,
    account: userShape(world, account),
    repository_selection: installation.selection,
    access_tokens_url: `${world.api}/app/installations/${installation.id}/access_tokens`,
    repositories_url: `${world.api}/installation/repositories`,
    html_url: account.type === 'Organization' ? `${world.html}/organizations/${account.login}/settings/installations/${installation.id}` : `${world.html}/settings/installations/${installation.id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: { ...installation.permissions },
    events: [...app.events],
    created_at: installation.createdAt,
    updated_at: installation.createdAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: installation.suspendedAt,
  };
}

export const installationLiteShape = (installation: Installation): Json => ({ id: installation.id, node_id: Buffer.from(`023:IntegrationInstallation${installation.id}`).toString('base64') });

/** The short form in installation payloads. */
export const repositoryNameShape = (repository: Repository): Json => ({ id: repository.id, node_id: repositoryNodeId(repository), name: repository.name, full_name: fullName(repository), private: repository.private });
