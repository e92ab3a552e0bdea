// How does a person make an app from a manifest, install it, and sign in through it?

import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { html } from 'hono/html';
import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, App, Installation, Permissions, Repository } from './state.ts';
import { covers, findAccount } from './state.ts';
import { issueUserToken, randomText } from './tokens.ts';
import { installationShape, repositoryNameShape, userShape } from './shapes.ts';
import { page, type PageAnswer } from './page.ts';

export type Manifest = {
  name: string;
  url: string;
  description?: string;
  hook_attributes?: { url: string; active?: boolean };
  redirect_url?: string;
  callback_urls?: string[];
  setup_url?: string;
  default_permissions?: Permissions;
  default_events?: string[];
};

export type NewApp = { name: string; owner: Account; id?: number; slug?: string; description?: string; externalUrl?: string; publicKeys: string[]; webhookUrl?: string; webhookSecret?: string; clientId?: string; clientSecret?: string; permissions: Permissions; events: string[]; callbackUrls?: string[]; setupUrl?: string };

export function createApp(world: World, wanted: NewApp): App {
  const id = wanted.id ?? world.state.nextId('app');
  const slug = wanted.slug ?? wanted.name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
  const now = isoSeconds(world.now());
  const bot: Account = { id: world.state.nextId('account'), login: `${slug}[bot]`, type: 'Bot', name: null, email: null, createdAt: now, keys: [], members: new Map() };
  world.state.accounts.set(bot.id, bot);
  bot.email = `${bot.id}+${bot.login}@users.noreply.github.com`;
  const app: App = {
    id,
    slug,
    name: wanted.name,
    description: wanted.description ?? null,
    externalUrl: wanted.externalUrl ?? 'http://localhost/',
    owner: wanted.owner,
    publicKeys: wanted.publicKeys,
    clientId: wanted.clientId ?? `Iv23li${randomText(14)}`,
    clientSecret: wanted.clientSecret ?? randomBytes(20).toString('hex'),
    webhookUrl: wanted.webhookUrl ?? null,
    webhookSecret: wanted.webhookSecret ?? null,
    hookId: world.state.nextId('hook'),
    permissions: { ...wanted.permissions, metadata: 'read' },
    events: wanted.events,
    callbackUrls: wanted.callbackUrls ?? [],
    setupUrl: wanted.setupUrl ?? null,
    bot,
    createdAt: now,
  };
  world.state.apps.set(id, app);
  return app;
}

/** A second time for the same account changes what the app may reach, as the settings page does. */
export function install(world: World, app: App, account: Account, repositories: readonly Repository[] | 'all', sender: Account): Installation {
  const known = [...world.state.installations.values()].find((installation) => installation.app === app && installation.account === account);
  const ids = new Set(repositories === 'all' ? [] : repositories.map((repository) => repository.id));
  const selection = repositories === 'all' ? ('all' as const) : ('selected' as const);
  const covered = (installation: Installation): Repository[] => [...world.state.repositories.values()].filter((repository) => covers(installation, repository));
  if (known !== undefined) {
    const before = covered(known);
    Object.assign(known, { selection, repositoryIds: ids });
    const after = covered(known);
    const [added, removed] = [after.filter((repository) => !before.includes(repository)), before.filter((repository) => !after.includes(repository))];
    for (const [action, changed] of [['added', added], ['removed', removed]] as const) {
      if (changed.length > 0) sendSelection(world, known, action, action === 'added' ? changed : [], action === 'removed' ? changed : [], sender);
    }
    return known;
  }
  const installation: Installation = { id: world.state.nextId('installation'), app, account, selection, repositoryIds: ids, permissions: { ...app.permissions }, createdAt: isoSeconds(world.now()), suspendedAt: null };
  world.state.installations.set(installation.id, installation);
  sendInstallation(world, installation, 'created', sender);
  return installation;
}

export function sendInstallation(world: World, installation: Installation, action: 'created' | 'deleted' | 'suspend' | 'unsuspend', sender: Account): void {
  const repositories = [...world.state.repositories.values()].filter((repository) => covers(installation, repository)).map(repositoryNameShape);
  const shape = installationShape(world, installation);
  const suspension = action === 'suspend' ? { suspended_by: userShape(world, sender), suspended_at: installation.suspendedAt } : {};
  const payload = { action, installation: { ...shape, ...suspension }, repositories, sender: userShape(world, sender) };
  world.webhooks.send(installation.app, 'installation', payload, { installation, repository: null });
}

export function sendSelection(world: World, installation: Installation, action: 'added' | 'removed', added: readonly Repository[], removed: readonly Repository[], sender: Account): void {
  const payload = {
    action,
    installation: installationShape(world, installation),
    repository_selection: installation.selection,
    repositories_added: added.map(repositoryNameShape),
    repositories_removed: removed.map(repositoryNameShape),
    requester: null,
    sender: userShape(world, sender),
  };
  world.webhooks.send(installation.app, 'installation_repositories', payload, { installation, repository: null });
}

