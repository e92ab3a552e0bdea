// How does an app come to be, and where is it installed?

import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { World } from './world.ts';
import { isoSeconds } from './world.ts';
import type { Account, App, Installation, Permissions, Repository } from './state.ts';
import { covers } from './state.ts';
import { randomText } from './tokens.ts';
import { installationShape, repositoryNameShape, userShape } from './shapes.ts';

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
