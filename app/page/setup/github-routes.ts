// Is the App installed, and do webhooks arrive? What GitHub says to that, and what can be changed there.

import type { GitHubSetup, SetUpInstallation } from '../../../activities/control/github-setup.ts';
import { url } from '../../../config-schema/setting-kinds.ts';
import type { PageApp, PageContext } from '../env.ts';
import { askerOf, sentence, show } from '../env.ts';
import { asked, remembered } from './asked.ts';
import { installView } from './install-view.ts';
import type { Setup } from './setup-routes.ts';
import { stepPath, type StepName } from './steps.ts';
import { webhookVerdict, type WebhookFacts } from './webhook-verdict.ts';
import { webhookView } from './webhook-view.ts';

export type Places = {
  installations(): Promise<SetUpInstallation[]>;
  /** Where somebody goes on who comes back. */
  firstOpen(): Promise<StepName>;
};

export function gitHubRoutes(app: PageApp, { setup, found, sights }: Setup, github: GitHubSetup): Places {
  const described = remembered(() => github.app(), 60_000);
  const installations = remembered(() => github.installations());
  const told = remembered(async () => ({ url: await github.webhookUrl(), deliveries: await github.deliveries() }));

  const isInstalled = (all: SetUpInstallation[]): boolean => all.some(({ total }) => total > 0);

  async function facts(): Promise<WebhookFacts> {
    const [{ publicUrl }, known] = await Promise.all([setup.settings(), told()]);
    return { ...known, ownUrl: publicUrl.replace(/\/+$/, '') + setup.webhookPath, lastHereAt: setup.lastWebhookAt() };
  }

  app.get(stepPath('install'), async (c) => {
    const [app, all] = await Promise.all([asked(described), asked(installations)]);
    found.set('install', 'value' in all && isInstalled(all.value));
    return show(c, installView(app, all, found));
  });

  const webhooks = async (c: PageContext, mistake: { text: string; sentence: string } | null = null): Promise<Response> => {
    const [known, { port }] = await Promise.all([asked(facts), setup.settings()]);
    found.set('webhooks', 'value' in known && webhookVerdict(known.value).standing === 'well');
    return show(c, webhookView({ facts: known, port, path: setup.webhookPath, mistake, found, viewer: c.get('viewer') }), mistake ? 422 : 200);
  };

  app.get(stepPath('webhooks'), (c) => webhooks(c));

  app.post(`${stepPath('webhooks')}/again`, async (c) => {
    told.forget();
    const answer = await asked(async () => {
      const { deliveries } = await told();
      // A ping says nothing but that it arrived.
      const again = deliveries.find(({ event }) => event === 'ping') ?? deliveries[0];
      if (again) await github.redeliver(again.id);
      return again;
    });
    told.forget();
    if ('problem' in answer) return sentence(c, 'Not sent', answer.problem, 422);
    if (!answer.value) return sentence(c, 'Nothing to send', 'GitHub has sent no webhook yet, so there is none to send again. Install the App somewhere, or push to a repository on which it is installed.', 422);
    return c.redirect(stepPath('webhooks'), 303);
  });

  app.post(`${stepPath('webhooks')}/url`, async (c) => {
    const text = c.get('form').get('url') ?? '';
    const read = url.schema.safeParse(text);
    if (!read.success || !URL.canParse(read.data) || new URL(read.data).username !== '') return webhooks(c, { text, sentence: 'This must be an address that begins with https:// or http://. Nothing was changed.' });
    const changed = await asked(async () => {
      await github.setWebhookUrl(read.data);
      await setup.note({ ...askerOf(c), action: 'webhook-address.changed', subject: 'this installation', details: { url: read.data } });
    });
    told.forget();
    return 'problem' in changed ? webhooks(c, { text, sentence: changed.problem }) : c.redirect(stepPath('webhooks'), 303);
  });

  return {
    installations,
    async firstOpen() {
      const all = await asked(installations);
      if ('problem' in all || !isInstalled(all.value)) return 'install';
      const known = await asked(facts);
      if ('problem' in known || webhookVerdict(known.value).standing !== 'well') return 'webhooks';
      return (await sights()).some(({ connected }) => connected) ? 'repository' : 'machine';
    },
  };
}
