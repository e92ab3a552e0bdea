// What can a test or the demo do with the local GitHub?

import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { createApp, install, makeAppKeys, sendInstallation, sendSelection } from './app-settings.ts';
import { sendToAll } from './announce.ts';
import { sendRun, sendSuite } from './checks.ts';
import { createBareRepository, git } from './git.ts';
import { writeFile } from 'node:fs/promises';
import { type Injection, type Limits, primaryRefusal, publishedLimits, secondaryRefusal } from './limits.ts';
import type { RequestRecord } from './api.ts';
import { mergePull } from './merge.ts';
import { closePull, openPull, reopenPull } from './pulls.ts';
import { apiWords, serve } from './server.ts';
import type { Account, App, CheckRun, Installation, Permission, Permissions, PullRequest, Repository, SshKey } from './state.ts';
import { findAccount, findRepository, fullName } from './state.ts';
import { issueUserToken } from './tokens.ts';
import type { Delivery } from './webhooks.ts';
import { isoSeconds } from './world.ts';
import { cloneUrl, sshUrl } from './shapes.ts';

export type { Delivery, Injection, Limits, Permission, RequestRecord, CheckRun, PullRequest, Repository, Account, App, Installation };
export { publishedLimits };

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
  createRepository(options: { owner: string; name: string; private?: boolean; defaultBranch?: string; description?: string }): Promise<{ id: number; fullName: string; sshUrl: string; cloneUrl: string; path: string }>;
  renameRepository(repository: string, name: string): void;
  fork(repository: string, user: string): Promise<{ id: number; fullName: string; sshUrl: string; cloneUrl: string; path: string }>;
  addCollaborator(repository: string, user: string, permission: Permission): void;
  addKey(user: string, publicKey: string): void;
  addDeployKey(repository: string, publicKey: string, options?: { readOnly?: boolean }): void;
  protectBranch(repository: string, branch: string, options?: { requiredChecks?: string[]; allowForcePushes?: boolean; allowDeletions?: boolean; enforceAdmins?: boolean }): Promise<void>;
  /** `head` is a branch, or `USER:BRANCH` of that user's fork. */
  openPullRequest(repository: string, options: { head: string; base?: string; title?: string; body?: string; draft?: boolean; author: string }): Promise<PullRequest>;
  closePullRequest(repository: string, number: number, by: string): Promise<void>;
  reopenPullRequest(repository: string, number: number, by: string): Promise<void>;
  /** Answers the merge commit's sha. */
  mergePullRequest(repository: string, number: number, by: string): Promise<string>;

  /** A second app. */
  createApp(options: AppOptions): Promise<{ id: number; slug: string; privateKey: string | null }>;
  /** By default the first app; a second time changes the selection. */
  installApp(owner: string, repositories?: string[] | 'all', options?: { appId?: number }): { id: number };
  uninstallApp(owner: string): void;
  suspendApp(owner: string): void;
  unsuspendApp(owner: string): void;
  setWebhook(url: string | null, secret?: string): void;

  /** Oldest first, those under way too (`status` is `pending`). */
  deliveries(filter?: { event?: string; action?: string }): Delivery[];
  /** Waits until the delivery has been answered. */
  redeliver(id: number): Promise<Delivery>;
  /** Waits for an answered delivery that fits. */
  waitForDelivery(fits: (delivery: Delivery) => boolean, timeoutMs?: number): Promise<Delivery>;

  checkRuns(repository: string, sha: string): CheckRun[];
  /** By name or by what you make of it; the error of a timeout says what there was. */
  waitForCheck(repository: string, sha: string, fits: string | ((run: CheckRun) => boolean), timeoutMs?: number): Promise<CheckRun>;
  /** What the "Re-run" button of a check does. */
  requestCheckRerun(id: number, by: string): void;
  /** "Re-run all checks". */
  requestSuiteRerun(repository: string, sha: string, by: string): Promise<void>;
  /** One of the run's own buttons. */
  requestCheckAction(id: number, identifier: string, by: string): void;
  comments(repository: string, number: number): { author: string; body: string }[];

  inject(injection: Injection): void;
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

const defaultPermissions: Permissions = { checks: 'write', contents: 'read', metadata: 'read', pull_requests: 'read', statuses: 'write', members: 'read', administration: 'read' };
const defaultEvents = ['check_run', 'check_suite', 'create', 'delete', 'pull_request', 'push', 'repository'];

