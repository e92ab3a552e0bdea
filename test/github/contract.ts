// What can a test or the demo do with the local GitHub?

import type { RequestRecord } from './api.ts';
import type { Injection, Limits } from './limits.ts';
import type { CheckRun, Permission, Permissions, PullRequest, Status } from './state.ts';
import type { Delivery } from './webhooks.ts';

export type GitHubOptions = {
  host?: string;
  port?: number;
  sshPort?: number;
  /** Where the bare repositories lie; by default a temporary folder that `stop` removes. */
  folder?: string;
  /** The app that is registered at the start; without a key of its own it is given one. */
  app?: AppOptions;
  /** Enforced limits; by default requests are counted, and none is refused. `publishedLimits` are the real ones. */
  limits?: Limits;
  /** 3,600 by default. */
  tokenLifetimeSeconds?: number;
  /** Installation tokens of about 520 characters with dots, as they are now, or of 40 without, as they were. */
  tokenStyle?: 'long' | 'short';
  /** After this a delivery counts as failed; GitHub's 10 by default. */
  webhookTimeoutSeconds?: number;
};

export type AppOptions = {
  id?: number;
  name?: string;
  slug?: string;
  /** PEM, public or private. */
  key?: string;
  webhookUrl?: string;
  webhookSecret?: string;
  clientId?: string;
  clientSecret?: string;
  callbackUrls?: string[];
  permissions?: Permissions;
  events?: string[];
};

/** A repository, by all its addresses. `path` is the bare one on disk. */
export type Place = { id: number; fullName: string; sshUrl: string; cloneUrl: string; path: string };

