// What happens when somebody presses a button of a check on its page?

import { html } from 'hono/html';
import type { World } from './world.ts';
import type { CheckRun } from './state.ts';
import { findAccount, findRepository, fullName } from './state.ts';
import { sendRun } from './checks.ts';
import { choice, people, problem, redirect } from './settings/choice.ts';
import type { PageAnswer } from './page.ts';

/** GitHub shows an app's buttons when the check has completed. With a choice of who presses it where GitHub would know by its cookie. */
export function buttonsOf(world: World, run: CheckRun) {
  if (run.status !== 'completed' || run.actions.length === 0) return '';
  return html`<form method="post" action="${pageOf(run)}"><label>as ${choice('login', people(world, ['User']))}</label> ${run.actions.map(({ label, description, identifier }) => html`<button name="action" value="${identifier}" title="${description}">${label}</button> `)}</form>`;
}

export function pressButton(world: World, url: URL, form: URLSearchParams): PageAnswer | null {
  const [owner = '', name = '', kind, id] = url.pathname.split('/').filter(Boolean);
  const run = world.state.runs.get(Number(id));
  if (kind !== 'runs' || run === undefined || run.suite.repository !== findRepository(world.state, owner, name)) return null;
  const person = findAccount(world.state, form.get('login') ?? '');
  if (person?.type !== 'User') return problem('There is no such user.');
  const action = run.actions.find(({ identifier }) => identifier === form.get('action'));
  if (action === undefined) return problem('The check does not have this button.');
  sendRun(world, run, 'requested_action', person, action.identifier);
  return redirect(new URL(pageOf(run), world.html));
}

const pageOf = (run: CheckRun): string => `/${fullName(run.suite.repository)}/runs/${run.id}`;
