// How does somebody sign in to the page, and out again?

import { loginCallbackPath } from '../../setup/manifest.ts';
import { addressOf, askerOf, nothing, sentence, show } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { accountRoutes } from './account-routes.ts';
import type { Person } from './access.ts';
import type { Door } from './door.ts';
import { localPath } from './entrance.ts';
import { readCookie, setCookie } from './host.ts';
import { sessionOf } from './own-session.ts';
import { stateSeconds } from './sign-in-state.ts';
import { enterView, notSignedInView, signInView } from './sign-in-view.ts';

/** Undefined only where a test has no use for it. */
export type SignInPorts = { door?: Door };

export function signInRoutes(app: PageApp, ports: CommonPorts & SignInPorts): void {
  const { door } = ports;
  if (!door) return;
  const { sessions, tickets, audit, publicUrl, signIn } = door;
  const redirectUri = `${publicUrl}${loginCallbackPath}`;

  app.get('/-/sign-in', (c) => {
    const to = localPath(c.req.query('to'));
    const { person, operator, local } = c.get('viewer');
    if (person !== null || operator || (local && !signIn)) return c.redirect(to);
    return show(c, signInView({ canSignIn: signIn !== null, to }));
  });

  app.get('/-/sign-in/github', (c) => {
    if (!signIn) return nothing(c, 'page');
    const { cookie, state, challenge } = signIn.states.begin(localPath(c.req.query('to')));
    c.header('set-cookie', setCookie(c.env.incoming, publicUrl, 'sign_in', cookie, stateSeconds), { append: true });
    return c.redirect(signIn.address({ state, challenge, redirectUri }));
  });

  app.get(loginCallbackPath, async (c) => {
    if (!signIn) return nothing(c, 'page');
    const begun = signIn.states.finish(readCookie(c.env.incoming, publicUrl, 'sign_in'), c.req.query('state'));
    c.header('set-cookie', setCookie(c.env.incoming, publicUrl, 'sign_in', '', 0), { append: true });
    if (!begun) return show(c, notSignedInView('This sign-in was not begun in this browser, or it took longer than ten minutes.', '/'), 400);
    const code = c.req.query('code');
    if (code === undefined) return show(c, notSignedInView(c.req.query('error') === 'access_denied' ? 'You did not allow GitHub to say who you are.' : `GitHub sent you back without saying who you are: ${c.req.query('error_description') ?? 'it gave no reason'}.`, begun.to), 400);
    const person = await signIn.personOf({ code, verifier: begun.verifier, redirectUri }).catch((error: unknown) => {
      ports.log.warn({ error }, 'a sign-in failed at GitHub');
      return 'away' as const;
    });
    if (person === 'away') return show(c, notSignedInView('GitHub did not say who you are. Try again in a minute; if it stays so, the log of Roundhouse has the reason.', begun.to), 503);
    if (person === null) return show(c, notSignedInView('GitHub did not take its own code: it was used before, or is too old.', begun.to), 400);
    await audit.append({ who: `github:${person.id} ${person.login}`, from: askerOf(c).from, action: 'page.signed-in', subject: 'the page', personId: person.id });
    await begin(c, person, await signIn.isOperator(person));
    return c.redirect(begun.to);
  });

  // Looking at it does not use it up: programs that show what lies behind a link look too.
  app.get('/-/enter/:ticket', (c) => (tickets.isGood(c.req.param('ticket')) ? show(c, enterView(c.req.path)) : usedUp(c)));

  app.post('/-/enter/:ticket', async (c) => {
    if (!tickets.use(c.req.param('ticket'))) return usedUp(c);
    await audit.append({ who: 'operator at this machine', from: askerOf(c).from, action: 'page.entered', subject: 'the page' });
    await begin(c, null, true);
    return c.redirect('/', 303);
  });

  app.post('/-/sign-out', async (c) => {
    const session = await sessionOf(door, c);
    if (session) await sessions.end(session.key);
    await audit.append({ ...askerOf(c), action: 'page.signed-out', subject: 'the page', ...(session?.person && { personId: session.person.id }) });
    c.header('set-cookie', setCookie(c.env.incoming, publicUrl, 'session', '', 0), { append: true });
    return c.redirect(signIn ? '/-/sign-in' : '/', 303);
  });

  accountRoutes(app, ports, door);

  const usedUp = (c: PageContext): Promise<Response> => sentence(c, 'Not any more', 'This address was used already, or its time is over. `roundhouse page` on the machine of Roundhouse prints another.', 404);

  /** With a secret of its own: one that the browser had before may be known to whoever put it there. */
  async function begin(c: PageContext, person: Person | null, operator: boolean): Promise<void> {
    const before = await sessionOf(door!, c);
    if (before) await sessions.end(before.key);
    const { secret, seconds } = await sessions.start({ person, operator, from: addressOf(c), browser: c.req.header('user-agent') ?? '' });
    c.header('set-cookie', setCookie(c.env.incoming, publicUrl, 'session', secret, seconds), { append: true });
  }
}
