// How does a person install an app?

import { html } from 'hono/html';
import type { World } from '../world.ts';
import type { App } from '../state.ts';
import { findAccount } from '../state.ts';
import { install } from '../apps.ts';
import { page, type PageAnswer } from '../page.ts';
import { choice, people, problem, redirect } from './choice.ts';

export function chooseAccount(world: World, app: App): PageAnswer {
  return page(200, `Install ${app.name}`, html`
    <form method="post"><label>on ${choice('login', people(world, ['User', 'Organization']))}</label>
    <p>on all its repositories, or on these (one name a line): <textarea name="repositories"></textarea></p><button>Install</button></form>`);
}

export function installFromForm(world: World, app: App, form: URLSearchParams, url: URL): PageAnswer {
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
