// What can somebody do about their own sessions and tokens?

import { Refused } from '../../control/operation.ts';
import { askerOf, sentence, show } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import type { KnownRepository, Person } from './access.ts';
import { accountView, type Asked } from './account-view.ts';
import type { Door } from './door.ts';
import { setCookie } from './host.ts';
import { sessionOf } from './own-session.ts';
import { idOf, tokenKinds, type TokenKind } from './tokens.ts';

const longestDays = 366;
const mostTokens = 100;

export function accountRoutes(app: PageApp, ports: CommonPorts, door: Door): void {
  const { sessions, tokens, audit, publicUrl } = door;

  app.get('/-/account', async (c) => answer(c));

  app.post('/-/account/sessions/revoke', async (c) => {
    const person = personOf(c);
    const ended = await sessions.endAll((session) => isOf(session, person) && session.key === c.get('form').get('session'));
    if (ended > 0) await note(c, 'session.revoked', { sessions: ended });
    return c.redirect('/-/account', 303);
  });

  app.post('/-/account/sign-out-everywhere', async (c) => {
    const person = personOf(c);
    const ended = await sessions.endAll((session) => isOf(session, person));
    await note(c, 'session.revoked', { sessions: ended });
    c.header('set-cookie', setCookie(c.env.incoming, publicUrl, 'session', '', 0), { append: true });
    return c.redirect('/-/sign-in', 303);
  });

  app.post('/-/account/tokens', async (c) => {
    const person = personOf(c);
    if (!person) return notAPerson(c);
    const form = c.get('form');
    const given: Asked = { name: (form.get('name') ?? '').trim(), repository: (form.get('repository') ?? '').trim(), days: (form.get('days') ?? '').trim(), kind: form.get('kind') ?? '' };
    try {
      const asked = await judge(c, given);
      if ((await tokens.list()).filter((token) => token.person.id === person.id).length >= mostTokens) throw new Refused(`You have ${mostTokens} tokens already. Revoke those that nothing uses.`);
      const secret = await tokens.make({ person, ...asked });
      await note(c, 'token.made', { name: asked.name, kind: asked.kind, repository: given.repository || 'all', days: asked.days });
      return await answer(c, { secret, kind: asked.kind });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return answer(c, { problem: error.message, asked: given });
    }
  });

  app.post('/-/account/tokens/revoke', async (c) => {
    const person = personOf(c);
    const token = (await tokens.list()).find((one) => person !== null && one.person.id === person.id && idOf(one) === c.get('form').get('token'));
    if (token) {
      await tokens.end(token.key);
      await note(c, 'token.revoked', { name: token.name });
    }
    return c.redirect('/-/account', 303);
  });

  async function answer(c: PageContext, about: { secret: string; kind: TokenKind } | { problem: string; asked: Asked } | null = null): Promise<Response> {
    const viewer = c.get('viewer');
    if (viewer.byToken) return sentence(c, 'Not allowed', 'A token does not show whose it is. Sign in with a browser.', 403);
    const here = await sessionOf(door, c);
    if (!here) return c.redirect(ports.access.signInPath('/-/account') ?? '/-/sign-in');
    const { person } = here;
    const [allSessions, allTokens] = await Promise.all([sessions.list(), tokens.list()]);
    const shown = { viewer, here: here.key, sessions: allSessions.filter((session) => isOf(session, person)), tokens: allTokens.filter((token) => token.person.id === person?.id), about };
    return show(c, accountView(shown), about !== null && 'problem' in about ? 422 : 200);
  }

  /** Throws Refused with a sentence. */
  async function judge(c: PageContext, { name, repository, days, kind }: Asked): Promise<{ name: string; kind: TokenKind; repository: KnownRepository | null; days: number }> {
    if (!/^[^\p{C}]{1,100}$/u.test(name)) throw new Refused('Name: the token needs one, of at most 100 letters, so that you know later what uses it.');
    if (!tokenKinds.includes(kind as TokenKind)) throw new Refused('For: choose what the token is for.');
    if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > longestDays) throw new Refused(`Days: must be a whole number from 1 to ${longestDays}.`);
    if ((kind === 'badge' || kind === 'trigger') && repository === '') throw new Refused(`Repository: a token for ${kind === 'badge' ? 'badges' : 'starting pipelines'} stands in an address that others see, so it is for one repository. Write OWNER/NAME.`);
    return { name, kind: kind as TokenKind, days: Number(days), repository: repository === '' ? null : await readable(c, repository) };
  }

  async function readable(c: PageContext, repository: string): Promise<KnownRepository> {
    const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? [];
    const found = owner === undefined ? null : await ports.repository(owner, name!);
    if (!found || (await ports.access.permission(c.get('viewer'), found)) === 'none') throw new Refused(`Repository: there is no ${repository.slice(0, 200)} that you may see. Write OWNER/NAME, or nothing for all that you may read.`);
    return { id: found.id, owner: found.owner, name: found.name };
  }

  function note(c: PageContext, action: string, details: Record<string, unknown>): Promise<void> {
    const { person } = c.get('viewer');
    return audit.append({ ...askerOf(c), action, subject: 'the page', details, ...(person && { personId: person.id }) });
  }
}

const personOf = (c: PageContext): Person | null => c.get('viewer').person;

/** Those who came by a one-time address are all the same one. */
const isOf = (session: { person: Person | null }, person: Person | null): boolean => session.person?.id === person?.id;

const notAPerson = (c: PageContext): Promise<Response> => sentence(c, 'Not allowed', 'A token is a person’s, and may no more than that person may on GitHub. Sign in with GitHub to make one.', 403);
