// What does the local GitHub know? Everything except git's own objects, in plain maps.

import type { Delivery } from './webhooks.ts';

export type Permission = 'read' | 'triage' | 'write' | 'maintain' | 'admin';
export type Access = 'read' | 'write';
export type Permissions = Record<string, Access>;

export type Account = {
  id: number;
  login: string;
  type: 'User' | 'Organization' | 'Bot';
  name: string | null;
  email: string | null;
  createdAt: string;
  /** Public ssh keys, as in an authorized_keys line. */
  keys: SshKey[];
  /** Of an organization: the members by account id. */
  members: Map<number, 'admin' | 'member'>;
};

export type SshKey = { id: number; title: string; publicKey: string; readOnly: boolean; createdAt: string };

export type Protection = { requiredChecks: string[]; allowForcePushes: boolean; allowDeletions: boolean; enforceAdmins: boolean };

/** A ruleset: the types of its rules as in REST (`pull_request`), and the full refs that they hold for, with `*` for anything. */
export type Ruleset = { id: number; name: string; refs: string[]; types: string[] };

export type Team = { id: number; organization: Account; slug: string; name: string; members: Map<number, 'maintainer' | 'member'> };

export type Repository = {
  id: number;
  owner: Account;
  name: string;
  private: boolean;
  defaultBranch: string;
  description: string | null;
  /** The bare repository on disk. */
  path: string;
  createdAt: string;
  updatedAt: string;
  pushedAt: string | null;
  parent: Repository | null;
  collaborators: Map<number, Permission>;
  deployKeys: SshKey[];
  /** By branch name. */
  protections: Map<string, Protection>;
  rulesets: Ruleset[];
  /** Names it had before; requests for them are redirected. */
  formerNames: string[];
  nextNumber: number;
};

export type PullRequest = {
  id: number;
  number: number;
  repository: Repository;
  head: { repository: Repository; ref: string; sha: string };
  base: { ref: string; sha: string };
  title: string;
  body: string | null;
  author: Account;
  draft: boolean;
  state: 'open' | 'closed';
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  mergedAt: string | null;
  mergedBy: Account | null;
  mergeCommitSha: string | null;
  mergeable: boolean;
  labels: Label[];
};

export type Label = { id: number; repository: Repository; name: string };

/** A branch that moved, came or went. */
export type Activity = { id: number; repository: Repository; ref: string; before: string; after: string; at: string; type: 'push' | 'force_push' | 'branch_creation' | 'branch_deletion'; actor: Account };

export type Comment = { id: number; repository: Repository; issue: number; author: Account; app: App | null; body: string; createdAt: string; updatedAt: string };

export type App = {
  id: number;
  slug: string;
  name: string;
  description: string | null;
  externalUrl: string;
  owner: Account;
  /** SPKI PEM of every key that may sign for it. */
  publicKeys: string[];
  clientId: string;
  clientSecret: string;
  webhookUrl: string | null;
  webhookSecret: string | null;
  hookId: number;
  permissions: Permissions;
  events: string[];
  callbackUrls: string[];
  setupUrl: string | null;
  bot: Account;
  createdAt: string;
};

export type Installation = {
  id: number;
  app: App;
  account: Account;
  selection: 'all' | 'selected';
  /** Repository ids when `selection` is 'selected'. */
  repositoryIds: Set<number>;
  permissions: Permissions;
  createdAt: string;
  suspendedAt: string | null;
};

export type Token =
  | { kind: 'installation'; value: string; installation: Installation; permissions: Permissions; /** null: all of the installation. */ repositoryIds: Set<number> | null; expiresAt: Date }
  /** A personal access token, or one that a user gave to an app (`app` is set). */
  | { kind: 'user'; value: string; account: Account; app: App | null; expiresAt: Date | null };

export type CheckSuite = {
  id: number;
  app: App;
  repository: Repository;
  sha: string;
  /** null when the commit was never pushed to a branch of this repository (a fork's). */
  branch: string | null;
  before: string | null;
  createdAt: string;
  updatedAt: string;
};

export type Annotation = {
  path: string;
  start_line: number;
  end_line: number;
  start_column: number | null;
  end_column: number | null;
  annotation_level: string | null;
  title: string | null;
  message: string | null;
  raw_details: string | null;
};

export type CheckRun = {
  id: number;
  suite: CheckSuite;
  name: string;
  sha: string;
  externalId: string;
  detailsUrl: string | null;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  startedAt: string;
  completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null; annotations: Annotation[] };
  actions: { label: string; identifier: string; description: string }[];
};

