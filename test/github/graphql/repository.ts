// What can be asked of a repository?

import { fullName, mayWrite, permissionOf, type Repository } from '../state.ts';
import { maySee } from '../tokens.ts';
import { listRefs } from '../git.ts';
import { repositoryNodeId, sshUrl } from '../shapes.ts';
import { connection, type Page } from './connection.ts';
import { type Context, type Fields, need, typed } from './context.ts';
import { pullState } from './pulls.ts';
import { findRef, protectionFields, rulesetFields } from './refs.ts';

export function repositoryFields(context: Context, of: Repository): Fields {
  const { world, caller, types } = context;
  return {
    __typename: 'Repository',
    id: repositoryNodeId(of),
    databaseId: of.id,
    name: of.name,
    nameWithOwner: fullName(of),
    owner: () => types.account(of.owner),
    description: of.description,
    isPrivate: of.private,
    isFork: of.parent !== null,
    isArchived: false,
    isDisabled: false,
    isTemplate: false,
    isLocked: false,
    isMirror: false,
    isInOrganization: of.owner.type === 'Organization',
    isEmpty: async () => (await listRefs(of.path, 'refs/heads')).length === 0,
    visibility: of.private ? 'PRIVATE' : 'PUBLIC',
    url: `${world.html}/${fullName(of)}`,
    sshUrl: sshUrl(world, of),
    createdAt: of.createdAt,
    updatedAt: of.updatedAt,
    pushedAt: of.pushedAt,
    parent: () => (of.parent !== null && maySee(caller, of.parent) ? types.repository(of.parent) : null),
    viewerPermission: () => (caller.kind === 'user' ? (permissionOf(of, caller.account)?.toUpperCase() ?? null) : null),
    defaultBranchRef: () => types.reference(of, `refs/heads/${of.defaultBranch}`),
    ref({ qualifiedName }: { qualifiedName: string }) {
      need(context, of, 'contents');
      return findRef(context, of, qualifiedName);
    },
    async refs({ refPrefix, query, ...page }: Page & { refPrefix: string; query?: string | null }) {
      need(context, of, 'contents');
      const refs = (await listRefs(of.path, refPrefix.replace(/\/$/, ''))).filter((each) => query == null || each.ref.includes(query));
      return connection('refs', page, refs, (each) => types.reference(of, each.ref));
    },
    object({ oid, expression }: { oid?: string | null; expression?: string | null }) {
      need(context, of, 'contents');
      return oid != null ? types.object(of, oid) : types.expression(of, expression ?? '');
    },
    pullRequest({ number }: { number: number }) {
      need(context, of, 'pull_requests');
      const pull = world.state.pulls.find((candidate) => candidate.repository === of && candidate.number === number);
      if (pull === undefined) throw typed('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`);
      return types.pullRequest(pull);
    },
    pullRequests({ states, headRefName, baseRefName, ...page }: Page & { states?: string[] | null; headRefName?: string | null; baseRefName?: string | null }) {
      need(context, of, 'pull_requests');
      const chosen = world.state.pulls.filter((pull) => pull.repository === of && (states == null || states.includes(pullState(pull))) && (headRefName == null || pull.head.ref === headRefName) && (baseRefName == null || pull.base.ref === baseRefName));
      return connection('pullRequests', page, chosen, (pull) => types.pullRequest(pull));
    },
    collaborators: (page: Page & { query?: string | null; login?: string | null }) => collaborators(context, of, page),
    branchProtectionRules(page: Page) {
      need(context, of, 'administration');
      return connection('branchProtectionRules', page, [...of.protections], ([branch, protection]) => protectionFields(of, branch, protection));
    },
    rulesets: (page: Page) => connection('rulesets', page, of.rulesets, (ruleset) => rulesetFields(of, ruleset)),
  };
}

function collaborators(context: Context, of: Repository, { query, login, ...page }: Page & { query?: string | null; login?: string | null }): Fields {
  const { world, caller, types } = context;
  need(context, of, 'metadata');
  if (caller.kind === 'user' && !mayWrite(permissionOf(of, caller.account))) throw typed('FORBIDDEN', 'Must have push access to view repository collaborators.');
  const people = [...world.state.accounts.values()].filter((person) => {
    const member = person === of.owner || of.collaborators.has(person.id) || of.owner.members.has(person.id);
    return person.type === 'User' && member && (login == null || person.login.toLowerCase() === login.toLowerCase()) && (query == null || person.login.toLowerCase().includes(query.toLowerCase()));
  });
  return connection('collaborators', page, people, (person) => types.account(person), (person) => ({ permission: (permissionOf(of, person) ?? 'read').toUpperCase() }));
}
