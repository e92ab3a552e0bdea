// What may be read of a repository: itself, its branches and refs, its files, and who may do what?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, requirePermission, seeAccount, seeRepository, unprocessable, useRepository } from './route.ts';
import { HttpError } from '../http-error.ts';
import type { Protection, Repository, SshKey } from '../state.ts';
import { fullName, permissionOf } from '../state.ts';
import { maySee } from '../tokens.ts';
import { isoSeconds } from '../world.ts';
import { listRefs, listTree, objectType, readBlob, readCommit, readPath, resolveCommit, type TreeEntry } from '../git.ts';
import { nodeId, permissionsShape, repositoryShape, userShape } from '../shapes.ts';
import { commitShape } from './commits.ts';

type Json = Record<string, unknown>;

export const repositoryRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}', handle: (call) => ({ status: 200, body: fullShape(call, seeRepository(call)) }) },
  { operation: 'GET /repos/{owner}/{repo}/branches', handle: listBranches },
  { operation: 'GET /repos/{owner}/{repo}/branches/{branch}', handle: getBranch },
  { operation: 'GET /repos/{owner}/{repo}/branches/{branch}/protection', handle: getProtection },
  { operation: 'GET /repos/{owner}/{repo}/rules/branches/{branch}', handle: getRules },
  { operation: 'GET /repos/{owner}/{repo}/git/ref/{ref}', handle: getRef },
  { operation: 'GET /repos/{owner}/{repo}/git/matching-refs/{ref}', handle: matchingRefs },
  { operation: 'GET /repos/{owner}/{repo}/contents/{path}', handle: getContents },
  { operation: 'GET /repos/{owner}/{repo}/collaborators', handle: listCollaborators },
  { operation: 'GET /repos/{owner}/{repo}/collaborators/{username}/permission', handle: getPermission },
  { operation: 'GET /repos/{owner}/{repo}/keys', handle: listKeys },
  { operation: 'POST /repos/{owner}/{repo}/keys', handle: addKey },
  { operation: 'DELETE /repos/{owner}/{repo}/keys/{key_id}', handle: deleteKey },
];

const repoUrl = (call: Call, repository: Repository): string => `${call.world.api}/repos/${fullName(repository)}`;

function fullShape(call: Call, repository: Repository): Json {
  const { world, caller } = call;
  const permission = caller.kind === 'user' ? permissionOf(repository, caller.account) : null;
  const ancestor = repository.parent;
  return {
    ...repositoryShape(world, repository),
    ...(caller.kind === 'user' ? { permissions: permissionsShape(permission) } : caller.kind === 'installation' ? { permissions: permissionsShape(null) } : {}),
    network_count: 0,
    subscribers_count: 0,
    ...(repository.owner.type === 'Organization' ? { organization: userShape(world, repository.owner) } : {}),
    ...(ancestor !== null && maySee(caller, ancestor) ? { parent: repositoryShape(world, ancestor), source: repositoryShape(world, ancestor) } : {}),
    temp_clone_token: null,
    custom_properties: {},
  };
}

async function listBranches(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const wanted = call.query['protected'];
  const all = (await listRefs(repository.path, 'refs/heads')).map(({ ref, commit }) => ({ name: ref.slice('refs/heads/'.length), commit }));
  const page = paginate(call, all.filter(({ name }) => wanted === undefined || repository.protections.has(name) === wanted));
  return { status: 200, headers: page.headers, body: page.items.map(({ name, commit }) => ({ name, commit: { sha: commit, url: `${repoUrl(call, repository)}/commits/${commit}` }, protected: repository.protections.has(name) })) };
}

async function findBranch(call: Call, permission: string): Promise<{ repository: Repository; name: string; sha: string; protection: Protection | undefined }> {
  const repository = useRepository(call, permission, 'read');
  const name = call.path['branch'] ?? '';
  const sha = await resolveCommit(repository.path, `refs/heads/${name}`, repository.defaultBranch);
  if (sha === null) throw new HttpError(404, 'Branch not found');
  return { repository, name, sha, protection: repository.protections.get(name) };
}

async function getBranch(call: Call): Promise<Answer> {
  const { repository, name, sha, protection } = await findBranch(call, 'contents');
  const commit = await readCommit(repository.path, sha);
  if (commit === null) throw notFound();
  const url = `${repoUrl(call, repository)}/branches/${encodeURIComponent(name)}`;
  return {
    status: 200,
    body: {
      name,
      commit: commitShape(call.world, repository, commit),
      _links: { self: url, html: `${call.world.html}/${fullName(repository)}/tree/${encodeURI(name)}` },
      protected: protection !== undefined,
      protection: {
        enabled: protection !== undefined,
        required_status_checks: { enforcement_level: protection === undefined ? 'off' : protection.enforceAdmins ? 'everyone' : 'non_admins', contexts: protection?.requiredChecks ?? [], checks: (protection?.requiredChecks ?? []).map((context) => ({ context, app_id: null })) },
      },
      protection_url: `${url}/protection`,
    },
  };
}

