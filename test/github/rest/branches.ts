// What may be read of branches, and of what guards them?

import type { Answer, Call, Route } from './route.ts';
import { notFound, paginate, repoUrl, useRepository } from './route.ts';
import { HttpError } from '../http-error.ts';
import { fullName, isProtected, rulesFor, type Protection, type Repository } from '../state.ts';
import { listRefs, readCommit, resolveCommit } from '../git.ts';
import { commitShape } from './commits.ts';

export const branchRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}/branches', handle: listBranches },
  { operation: 'GET /repos/{owner}/{repo}/branches/{branch}', handle: getBranch },
  { operation: 'GET /repos/{owner}/{repo}/branches/{branch}/protection', handle: getProtection },
  { operation: 'GET /repos/{owner}/{repo}/rules/branches/{branch}', handle: getRules },
];

async function listBranches(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const wanted = call.query['protected'];
  const all = (await listRefs(repository.path, 'refs/heads')).map(({ ref, commit }) => ({ name: ref.slice('refs/heads/'.length), commit }));
  const page = paginate(call, all.filter(({ name }) => wanted === undefined || isProtected(repository, name) === wanted));
  return { status: 200, headers: page.headers, body: page.items.map(({ name, commit }) => ({ name, commit: { sha: commit, url: `${repoUrl(call, repository)}/commits/${commit}` }, protected: isProtected(repository, name) })) };
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
      protected: isProtected(repository, name),
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

/** Of rulesets; a classic protection is not among them. Their parameters are not kept. */
function getRules(call: Call): Answer {
  const repository = useRepository(call, 'metadata', 'read');
  const rules = rulesFor(repository, `refs/heads/${call.path['branch']}`);
  return { status: 200, body: rules.map(({ ruleset, type }) => ({ type, ruleset_source_type: 'Repository', ruleset_source: fullName(repository), ruleset_id: ruleset.id })) };
}
