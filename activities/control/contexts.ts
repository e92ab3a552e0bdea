// Which values do contexts hold, and which jobs may have them?

import { evaluate, holdsInExpression, parseExpression } from '../../config-schema/language/expression.ts';
import type { PipelineValues } from '../../config-schema/language/processed.ts';
import { pipelineVariables } from '../../config-schema/language/scope.ts';
import { encodeName } from '../../config-schema/address.ts';
import type { TrustLevel } from '../../config-schema/trigger.ts';
import { ForgeUnavailable } from './forge.ts';
import type { Vault } from './vault.ts';

/** All that are set must hold. */
export type Restrictions = {
  /** null: every repository of the owner. */
  repositories: { id: number; fullName: string }[] | null;
  /** An expression over the pipeline's values, such as `pipeline.git.branch == "main"`; null: any branch or tag. */
  expression: string | null;
  /** T0, a fork's pull request, never has a context. */
  minTrust: 'T1' | 'T2';
  /** Who started the pipeline must be in one of these teams of the owner, by their short names; null: anybody. */
  teams: string[] | null;
};

export const noRestrictions: Restrictions = { repositories: null, expression: null, minTrust: 'T1', teams: null };

export type ContextAbout = { name: string; restrictions: Restrictions; changedBy: string; changedAt: string };
export type VariableAbout = { name: string; changedBy: string; changedAt: string };

/** What is asked for a context: by a job, of a pipeline. */
export type ContextUse = {
  repository: { id: number; owner: string; name: string };
  trust: TrustLevel;
  values: PipelineValues;
  sender: { id: number; login: string };
  /** Whether that person is in a team of the owner's. */
  isTeamMember: (team: string) => Promise<boolean>;
};

/** The contexts of one account on GitHub, by its numeric id. */
export type Contexts = {
  list(ownerId: number): Promise<ContextAbout[]>;
  variables(ownerId: number, context: string): Promise<VariableAbout[]>;
  /** Makes the context where there is none. */
  restrict(ownerId: number, context: string, restrictions: Restrictions, by: string): Promise<void>;
  set(ownerId: number, context: string, name: string, value: string, by: string): Promise<void>;
  /** False when there is none. What is taken back leaves an entry without a value, so that no backup brings it back. */
  unset(ownerId: number, context: string, name: string): Promise<boolean>;
  remove(ownerId: number, context: string): Promise<boolean>;
  /** Why the job may not have the context, for the user; null when it may. */
  refusal(ownerId: number, context: string, use: ContextUse): Promise<string | null>;
  values(ownerId: number, context: string): Promise<Record<string, string>>;
};

const contextName = (ownerId: number, context: string): string => `owners/${ownerId}/contexts/${encodeName(context)}/context`;
const variablesFolder = (ownerId: number, context: string): string => `owners/${ownerId}/contexts/${encodeName(context)}/variables/`;