async function getProtection(call: Call): Promise<Answer> {
  const { repository, name, protection } = await findBranch(call, 'administration');
  if (protection === undefined) throw new HttpError(404, 'Branch not protected');
  const url = `${repoUrl(call, repository)}/branches/${encodeURIComponent(name)}/protection`;
  return {
    status: 200,
    body: {
      url,
      ...(protection.requiredChecks.length === 0 ? {} : {
        required_status_checks: {
          url: `${url}/required_status_checks`,
          strict: false,
          contexts: protection.requiredChecks,
          contexts_url: `${url}/required_status_checks/contexts`,
          checks: protection.requiredChecks.map((context) => ({ context, app_id: null })),
        },
      }),
      enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforceAdmins },
      required_linear_history: { enabled: false },
      allow_force_pushes: { enabled: protection.allowForcePushes },
      allow_deletions: { enabled: protection.allowDeletions },
      block_creations: { enabled: false },
      required_conversation_resolution: { enabled: false },
      lock_branch: { enabled: false },
      allow_fork_syncing: { enabled: false },
    },
  };
}

/** Rules come from rulesets, of which this GitHub has none: branch protection is the only guard. */
function getRules(call: Call): Answer {
  useRepository(call, 'metadata', 'read');
  return { status: 200, body: [] };
}

function refShape(call: Call, repository: Repository, found: { ref: string; sha: string; type: string }): Json {
  const url = repoUrl(call, repository);
  const [, kind = '', ...names] = found.ref.split('/');
  return {
    ref: found.ref,
    node_id: nodeId('REF', repository.id),
    url: `${url}/git/refs/${kind}/${names.map(encodeURIComponent).join('/')}`,
    object: { type: found.type, sha: found.sha, url: `${url}/git/${found.type}s/${found.sha}` },
  };
}

async function getRef(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const wanted = `refs/${(call.path['ref'] ?? '').replace(/^refs\//, '')}`;
  const found = (await listRefs(repository.path, wanted)).find((candidate) => candidate.ref === wanted);
  if (found === undefined) throw notFound();
  return { status: 200, body: refShape(call, repository, found) };
}

async function matchingRefs(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const prefix = `refs/${call.path['ref'] ?? ''}`;
  const found = (await listRefs(repository.path, 'refs')).filter((candidate) => candidate.ref.startsWith(prefix));
  return { status: 200, body: found.map((each) => refShape(call, repository, each)) };
}

/** A file, with its content in base64 up to 1 MB, or a folder's entries; `Accept: …raw` gives the file's own bytes. */
async function getContents(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const ref = typeof call.query['ref'] === 'string' ? call.query['ref'] : repository.defaultBranch;
  const commit = await resolveCommit(repository.path, ref, repository.defaultBranch);
  if (commit === null) throw new HttpError(404, `No commit found for the ref ${ref}`);
  const entry = await readPath(repository.path, commit, call.path['path'] ?? '');
  if (entry === null) throw notFound();
  if (entry.type === 'tree') {
    const entries = await listTree(repository.path, entry.sha, [], entry.path);
    return { status: 200, body: entries.map((each) => entryShape(call, repository, ref, each)) };
  }
  if (entry.type !== 'blob') return { status: 200, body: entryShape(call, repository, ref, entry) };
  const content = await readBlob(repository.path, entry.sha);
  if (/application\/vnd\.github\.(v3\.)?raw/.test(call.request.headers.accept ?? '')) return { status: 200, body: content, headers: { 'Content-Type': 'application/vnd.github.raw; charset=utf-8' } };
  const small = content.length <= 1_000_000;
  return { status: 200, body: { ...entryShape(call, repository, ref, entry), content: small ? content.toString('base64').replace(/.{60}/g, '$&\n') : '', encoding: small ? 'base64' : 'none' } };
}