export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const serving = await serve({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    sshPort: options.sshPort ?? 0,
    folder: options.folder ?? null,
    limits: options.limits ?? null,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3600,
    tokenStyle: options.tokenStyle ?? 'long',
    webhookTimeoutSeconds: options.webhookTimeoutSeconds ?? 10,
  });
  const { world } = serving;
  const { state } = world;

  const account = (login: string): Account => findAccount(state, login) ?? missing(`account ${login}`);
  const repositoryOf = (name: string): Repository => findRepository(state, name.split('/')[0] ?? '', name.split('/')[1] ?? '') ?? missing(`repository ${name}`);
  const runOf = (id: number): CheckRun => state.runs.get(id) ?? missing(`check run ${id}`);
  const pullOf = (name: string, number: number): PullRequest => state.pulls.find((pull) => pull.repository === repositoryOf(name) && pull.number === number) ?? missing(`pull request ${name}#${number}`);
  const installationOf = (owner: string): Installation => [...state.installations.values()].find((installation) => installation.account === account(owner) && installation.app === firstApp) ?? missing(`installation on ${owner}`);
  const key = (publicKey: string, readOnly: boolean): SshKey => ({ id: state.nextId('key'), title: publicKey.trim().split(' ')[2] ?? '', publicKey: publicKey.trim(), readOnly, createdAt: isoSeconds(world.now()) });

  function addAccount(login: string, type: 'User' | 'Organization', name: string | null, email: string | null): Account {
    if (findAccount(state, login) !== undefined || apiWords.has(login.toLowerCase()) || !/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/.test(login)) throw new Error(`the name ${login} is taken or not allowed`);
    const added: Account = { id: state.nextId('account'), login, type, name, email, createdAt: isoSeconds(world.now()), keys: [], members: new Map() };
    state.accounts.set(added.id, added);
    return added;
  }

  async function addRepository(owner: Account, name: string, wanted: { private?: boolean; defaultBranch?: string; description?: string | undefined; parent?: Repository }): Promise<Repository> {
    if (!/^[\w.-]{1,100}$/.test(name) || name.endsWith('.git')) throw new Error(`${name} is not a name for a repository`);
    if ([...state.repositories.values()].some((other) => other.owner === owner && other.name.toLowerCase() === name.toLowerCase())) throw new Error(`${owner.login}/${name} exists already`);
    const id = state.nextId('repository');
    const now = isoSeconds(world.now());
    const repository: Repository = {
      id,
      owner,
      name,
      private: wanted.private ?? false,
      defaultBranch: wanted.defaultBranch ?? 'main',
      description: wanted.description ?? null,
      path: join(world.folder, `${id}.git`),
      createdAt: now,
      updatedAt: now,
      pushedAt: null,
      parent: wanted.parent ?? null,
      collaborators: new Map(),
      deployKeys: [],
      protections: new Map(),
      formerNames: [],
      nextNumber: 1,
    };
    await createBareRepository(repository.path, repository.defaultBranch);
    if (repository.parent !== null) await git(repository.path, ['fetch', '--quiet', repository.parent.path, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
    state.repositories.set(id, repository);
    // An installation on all repositories gains this one.
    for (const installation of state.installations.values()) {
      if (installation.account === owner && installation.selection === 'all') sendSelection(world, installation, 'added', [repository], [], owner.type === 'User' ? owner : firstPerson(owner));
    }
    sendToAll(world, repository, 'repository', owner.type === 'User' ? owner : firstPerson(owner), { action: 'created' });
    return repository;
  }

  /** Somebody of the organization, because organizations do nothing themselves. */
  function firstPerson(organization: Account): Account {
    const [member] = organization.members.keys();
    return state.accounts.get(member ?? -1) ?? organization;
  }

  const describeRepository = (repository: Repository) => ({ id: repository.id, fullName: fullName(repository), sshUrl: sshUrl(world, repository), cloneUrl: cloneUrl(world, repository), path: repository.path });

  async function addApp(wanted: AppOptions, owner: Account): Promise<{ app: App; privateKey: string | null }> {
    const keys = wanted.key === undefined ? await makeAppKeys() : null;
    const isPrivate = wanted.key?.includes('PRIVATE KEY') ?? false;
    const publicKey = keys?.publicKey ?? createPublicKey(wanted.key ?? '').export({ type: 'spki', format: 'pem' }).toString();
    const app = createApp(world, {
      name: wanted.name ?? 'Local CI',
      owner,
      publicKeys: [publicKey],
      permissions: wanted.permissions ?? defaultPermissions,
      events: wanted.events ?? defaultEvents,
      webhookSecret: wanted.webhookSecret ?? 'development',
      ...(wanted.id === undefined ? {} : { id: wanted.id }),
      ...(wanted.slug === undefined ? {} : { slug: wanted.slug }),
      ...(wanted.webhookUrl === undefined ? {} : { webhookUrl: wanted.webhookUrl }),
      ...(wanted.clientId === undefined ? {} : { clientId: wanted.clientId }),
      ...(wanted.clientSecret === undefined ? {} : { clientSecret: wanted.clientSecret }),
      ...(wanted.callbackUrls === undefined ? {} : { callbackUrls: wanted.callbackUrls }),
    });
    return { app, privateKey: keys?.privateKey ?? (isPrivate ? (wanted.key ?? null) : null) };
  }

  const ghost = addAccount('app-owner', 'User', 'The owner of the app', null);
  const { app: firstApp, privateKey } = await addApp(options.app ?? {}, ghost);

  async function poll<T>(what: () => string, timeoutMs: number, find: () => T | undefined): Promise<T> {
    for (const end = performance.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const found = find();
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`after ${timeoutMs} ms: ${what()}`);
    }
  }

  const checkRuns = (repository: string, sha: string): CheckRun[] => [...state.runs.values()].filter((run) => run.suite.repository === repositoryOf(repository) && run.sha === sha);

  return {
    url: world.html,
    host: new URL(world.html).host,
    apiUrl: world.api,
    graphqlUrl: world.graphql,
    sshUrl: world.ssh,
    sshPort: serving.sshPort,
    sshHostKey: serving.sshHostKey,
    knownHosts: `[${new URL(world.html).hostname}]:${serving.sshPort} ${serving.sshHostKey}`,
    folder: world.folder,
    app: { id: firstApp.id, slug: firstApp.slug, name: firstApp.name, clientId: firstApp.clientId, clientSecret: firstApp.clientSecret, webhookSecret: firstApp.webhookSecret ?? '', privateKey },

    createUser(login, details = {}) {
      const email = details.email ?? `${login}@example.com`;
      const user = addAccount(login, 'User', details.name ?? null, email);
      return { id: user.id, login, email, token: issueUserToken(world, user, null) };
    },
    createOrganization(login, members = {}) {
      const organization = addAccount(login, 'Organization', login, null);
      for (const [member, role] of Object.entries(members)) organization.members.set(account(member).id, role);
      return { id: organization.id, login };
    },
    async createRepository({ owner, name, ...wanted }) {
      return describeRepository(await addRepository(account(owner), name, wanted));
    },
    renameRepository(name, to) {
      const repository = repositoryOf(name);
      const from = repository.name;
      repository.formerNames.push(from.toLowerCase());
      repository.name = to;
      sendToAll(world, repository, 'repository', repository.owner, { action: 'renamed', changes: { repository: { name: { from } } } });
    },
    async fork(name, user) {
      const parent = repositoryOf(name);
      return describeRepository(await addRepository(account(user), parent.name, { private: parent.private, defaultBranch: parent.defaultBranch, description: parent.description ?? undefined, parent }));
    },
    addCollaborator: (name, user, permission) => void repositoryOf(name).collaborators.set(account(user).id, permission),
    addKey: (user, publicKey) => void account(user).keys.push(key(publicKey, false)),
    addDeployKey: (name, publicKey, { readOnly = true } = {}) => void repositoryOf(name).deployKeys.push(key(publicKey, readOnly)),
    async protectBranch(name, branch, wanted = {}) {
      const repository = repositoryOf(name);
      repository.protections.set(branch, { requiredChecks: wanted.requiredChecks ?? [], allowForcePushes: wanted.allowForcePushes ?? false, allowDeletions: wanted.allowDeletions ?? false, enforceAdmins: wanted.enforceAdmins ?? false });
      const yes = (value: boolean): string => (value ? 'yes' : 'no');
      const lines = [...repository.protections].map(([ref, protection]) => `refs/heads/${ref} ${yes(protection.allowForcePushes)} ${yes(protection.allowDeletions)}\n`);
      await writeFile(join(repository.path, 'protected-refs'), lines.join(''));
    },
    openPullRequest(name, { head, base, title, body, draft, author }) {
      const repository = repositoryOf(name);
      const [user, branch] = head.includes(':') ? [head.slice(0, head.indexOf(':')), head.slice(head.indexOf(':') + 1)] : [null, head];
      const headRepository = user === null ? repository : ([...state.repositories.values()].find((candidate) => candidate.owner === account(user) && (candidate === repository || candidate.parent === repository)) ?? missing(`fork of ${name} by ${user}`));
      return openPull(world, { repository, headRepository, head: branch, title: title ?? branch, author: account(author), ...(base === undefined ? {} : { base }), ...(body === undefined ? {} : { body }), ...(draft === undefined ? {} : { draft }) });
    },
    closePullRequest: (name, number, by) => closePull(world, pullOf(name, number), account(by), null),
    reopenPullRequest: (name, number, by) => reopenPull(world, pullOf(name, number), account(by)),
    mergePullRequest: (name, number, by) => mergePull(world, pullOf(name, number), account(by)),

    async createApp(wanted) {
      const made = await addApp(wanted, ghost);
      return { id: made.app.id, slug: made.app.slug, privateKey: made.privateKey };
    },
    installApp(owner, repositories = 'all', { appId } = {}) {
      const target = account(owner);
      const app = appId === undefined ? firstApp : (state.apps.get(appId) ?? missing(`app ${appId}`));
      const chosen = repositories === 'all' ? ('all' as const) : repositories.map((name) => repositoryOf(name.includes('/') ? name : `${owner}/${name}`));
      return { id: install(world, app, target, chosen, target.type === 'User' ? target : firstPerson(target)).id };
    },
    uninstallApp(owner) {
      const installation = installationOf(owner);
      sendInstallation(world, installation, 'deleted', installation.account);
      state.installations.delete(installation.id);
    },
    suspendApp(owner) {
      const installation = installationOf(owner);
      installation.suspendedAt = isoSeconds(world.now());
      sendInstallation(world, installation, 'suspend', installation.account);
    },
    unsuspendApp(owner) {
      const installation = installationOf(owner);
      installation.suspendedAt = null;
      sendInstallation(world, installation, 'unsuspend', installation.account);
    },
    setWebhook(url, secret) {
      firstApp.webhookUrl = url;
      firstApp.webhookSecret = secret ?? firstApp.webhookSecret;
    },

    deliveries: (filter = {}) => state.deliveries.filter((delivery) => (filter.event === undefined || delivery.event === filter.event) && (filter.action === undefined || delivery.action === filter.action)),
    redeliver: (id) => world.webhooks.redeliver(state.deliveries.find((delivery) => delivery.id === id) ?? missing(`delivery ${id}`)),
    waitForDelivery: (fits, timeoutMs = 10_000) =>
      poll(
        () => `no delivery fits; there were ${state.deliveries.map((delivery) => `${delivery.event}${delivery.action === null ? '' : `.${delivery.action}`} (${delivery.status})`).join(', ') || 'none'}`,
        timeoutMs,
        () => state.deliveries.find((delivery) => delivery.status !== 'pending' && fits(delivery)),
      ),

    checkRuns,
    waitForCheck: (repository, sha, fits, timeoutMs = 30_000) =>
      poll(
        () => `no check run of ${repository} at ${sha.slice(0, 12)} fits ${typeof fits === 'string' ? `'${fits}'` : 'the condition'}; there were ${checkRuns(repository, sha).map((run) => `${run.name}: ${run.conclusion ?? run.status}`).join(', ') || 'none'}`,
        timeoutMs,
        () => checkRuns(repository, sha).find((run) => (typeof fits === 'string' ? run.name === fits && run.status === 'completed' : fits(run))),
      ),
    requestCheckRerun: (id, by) => sendRun(world, runOf(id), 'rerequested', account(by)),
    async requestSuiteRerun(repository, sha, by) {
      for (const suite of [...state.suites.values()].filter((candidate) => candidate.repository === repositoryOf(repository) && candidate.sha === sha)) await sendSuite(world, suite, 'rerequested', account(by));
    },
    requestCheckAction(id, identifier, by) {
      const run = runOf(id);
      if (!run.actions.some((action) => action.identifier === identifier)) missing(`action ${identifier} on check run ${id}`);
      sendRun(world, run, 'requested_action', account(by), identifier);
    },
    comments: (repository, number) => state.comments.filter((comment) => comment.repository === repositoryOf(repository) && comment.issue === number).map((comment) => ({ author: comment.author.login, body: comment.body })),

    inject: (injection) => serving.troubles.inject(injection),
    injectPrimaryLimit({ match, resetInSeconds, times = 1, status = 403 }) {
      const refusal = primaryRefusal(Math.floor(world.now().getTime() / 1000) + resetInSeconds, 'core');
      serving.troubles.inject({ match, times, status, headers: refusal.headers, body: { message: refusal.message, documentation_url: refusal.documentation } });
    },
    injectSecondaryLimit({ match, retryAfterSeconds, times = 1, status = 403 }) {
      const refusal = secondaryRefusal(retryAfterSeconds);
      serving.troubles.inject({ match, times, status, headers: refusal.headers, body: { message: refusal.message, documentation_url: refusal.documentation } });
    },
    expireTokens() {
      for (const token of state.tokens.values()) if (token.kind === 'installation') token.expiresAt = new Date(0);
    },
    requests: () => [...serving.api.requests],

    faults: () => [...serving.faults],
    forgetFaults: () => serving.faults.splice(0),
    assertNoFaults() {
      if (serving.faults.length > 0) throw new Error(`the local GitHub found ${serving.faults.length} fault(s):\n${serving.faults.join('\n')}`);
    },
    settled: () => serving.settled(),
    stop: () => serving.stop(),
  };

  function missing(what: string): never {
    throw new Error(`the local GitHub has no ${what}`);
  }
}

