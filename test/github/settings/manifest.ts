// How does a person make an app from a manifest?

import { randomBytes } from 'node:crypto';
import { html } from 'hono/html';
import type { World } from '../world.ts';
import type { Account, App, Permissions } from '../state.ts';
import { findAccount } from '../state.ts';
import { createApp, makeAppKeys } from '../apps.ts';
import { page, type PageAnswer } from '../page.ts';
import { choice, people, problem, redirect } from './choice.ts';

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

function readManifest(text: string | null): Manifest | null {
  try {
    const manifest = JSON.parse(text ?? '') as Manifest;
    return typeof manifest.name === 'string' && typeof manifest.url === 'string' ? manifest : null;
  } catch {
    return null;
  }
}

/** The page on which a person agrees to what the manifest asks. */
export function confirmManifest(world: World, url: URL, form: URLSearchParams, owner: Account | null): PageAnswer {
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

export async function createFromManifest(world: World, form: URLSearchParams, organization: Account | null, grant: (app: App, privateKey: string) => string): Promise<PageAnswer> {
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
  target.searchParams.set('code', grant(app, privateKey));
  const state = form.get('state');
  if (state) target.searchParams.set('state', state);
  return redirect(target);
}
