// What do the forms share?

import { html } from 'hono/html';
import type { World } from '../world.ts';
import type { Account } from '../state.ts';
import { page, type PageAnswer } from '../page.ts';

export const problem = (sentence: string): PageAnswer => page(422, 'Not possible', html`<p>${sentence}</p>`);

export const people = (world: World, types: Account['type'][]): Account[] => [...world.state.accounts.values()].filter((account) => types.includes(account.type));

export const choice = (name: string, accounts: readonly Account[]) => html`<select name="${name}">${accounts.map((account) => html`<option>${account.login}</option>`)}</select>`;

export const redirect = (target: URL): PageAnswer => ({ status: 302, headers: { Location: target.href }, body: '' });