export type Status = { id: number; repository: Repository; sha: string; state: 'error' | 'failure' | 'pending' | 'success'; targetUrl: string | null; description: string | null; context: string; creator: Account; createdAt: string };

export type State = {
  accounts: Map<number, Account>;
  repositories: Map<number, Repository>;
  apps: Map<number, App>;
  installations: Map<number, Installation>;
  teams: Team[];
  /** Accounts whose policy forbids deploy keys, by id. */
  withoutDeployKeys: Set<number>;
  tokens: Map<string, Token>;
  pulls: PullRequest[];
  /** Oldest first. */
  activities: Activity[];
  comments: Comment[];
  /** Of all repositories. */
  labels: Label[];
  suites: Map<number, CheckSuite>;
  runs: Map<number, CheckRun>;
  /** Oldest first; the newest of a context counts. */
  statuses: Status[];
  deliveries: Delivery[];
  nextId(kind: IdKind): number;
};

/** Where each kind of id begins: the magnitudes of the real GitHub, so that 32-bit assumptions break here too. */
const firstIds = {
  account: 583_231,
  app: 12_001,
  repository: 1_296_269,
  installation: 45_678_901,
  pull: 2_345_678_901,
  activity: 17_345_678_901,
  comment: 3_456_789_012,
  label: 8_456_789_012,
  suite: 41_234_567_890,
  run: 51_234_567_890,
  status: 31_234_567_890,
  hook: 501_234_567,
  delivery: 190_123_456_789_012,
  key: 91_234_567,
  ruleset: 1_234_567,
  team: 2_345_678,
};
export type IdKind = keyof typeof firstIds;

export function emptyState(): State {
  const next = { ...firstIds };
  return {
    accounts: new Map(),
    repositories: new Map(),
    apps: new Map(),
    installations: new Map(),
    teams: [],
    withoutDeployKeys: new Set(),
    tokens: new Map(),
    pulls: [],
    activities: [],
    comments: [],
    labels: [],
    suites: new Map(),
    runs: new Map(),
    statuses: [],
    deliveries: [],
    nextId: (kind) => next[kind]++,
  };
}

/** Names are compared without case, as GitHub does. */
export function findAccount(state: State, login: string): Account | undefined {
  const wanted = login.toLowerCase();
  return [...state.accounts.values()].find((account) => account.login.toLowerCase() === wanted);
}

export function findRepository(state: State, owner: string, name: string): Repository | undefined {
  const [wantedOwner, wanted] = [owner.toLowerCase(), name.toLowerCase()];
  const owned = [...state.repositories.values()].filter((repository) => repository.owner.login.toLowerCase() === wantedOwner);
  return owned.find((repository) => repository.name.toLowerCase() === wanted) ?? owned.find((repository) => repository.formerNames.includes(wanted));
}

export function findInstallation(state: State, app: App, repository: Repository): Installation | undefined {
  return [...state.installations.values()].find((installation) => installation.app === app && covers(installation, repository));
}

export function covers(installation: Installation, repository: Repository): boolean {
  return installation.account === repository.owner && (installation.selection === 'all' || installation.repositoryIds.has(repository.id));
}

/** What this account may do here; null where it may not even look. */
export function permissionOf(repository: Repository, account: Account | null): Permission | null {
  if (account !== null) {
    if (account === repository.owner || repository.owner.members.get(account.id) === 'admin') return 'admin';
    const given = repository.collaborators.get(account.id);
    if (given !== undefined) return given;
    if (repository.owner.members.has(account.id)) return 'read';
  }
  return repository.private ? null : 'read';
}

export const mayWrite = (permission: Permission | null): boolean => permission === 'admin' || permission === 'maintain' || permission === 'write';

export const fullName = (repository: Repository): string => `${repository.owner.login}/${repository.name}`;

/** The rules of rulesets that hold for a full ref. */
export function rulesFor(repository: Repository, ref: string): { ruleset: Ruleset; type: string }[] {
  const holds = (pattern: string): boolean => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '.*')}$`).test(ref);
  return repository.rulesets.filter((ruleset) => ruleset.refs.some(holds)).flatMap((ruleset) => ruleset.types.map((type) => ({ ruleset, type })));
}

/** By either means. */
export const isProtected = (repository: Repository, branch: string): boolean => repository.protections.has(branch) || rulesFor(repository, `refs/heads/${branch}`).length > 0;