export type AppKeys = { privateKey: string; publicKey: string };

/** As GitHub hands keys out: RSA, the private one as PKCS#1. */
export async function makeAppKeys(): Promise<AppKeys> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
}

type Grant = { kind: 'manifest'; app: App; privateKey: string } | { kind: 'sign-in'; app: App; account: Account };

export type AppSettings = {
  /** The pages below /settings/apps, /organizations/O/settings/apps, /apps and /login/oauth; null where the path is none of them. */
  answer(world: World, method: string, url: URL, form: URLSearchParams, headers: { accept?: string | undefined }): Promise<PageAnswer | null>;
  /** What a code of the manifest flow stands for; each code once. */
  convert(code: string): { app: App; privateKey: string } | null;
};

export function appSettings(): AppSettings {
  const grants = new Map<string, Grant>();
  const grant = (what: Grant): string => {
    const code = randomBytes(20).toString('hex');
    grants.set(code, what);
    return code;
  };
  const redeem = <K extends Grant['kind']>(kind: K, code: string): Extract<Grant, { kind: K }> | null => {
    const found = grants.get(code);
    if (found?.kind !== kind) return null;
    grants.delete(code);
    return found as Extract<Grant, { kind: K }>;
  };

  return {
    convert: (code) => redeem('manifest', code),
    async answer(world, method, url, form, headers) {
      const creating = /^(?:\/organizations\/([^/]+))?\/settings\/apps\/(new|create)$/.exec(url.pathname);
      if (creating !== null) {
        const owner = creating[1] === undefined ? null : (findAccount(world.state, creating[1]) ?? null);
        if (method === 'GET') return page(200, 'New GitHub App', html`<p>POST a <code>manifest</code> here, as GitHub's manifest flow describes.</p>`);
        return creating[2] === 'new' ? confirmManifest(world, url, form, owner) : createFromManifest(world, form, owner, grant);
      }
      const installing = /^\/apps\/([^/]+)\/installations\/new$/.exec(url.pathname);
      const app = installing === null ? undefined : [...world.state.apps.values()].find((candidate) => candidate.slug === installing[1]);
      if (app !== undefined) return method === 'POST' ? installFromForm(world, app, form, url) : chooseAccount(world, app);
      if (url.pathname === '/login/oauth/authorize') return authorize(world, method, url, form, grant);
      if (url.pathname === '/login/oauth/access_token' && method === 'POST') return exchange(world, url, form, headers.accept, (code) => redeem('sign-in', code));
      return null;
    },
  };
}

const problem = (sentence: string): PageAnswer => page(422, 'Not possible', html`<p>${sentence}</p>`);

function readManifest(text: string | null): Manifest | null {
  try {
    const manifest = JSON.parse(text ?? '') as Manifest;
    return typeof manifest.name === 'string' && typeof manifest.url === 'string' ? manifest : null;
  } catch {
    return null;
  }
}

const people = (world: World, types: Account['type'][]): Account[] => [...world.state.accounts.values()].filter((account) => types.includes(account.type));

const choice = (name: string, accounts: readonly Account[]) => html`<select name="${name}">${accounts.map((account) => html`<option>${account.login}</option>`)}</select>`;

/** The page on which a person agrees to what the manifest asks. */
function confirmManifest(world: World, url: URL, form: URLSearchParams, owner: Account | null): PageAnswer {
  const manifest = readManifest(form.get('manifest'));
  if (manifest === null) return problem('The manifest must be JSON with at least a name and a url.');
  const body = html`
    <p>Create <strong>${manifest.name}</strong>, which asks for:</p>
    <ul>${Object.entries(manifest.default_permissions ?? {}).map(([name, access]) => html`<li>${name}: ${access}</li>`)}</ul>
    <p>Events: ${(manifest.default_events ?? []).join(', ') || 'none'}. Webhooks go to ${manifest.hook_attributes?.url ?? 'nowhere'}.</p>
    <form method="post" action="${url.pathname.replace(/new$/, 'create')}">
      <input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
      <input type="hidden" name="state" value="${url.searchParams.get('state') ?? ''}">
      <label>Name <input name="name" value="${manifest.name}"></label>
      ${owner === null ? html`<label>as ${choice('login', people(world, ['User']))}</label>` : ''}
      <button>Create GitHub App</button>
    </form>`;
  return page(200, 'Create GitHub App', body);
}