/** Users, organizations and repositories are named, `OWNER/NAME` for the latter. Names that do not exist are thrown as errors. */
export type GitHub = {
  /** Pages and git over HTTP: `http://HOST:PORT`. */
  readonly url: string;
  /** `HOST:PORT`, as GHE_HOST wants it (with GHE_PROTOCOL=http). */
  readonly host: string;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  /** `ssh://git@HOST:PORT` */
  readonly sshUrl: string;
  readonly sshPort: number;
  /** `ssh-ed25519 AAAA…`; `knownHosts` is the whole line for ssh's file. */
  readonly sshHostKey: string;
  readonly knownHosts: string;
  readonly folder: string;
  readonly app: { id: number; slug: string; name: string; clientId: string; clientSecret: string; webhookSecret: string; /** null where only a public key was given. */ privateKey: string | null };

  /** `token` is a personal access token: git over HTTP and the REST API take it. */
  createUser(login: string, options?: { name?: string; email?: string }): { id: number; login: string; email: string; token: string };
  createOrganization(login: string, members?: Record<string, 'admin' | 'member'>): { id: number; login: string };
  /** Its slug is its name in lower case, with dashes. */
  createTeam(organization: string, name: string, members?: string[]): void;
  createRepository(options: { owner: string; name: string; private?: boolean; defaultBranch?: string; description?: string }): Promise<Place>;
  renameRepository(repository: string, name: string): void;
  transferRepository(repository: string, owner: string): void;
  setVisibility(repository: string, visibility: 'public' | 'private'): void;
  setDefaultBranch(repository: string, branch: string): Promise<void>;
  deleteRepository(repository: string): Promise<void>;
  fork(repository: string, user: string): Promise<Place>;
  addCollaborator(repository: string, user: string, permission: Permission): void;
  removeCollaborator(repository: string, user: string): void;
  /** Anybody may take the old login then. */
  renameUser(login: string, to: string): void;
  addKey(user: string, publicKey: string): void;
  addDeployKey(repository: string, publicKey: string, options?: { title?: string; readOnly?: boolean }): void;
  deployKeys(repository: string): { id: number; title: string; publicKey: string; readOnly: boolean }[];
  removeDeployKey(repository: string, id: number): void;
  /** The policy "Deploy keys" of an organization: none can be added, and those that are there are disabled. */
  forbidDeployKeys(owner: string): void;
  allowDeployKeys(owner: string): void;
  protectBranch(repository: string, branch: string, options?: { requiredChecks?: string[]; allowForcePushes?: boolean; allowDeletions?: boolean; enforceAdmins?: boolean }): Promise<void>;
  /** `refs` are full, with `*` for anything; `types` as in REST: `pull_request`, `required_status_checks`, `non_fast_forward`, … They guard nothing here; they are only told. */
  addRuleset(repository: string, ruleset: { name?: string; refs: string[]; types: string[] }): void;
  /** `head` is a branch, or `USER:BRANCH` of that user's fork. */
  openPullRequest(repository: string, options: { head: string; base?: string; title?: string; body?: string; draft?: boolean; author: string }): Promise<PullRequest>;
  closePullRequest(repository: string, number: number, by: string): Promise<void>;
  reopenPullRequest(repository: string, number: number, by: string): Promise<void>;
  /** Answers the merge commit's sha. */
  mergePullRequest(repository: string, number: number, by: string): Promise<string>;

  comment(repository: string, number: number, by: string, body: string): void;
  label(repository: string, number: number, by: string, label: string): Promise<void>;
  unlabel(repository: string, number: number, by: string, label: string): Promise<void>;
  /** Puts a pull request into the merge queue: a branch of the queue's own, pushed, and its checks requested. */
  enqueue(repository: string, number: number, by: string): Promise<{ headRef: string; headSha: string }>;
  dequeue(repository: string, number: number, by: string, reason: 'dequeued' | 'invalidated' | 'merged'): Promise<void>;

  /** A second app. */
  createApp(options: AppOptions): Promise<{ id: number; slug: string; privateKey: string | null }>;
  /** By default the first app; a second time changes the selection. */
  installApp(owner: string, repositories?: string[] | 'all', options?: { appId?: number }): { id: number };
  /** The first app belongs to somebody else from now on. */
  transferApp(owner: string): void;
  uninstallApp(owner: string): void;
  suspendApp(owner: string): void;
  unsuspendApp(owner: string): void;
  setWebhook(url: string | null, secret?: string): void;
  /** Of the first app: where people come back to who have signed in by it. */
  setCallback(url: string): void;

  /** Oldest first, those under way too (`status` is `pending`). */
  deliveries(filter?: { event?: string; action?: string }): Delivery[];
  /** Waits until the delivery has been answered. */
  redeliver(id: number): Promise<Delivery>;
  /** Waits for an answered delivery that fits. */
  waitForDelivery(fits: (delivery: Delivery) => boolean, timeoutMs?: number): Promise<Delivery>;

  checkRuns(repository: string, sha: string): CheckRun[];
  /** The newest of each context. */
  statuses(repository: string, sha: string): Status[];
  /** By name or by what you make of it; the error of a timeout says what there was. */
  waitForCheck(repository: string, sha: string, fits: string | ((run: CheckRun) => boolean), timeoutMs?: number): Promise<CheckRun>;
  /** What the "Re-run" button of a check does. */
  requestCheckRerun(id: number, by: string): void;
  /** "Re-run all checks". */
  requestSuiteRerun(repository: string, sha: string, by: string): Promise<void>;
  /** One of the run's own buttons. */
  requestCheckAction(id: number, identifier: string, by: string): void;
  comments(repository: string, number: number): { author: string; body: string }[];

  /** Answers how to take it back. */
  inject(injection: Injection): () => void;
  /** 403 with x-ratelimit-remaining: 0 and the time of reset; `status` 429 as GitHub also does. */
  injectPrimaryLimit(options: { match: Injection['match']; resetInSeconds: number; times?: number; status?: 403 | 429 }): void;
  /** 403 or 429 with retry-after. */
  injectSecondaryLimit(options: { match: Injection['match']; retryAfterSeconds: number; times?: number; status?: 403 | 429 }): void;
  /** Every installation token that was issued so far is refused from now on. */
  expireTokens(): void;
  requests(): RequestRecord[];

  /** What the real GitHub would not have done, not have accepted, or what we lack: one sentence each. */
  faults(): string[];
  /** For tests that provoke one. Answers those it forgets. */
  forgetFaults(): string[];
  assertNoFaults(): void;
  /** Resolves when no push is being announced and no delivery is under way. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};
