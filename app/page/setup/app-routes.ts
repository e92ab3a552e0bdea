// How does the page bring a person to GitHub and back, with an App?

import { randomBytes } from 'node:crypto';
import { gitHubUrl, manifestFormUrl, register } from '../../setup/register.ts';
import { manifestOf, wishesOf } from '../../setup/manifest.ts';
import { storeSettings, storedAppId } from '../../setup/store.ts';
import { placeOf } from '../access/host.ts';
import type { PageApp, PageContext } from '../env.ts';
import { policyWith } from '../policy.ts';
import { askerOf, show } from '../env.ts';
import { appView, failedView, manifestView, storedView, waitingView } from './app-view.ts';
import { asked } from './asked.ts';
import { beginView, type BeginShown } from './begin-view.ts';
import { changesOf, firstPlan, judgePlan, planFields, textsOf, type Plan, type PlanTexts } from './plan.ts';
import type { Setup } from './setup-routes.ts';
import { stepPath } from './steps.ts';

/** GitHub's codes are good for an hour. */
const goodForMs = 3_600_000;
const mostWays = 20;
const waitForBrowserMs = 15_000;
const restartPath = '/-/setup/restart';

/** One way to GitHub: who went, with what, and until when they may come back. */
type Way = { who: string; plan: Plan; until: number };

export function appRoutes(app: PageApp, { setup, found, log }: Setup): void {
  const { github, fixed } = setup;
  const hasApp = github !== null;
  // They live in this process alone: it begins anew as soon as there is an App.
  let plan: Plan | null = null;
  const ways = new Map<string, Way>();
  /** There are credentials with which to start anew. */
  let isReady = false;
  let isRestarting = false;

  const begin = async (c: PageContext, more: Partial<Pick<BeginShown, 'texts' | 'mistakes'>> = {}): Promise<Response> => {
    const settings = await setup.settings();
    const shown = beginView({ texts: textsOf(plan ?? firstPlan(settings, setup.name)), mistakes: {}, fixed, wishes: wishesOf(setup.appYml), data: settings.data, hasApp, found, viewer: c.get('viewer'), ...more });
    return show(c, shown, more.mistakes ? 422 : 200);
  };

  app.get(stepPath('begin'), (c) => begin(c));

  app.post(stepPath('begin'), async (c) => {
    if (hasApp) return c.redirect(stepPath('begin'), 303);
    const form = c.get('form');
    const texts = Object.fromEntries(planFields.map((name) => [name, form.get(name) ?? ''])) as PlanTexts;
    const settings = await setup.settings();
    const judged = judgePlan(texts, settings, fixed);
    if ('mistakes' in judged) return begin(c, { texts, mistakes: judged.mistakes });
    const changes = changesOf(judged.plan, settings, fixed);
    // Also without a change: a folder that cannot be written to is told of before GitHub makes an App.
    const stored = await asked(() => storeSettings(settings.data, changes));
    if ('problem' in stored) return begin(c, { texts, mistakes: { publicUrl: `Nothing can be stored in the data folder ${settings.data}: ${stored.problem}. Let the user of the app write there.` } });
    if (Object.keys(changes).length > 0) await setup.note({ ...askerOf(c), action: 'setup.settings-stored', subject: 'this installation', details: changes });
    plan = judged.plan;
    found.set('begin', true);
    return c.redirect(stepPath('app'), 303);
  });

  app.get(stepPath('app'), async (c) => {
    if (github) {
      const answer = await asked(() => github.app());
      found.set('app', 'value' in answer);
      return show(c, appView(answer, found));
    }
    const settings = await setup.settings();
    const stored = await storedAppId(settings.data);
    if (stored !== null) return show(c, storedView(stored, c.get('viewer'), found));
    if (plan === null) return c.redirect(stepPath('begin'));
    const state = rememberWay({ who: c.get('viewer').who, plan, until: Date.now() + goodForMs });
    const { name, organization, publicUrl, webhookUrl } = plan;
    const action = `${manifestFormUrl(plan, organization)}?state=${state}`;
    const manifest = manifestOf(setup.appYml, { publicUrl, webhookPath: setup.webhookPath, name, redirectUrl: `${originOf(c, settings.publicUrl)}/-/setup/created`, ...(webhookUrl !== null && { webhookUrl }) });
    const response = await show(c, manifestView({ action, manifest, gitHub: gitHubUrl(plan), name, owner: organization === null ? 'your own account' : organization }, found));
    // A company's sign-in, to which GitHub may lead, lies anywhere.
    response.headers.set('content-security-policy', policyWith(` https: ${new URL(action).origin}`));
    return response;
  });

  app.get('/-/setup/created', async (c) => {
    // Somebody looks again at where GitHub led back to.
    if (hasApp) return c.redirect(stepPath('install'));
    if (isReady) return c.redirect(restartPath);
    const { state = '', code = '' } = c.req.query();
    const way = ways.get(state);
    const fail = (text: string, status: 403 | 422): Promise<Response> => show(c, failedView(text, found), status);
    if (!way || way.until < Date.now() || way.who !== c.get('viewer').who) return fail('GitHub was not sent here by this setup, or not within the last hour, or this has been used before. Nothing was stored. If GitHub has just made an App, delete it there and begin again.', 403);
    if (!/^[\w-]{1,200}$/.test(code)) return fail('GitHub sent no code with which the App could be had. Nothing was stored.', 422);
    // A code is good once, whatever becomes of it.
    ways.delete(state);
    const { data } = await setup.settings();
    const there = await storedAppId(data);
    if (there !== null) return fail(`GitHub App ${there} was set up in the meantime. Nothing was stored; delete the second App on GitHub.`, 422);
    const { gheHost, gheProtocol } = way.plan;
    const registered = await asked(() => register({ data, gheHost, gheProtocol }, code));
    if ('problem' in registered) return fail(registered.problem, 422);
    const { appId, name, url } = registered.value;
    await setup.note({ ...askerOf(c), action: 'github-app.set-up', subject: `GitHub App ${appId}`, details: { name, url } }).catch((error: unknown) => log.warn({ error }, 'the new GitHub App is not in the audit log'));
    return startAnew(c, `GitHub has made the App ${name}, and its key is stored.`);
  });

  app.post(restartPath, (c) => (hasApp ? c.redirect(stepPath('install'), 303) : startAnew(c, 'The App is stored.')));

  // The waiting page asks for it when it has all it needs of us, or when it looks again by itself.
  app.get(restartPath, (c) => {
    if (!isReady) return c.redirect(stepPath(hasApp ? 'install' : 'app'));
    c.env.outgoing.once('close', restartOnce);
    return show(c, waitingView('The App is stored.', found));
  });

  /** Not before the browser has the page with its script and styles; and if it never comes, by ourselves. */
  function startAnew(c: PageContext, text: string): Promise<Response> {
    isReady = true;
    setTimeout(restartOnce, waitForBrowserMs).unref();
    return show(c, waitingView(text, found));
  }

  function restartOnce(): void {
    if (isRestarting) return;
    isRestarting = true;
    setup.restart();
  }

  function rememberWay(way: Way): string {
    for (const [state, { until }] of ways) if (until < Date.now() || ways.size >= mostWays) ways.delete(state);
    const state = randomBytes(24).toString('base64url');
    ways.set(state, way);
    return state;
  }
}

/** As the browser calls us, so that GitHub leads it back to where its session is. */
const originOf = (c: PageContext, publicUrl: string): string =>
  placeOf(c.env.incoming, publicUrl) === 'public' ? new URL(publicUrl).origin : `http://${c.env.incoming.headers.host ?? ''}`;