function entryShape(call: Call, repository: Repository, ref: string, entry: TreeEntry): Json {
  const file = entry.path.split('/').map(encodeURIComponent).join('/');
  const url = `${repoUrl(call, repository)}/contents/${file}?ref=${encodeURIComponent(ref)}`;
  const html = `${call.world.html}/${fullName(repository)}/${entry.type === 'tree' ? 'tree' : 'blob'}/${encodeURIComponent(ref)}/${file}`;
  const git = `${repoUrl(call, repository)}/git/${entry.type === 'tree' ? 'trees' : 'blobs'}/${entry.sha}`;
  return {
    name: entry.name.slice(entry.name.lastIndexOf('/') + 1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    url,
    html_url: html,
    git_url: git,
    download_url: entry.type === 'blob' ? `${call.world.html}/${fullName(repository)}/raw/${encodeURIComponent(ref)}/${file}` : null,
    type: entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : entry.mode === '120000' ? 'symlink' : 'file',
    _links: { self: url, git, html },
  };
}

const roleName = { read: 'read', triage: 'triage', write: 'write', maintain: 'maintain', admin: 'admin' };

function listCollaborators(call: Call): Answer {
  const repository = useRepository(call, 'metadata', 'read');
  if (call.caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  const people = [...call.world.state.accounts.values()].filter((account) => account.type === 'User' && (account === repository.owner || repository.collaborators.has(account.id) || repository.owner.members.has(account.id)));
  const page = paginate(call, people);
  return {
    status: 200,
    headers: page.headers,
    body: page.items.map((account) => {
      const permission = permissionOf(repository, account);
      return { ...userShape(call.world, account), permissions: permissionsShape(permission), role_name: roleName[permission ?? 'read'] };
    }),
  };
}

/** `permission` knows four words only; `role_name` tells maintain from write and triage from read. */
function getPermission(call: Call): Answer {
  const repository = useRepository(call, 'metadata', 'read');
  if (call.caller.kind === 'anonymous') throw new HttpError(401, 'Requires authentication');
  const account = seeAccount(call, call.path['username']);
  const role = permissionOf(repository, account);
  const permission = role === null ? 'none' : role === 'maintain' ? 'write' : role === 'triage' ? 'read' : role;
  return { status: 200, body: { permission, role_name: role ?? 'none', user: { ...userShape(call.world, account), permissions: permissionsShape(role), role_name: role ?? 'none' } } };
}

function keyShape(call: Call, repository: Repository, key: SshKey): Json {
  return { id: key.id, key: key.publicKey.split(' ').slice(0, 2).join(' '), url: `${repoUrl(call, repository)}/keys/${key.id}`, title: key.title, verified: true, created_at: key.createdAt, read_only: key.readOnly, added_by: repository.owner.login, last_used: null, enabled: true };
}

function listKeys(call: Call): Answer {
  const repository = useRepository(call, 'administration', 'read');
  const page = paginate(call, repository.deployKeys);
  return { status: 200, headers: page.headers, body: page.items.map((key) => keyShape(call, repository, key)) };
}

function addKey(call: Call): Answer {
  const repository = seeRepository(call);
  requirePermission(call, repository, 'administration', 'write');
  const body = call.body as { key: string; title?: string; read_only?: boolean };
  const material = body.key.split(' ')[1];
  if (!/^(ssh-(ed25519|rsa)|ecdsa-sha2-\S+) \S+/.test(body.key)) throw unprocessable('Validation Failed', { resource: 'PublicKey', field: 'key', code: 'custom', message: 'key is invalid. You must supply a key in OpenSSH public key format' });
  const everywhere = [...call.world.state.repositories.values()].flatMap((other) => other.deployKeys).concat([...call.world.state.accounts.values()].flatMap((account) => account.keys));
  if (everywhere.some((key) => key.publicKey.split(' ')[1] === material)) throw unprocessable('Validation Failed', { resource: 'PublicKey', field: 'key', code: 'custom', message: 'key is already in use' });
  const key: SshKey = { id: call.world.state.nextId('key'), title: body.title ?? '', publicKey: body.key, readOnly: body.read_only ?? false, createdAt: isoSeconds(call.world.now()) };
  repository.deployKeys.push(key);
  return { status: 201, body: keyShape(call, repository, key) };
}

function deleteKey(call: Call): Answer {
  const repository = seeRepository(call);
  requirePermission(call, repository, 'administration', 'write');
  const at = repository.deployKeys.findIndex((key) => key.id === Number(call.path['key_id']));
  if (at < 0) throw notFound();
  repository.deployKeys.splice(at, 1);
  return { status: 204 };
}

/** One blob or tree by its sha. */
export const objectRoutes: Route[] = [
  {
    operation: 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const sha = call.path['file_sha'] ?? '';
      if ((await objectType(repository.path, sha)) !== 'blob') throw notFound();
      const content = await readBlob(repository.path, sha);
      return { status: 200, body: { sha, node_id: nodeId('B', repository.id), url: `${repoUrl(call, repository)}/git/blobs/${sha}`, size: content.length, content: content.toString('base64').replace(/.{60}/g, '$&\n'), encoding: 'base64' } };
    },
  },
  {
    operation: 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
    async handle(call) {
      const repository = useRepository(call, 'contents', 'read');
      const wanted = call.path['tree_sha'] ?? '';
      const commit = await resolveCommit(repository.path, wanted, repository.defaultBranch);
      const treeish = commit ?? ((await objectType(repository.path, wanted)) === 'tree' ? wanted : null);
      if (treeish === null) throw notFound();
      const root = await readPath(repository.path, treeish, '');
      const entries = await listTree(repository.path, treeish, call.query['recursive'] === undefined ? [] : ['-r', '-t'], '');
      const url = repoUrl(call, repository);
      return {
        status: 200,
        body: {
          sha: root?.sha ?? treeish,
          url: `${url}/git/trees/${root?.sha ?? treeish}`,
          truncated: false,
          tree: entries.map((entry) => ({ path: entry.path, mode: entry.mode, type: entry.type, sha: entry.sha, ...(entry.size === null ? {} : { size: entry.size }), ...(entry.type === 'commit' ? {} : { url: `${url}/git/${entry.type}s/${entry.sha}` }) })),
        },
      };
    },
  },
];