export function contextStore(vault: Vault): Contexts {
  const now = (): string => new Date().toISOString();
  // An empty secret part, and not none: opening it proves what is readable beside it.
  const write = (ownerId: number, about: ContextAbout): Promise<void> => vault.put(contextName(ownerId, about.name), about, {});

  const isThere = async (ownerId: number, context: string): Promise<boolean> => {
    for await (const { name, isEmpty } of vault.list(`owners/${ownerId}/contexts/${encodeName(context)}/`)) if (name.endsWith('/context')) return !isEmpty;
    return false;
  };

  return {
    async list(ownerId) {
      const found: ContextAbout[] = [];
      for await (const { name, about, isEmpty } of vault.list<ContextAbout>(`owners/${ownerId}/contexts/`)) if (name.endsWith('/context') && !isEmpty) found.push(about);
      return found;
    },

    async variables(ownerId, context) {
      const found: VariableAbout[] = [];
      for await (const { about, isEmpty } of vault.list<VariableAbout>(variablesFolder(ownerId, context))) if (!isEmpty) found.push(about);
      return found;
    },

    restrict: (ownerId, context, restrictions, by) => write(ownerId, { name: context, restrictions, changedBy: by, changedAt: now() }),

    async set(ownerId, context, name, value, by) {
      if (!(await isThere(ownerId, context))) await write(ownerId, { name: context, restrictions: noRestrictions, changedBy: by, changedAt: now() });
      await vault.put(`${variablesFolder(ownerId, context)}${name}`, { name, changedBy: by, changedAt: now() } satisfies VariableAbout, { value });
    },

    async unset(ownerId, context, name) {
      const found = (await this.variables(ownerId, context)).find((about) => about.name === name);
      if (!found) return false;
      await vault.put(`${variablesFolder(ownerId, context)}${name}`, found, null);
      return true;
    },

    async remove(ownerId, context) {
      if (!(await isThere(ownerId, context))) return false;
      // The values first: a context that is only half gone must not lose its restrictions.
      for await (const { name, about } of vault.list(variablesFolder(ownerId, context))) await vault.put(name, about, null);
      await vault.put(contextName(ownerId, context), { name: context, restrictions: noRestrictions, changedBy: 'nobody', changedAt: now() } satisfies ContextAbout, null);
      return true;
    },

    async refusal(ownerId, context, use) {
      const { owner, name } = use.repository;
      // Before anything is asked of the vault.
      if (use.trust === 'T0') return `context ${context} is not for pull requests of forks`;
      const opened = await vault.open<ContextAbout, object>(contextName(ownerId, context), 'context');
      if (!opened?.secret) return `there is no context ${context} in ${owner}. Make it, or remove it from the job: roundhouse contexts set ${owner} ${context} NAME`;
      const { repositories, expression, minTrust, teams } = opened.about.restrictions;
      if (repositories && !repositories.some(({ id }) => id === use.repository.id)) return `context ${context} is for ${listed(repositories.map(({ fullName }) => fullName))}, and this is ${owner}/${name}`;
      if (minTrust === 'T2' && use.trust !== 'T2') return `context ${context} is for the default branch and protected refs (T2), and this is ${use.trust}`;
      if (expression !== null) {
        const { holds, fault } = judge(expression, use.values);
        if (!holds) return `context ${context} is for pipelines where ${expression}, which does not hold here${fault === undefined ? '' : ` (${fault})`}`;
      }
      if (!teams) return null;
      const isFor = `context ${context} is for ${teams.length === 1 ? 'the team' : 'the teams'} ${listed(teams)} of ${owner}`;
      try {
        return (await anyOf(teams, use.isTeamMember)) ? null : `${isFor}, and ${use.sender.login} is in none of them`;
      } catch (error) {
        // GitHub may be away; but what it does not let us know, it will not tell later either.
        if (error instanceof ForgeUnavailable) throw error;
        return `${isFor}, and who is in it cannot be looked up: ${(error as Error).message}`;
      }
    },

    async values(ownerId, context) {
      const found: Record<string, string> = {};
      for await (const { name, about } of vault.list<VariableAbout>(variablesFolder(ownerId, context))) {
        const opened = await vault.open<VariableAbout, { value: string }>(name, 'context');
        if (opened?.secret) found[about.name] = opened.secret.value;
      }
      return found;
    },
  };
}

/** The sentence on what is wrong with an expression; null when it can be judged. */
export function faultOfExpression(expression: string, values: PipelineValues): string | null {
  return judge(expression, values).fault ?? null;
}

/** What cannot be judged does not hold. */
function judge(expression: string, values: PipelineValues): { holds: boolean; fault?: string } {
  const parsed = parseExpression(expression);
  if ('fault' in parsed) return { holds: false, fault: parsed.fault };
  const result = evaluate(parsed.expression, pipelineVariables({ path: 'the restriction', text: expression }, values, null));
  return 'fault' in result ? { holds: false, fault: result.fault } : { holds: holdsInExpression(result.value) };
}

async function anyOf(teams: readonly string[], isMember: (team: string) => Promise<boolean>): Promise<boolean> {
  for (const team of teams) if (await isMember(team)) return true;
  return false;
}

const listed = (names: readonly string[]): string => (names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);