async function createFromManifest(world: World, form: URLSearchParams, organization: Account | null, grant: (what: Grant) => string): Promise<PageAnswer> {
  const manifest = readManifest(form.get('manifest'));
  const owner = organization ?? findAccount(world.state, form.get('login') ?? '') ?? people(world, ['User'])[0];
  if (manifest === null || owner === undefined) return problem(manifest === null ? 'The manifest must be JSON with at least a name and a url.' : 'There is nobody to own the app.');
  if (manifest.redirect_url === undefined) return problem('The manifest must have a redirect_url.');
  const name = form.get('name') ?? manifest.name;
  if ([...world.state.apps.values()].some((app) => app.name.toLowerCase() === name.toLowerCase())) return problem(`Name ${name} is already in use.`);
  const { privateKey, publicKey } = await makeAppKeys();
  const app = createApp(world, {
    name,
    owner,
    externalUrl: manifest.url,
    publicKeys: [publicKey],
    webhookSecret: randomBytes(20).toString('hex'),
    permissions: manifest.default_permissions ?? {},
    events: manifest.default_events ?? [],
    ...(manifest.description === undefined ? {} : { description: manifest.description }),
    ...(manifest.hook_attributes === undefined || manifest.hook_attributes.active === false ? {} : { webhookUrl: manifest.hook_attributes.url }),
    ...(manifest.callback_urls === undefined ? {} : { callbackUrls: manifest.callback_urls }),
    ...(manifest.setup_url === undefined ? {} : { setupUrl: manifest.setup_url }),
  });
  const target = new URL(manifest.redirect_url);
  target.searchParams.set('code', grant({ kind: 'manifest', app, privateKey }));
  const state = form.get('state');
  if (state) target.searchParams.set('state', state);
  return redirect(target);
}

const redirect = (target: URL): PageAnswer => ({ status: 302, headers: { Location: target.href }, body: '' });

function chooseAccount(world: World, app: App): PageAnswer {
  return page(200, `Install ${app.name}`, html`
    <form method="post"><label>on ${choice('login', people(world, ['User', 'Organization']))}</label>
    <p>on all its repositories, or on these (one name a line): <textarea name="repositories"></textarea></p><button>Install</button></form>`);
}

function installFromForm(world: World, app: App, form: URLSearchParams, url: URL): PageAnswer {
  const account = findAccount(world.state, form.get('login') ?? '');
  if (account === undefined) return problem('There is no such account.');
  const names = (form.get('repositories') ?? '').split(/\s+/).filter(Boolean);
  const chosen = [...world.state.repositories.values()].filter((repository) => repository.owner === account && names.includes(repository.name));
  const installation = install(world, app, account, names.length === 0 ? 'all' : chosen, account.type === 'User' ? account : app.owner);
  if (app.setupUrl === null) return page(200, 'Installed', html`<p>${app.name} is installed on ${account.login}.</p>`);
  const target = new URL(app.setupUrl);
  target.searchParams.set('installation_id', String(installation.id));
  target.searchParams.set('setup_action', 'install');
  const state = url.searchParams.get('state');
  if (state !== null) target.searchParams.set('state', state);
  return redirect(target);
}

/** GitHub's web application flow, with a choice of who signs in where GitHub would know by its cookie. */
function authorize(world: World, method: string, url: URL, form: URLSearchParams, grant: (what: Grant) => string): PageAnswer {
  const asked = (name: string): string | null => url.searchParams.get(name);
  const app = [...world.state.apps.values()].find((candidate) => candidate.clientId === asked('client_id'));
  if (app === undefined) return page(404, 'Not found', html`<p>No app has this client id.</p>`);
  const callback = asked('redirect_uri') ?? app.callbackUrls[0] ?? null;
  // A redirect_uri must lie below one that the app has registered.
  const allowed = callback !== null && app.callbackUrls.some((known) => {
    const [given, base] = [new URL(callback), new URL(known)];
    return given.origin === base.origin && given.pathname.startsWith(base.pathname);
  });
  if (callback === null || !allowed) return problem('The redirect_uri is not associated with this application.');
  if (method !== 'POST') {
    const login = asked('login');
    const users = people(world, ['User']).sort((a, b) => Number(b.login === login) - Number(a.login === login));
    return page(200, `Authorize ${app.name}`, html`<form method="post"><label>as ${choice('login', users)}</label> <button>Authorize ${app.name}</button></form>`);
  }
  const account = findAccount(world.state, form.get('login') ?? '');
  if (account?.type !== 'User') return problem('There is no such user.');
  const target = new URL(callback);
  target.searchParams.set('code', grant({ kind: 'sign-in', app, account }));
  const state = asked('state');
  if (state !== null) target.searchParams.set('state', state);
  return redirect(target);
}

function exchange(world: World, url: URL, form: URLSearchParams, accept: string | undefined, redeem: (code: string) => { app: App; account: Account } | null): PageAnswer {
  const given = (name: string): string => form.get(name) ?? url.searchParams.get(name) ?? '';
  const app = [...world.state.apps.values()].find((candidate) => candidate.clientId === given('client_id') && candidate.clientSecret === given('client_secret'));
  const granted = app === undefined ? null : redeem(given('code'));
  const body: Record<string, string> =
    app === undefined ? { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret passed are incorrect.' }
    : granted === null || granted.app !== app ? { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }
    : { access_token: issueUserToken(world, granted.account, app), token_type: 'bearer', scope: '' };
  return accept?.includes('json')
    ? { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) }
    : { status: 200, headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, body: new URLSearchParams(body).toString() };
}
