// How does a person sign in through an app?

import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import type { World } from '../world.ts';
import type { Account, App } from '../state.ts';
import { findAccount } from '../state.ts';
import { issueUserToken } from '../tokens.ts';
import { page, type PageAnswer } from '../page.ts';
import { choice, people, problem, redirect } from './choice.ts';

/** What a code is bound to, besides the app and the person. */
export type Bound = { redirectUri: string; challenge: string | null };

/** GitHub's web application flow, with a choice of who signs in where GitHub would know by its cookie. */
export function authorize(world: World, method: string, url: URL, form: URLSearchParams, grant: (app: App, account: Account, bound: Bound) => string): PageAnswer {
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
  const challenge = asked('code_challenge');
  // "Only the S256 code challenge method is accepted."
  if (challenge !== null && asked('code_challenge_method') !== 'S256') return problem('The code_challenge_method must be S256.');
  if (method !== 'POST') {
    const login = asked('login');
    const users = people(world, ['User']).sort((a, b) => Number(b.login === login) - Number(a.login === login));
    return page(200, `Authorize ${app.name}`, html`<form method="post"><label>as ${choice('login', users)}</label> <button>Authorize ${app.name}</button></form>`);
  }
  const account = findAccount(world.state, form.get('login') ?? '');
  if (account?.type !== 'User') return problem('There is no such user.');
  const target = new URL(callback);
  target.searchParams.set('code', grant(app, account, { redirectUri: callback, challenge }));
  const state = asked('state');
  if (state !== null) target.searchParams.set('state', state);
  return redirect(target);
}

export function exchange(world: World, url: URL, form: URLSearchParams, accept: string | undefined, redeem: (code: string) => { app: App; account: Account; bound: Bound } | null): PageAnswer {
  const given = (name: string): string => form.get(name) ?? url.searchParams.get(name) ?? '';
  const app = [...world.state.apps.values()].find((candidate) => candidate.clientId === given('client_id') && candidate.clientSecret === given('client_secret'));
  const granted = app === undefined ? null : redeem(given('code'));
  const isProven = (challenge: string | null): boolean => challenge === null || createHash('sha256').update(given('code_verifier')).digest('base64url') === challenge;
  const body: Record<string, string> =
    app === undefined ? { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret passed are incorrect.' }
    : granted === null || granted.app !== app || !isProven(granted.bound.challenge) ? { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }
    : given('redirect_uri') !== '' && given('redirect_uri') !== granted.bound.redirectUri ? { error: 'redirect_uri_mismatch', error_description: 'The redirect_uri MUST match the registered callback URL for this application.' }
    : { access_token: issueUserToken(world, granted.account, app), token_type: 'bearer', scope: '' };
  return accept?.includes('json')
    ? { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) }
    : { status: 200, headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, body: new URLSearchParams(body).toString() };
}
