// What can be asked of a branch or a tag, and of the rules that guard it?

import type { Protection, Repository, Ruleset } from '../state.ts';
import { rulesFor } from '../state.ts';
import { listRefs } from '../git.ts';
import { nodeId } from '../shapes.ts';
import { connection, type Page } from './connection.ts';
import { type Context, type Fields, need } from './context.ts';
import { pullState } from './pulls.ts';

/** By full name, or by what comes after refs/, refs/heads/ or refs/tags/. */
export async function findRef({ types }: Context, of: Repository, name: string): Promise<Fields | null> {
  const candidates = name.startsWith('refs/') ? [name] : [`refs/${name}`, `refs/heads/${name}`, `refs/tags/${name}`];
  for (const candidate of candidates) {
    const found = await types.reference(of, candidate);
    if (found !== null) return found;
  }
  return null;
}

export async function referenceFields(context: Context, of: Repository, ref: string): Promise<Fields | null> {
  const { world, types } = context;
  const found = (await listRefs(of.path, ref)).find((each) => each.ref === ref);
  if (found === undefined) return null;
  const prefix = /^refs\/[^/]+\//.exec(ref)?.[0] ?? 'refs/';
  const name = ref.slice(prefix.length);
  const protection = prefix === 'refs/heads/' ? of.protections.get(name) : undefined;
  return {
    __typename: 'Ref',
    id: nodeId('REF', of.id),
    name,
    prefix,
    repository: () => types.repository(of),
    target() {
      need(context, of, 'contents');
      return types.object(of, found.sha);
    },
    branchProtectionRule() {
      need(context, of, 'administration');
      return protection === undefined ? null : protectionFields(of, name, protection);
    },
    rules: (page: Page) => connection('rules', page, rulesFor(of, ref), ({ ruleset, type }) => ({ __typename: 'RepositoryRule', id: nodeId('RR', of.id), type: type.toUpperCase(), repositoryRuleset: () => rulesetFields(of, ruleset) })),
    associatedPullRequests: ({ states, ...page }: Page & { states?: string[] | null }) =>
      connection('associatedPullRequests', page, world.state.pulls.filter((pull) => pull.head.repository === of && pull.head.ref === name && (states == null || states.includes(pullState(pull)))), (pull) => types.pullRequest(pull)),
  };
}

export function protectionFields(of: Repository, pattern: string, protection: Protection): Fields {
  return {
    __typename: 'BranchProtectionRule',
    id: nodeId('BPR', of.id),
    pattern,
    isAdminEnforced: protection.enforceAdmins,
    allowsForcePushes: protection.allowForcePushes,
    allowsDeletions: protection.allowDeletions,
    requiresStatusChecks: protection.requiredChecks.length > 0,
    requiredStatusCheckContexts: protection.requiredChecks,
    requiresApprovingReviews: false,
    requiresLinearHistory: false,
    lockBranch: false,
  };
}

export function rulesetFields(of: Repository, ruleset: Ruleset): Fields {
  return { __typename: 'RepositoryRuleset', id: nodeId('RRS', of.id, ruleset.id), databaseId: ruleset.id, name: ruleset.name, enforcement: 'ACTIVE', target: 'BRANCH' };
}
