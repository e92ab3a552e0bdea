// How is the first repository followed, and when does its first pipeline come?

import type { GitHubSetup, SetUpInstallation } from '../../../activities/control/github-setup.ts';
import type { PageApp, PageContext } from '../env.ts';
import { askerOf, show } from '../env.ts';
import { asked } from './asked.ts';
import { pushView } from './push-view.ts';
import { chooseView, configView } from './repository-view.ts';
import type { Setup } from './setup-routes.ts';
import { stepPath } from './steps.ts';

export function repositoryRoutes(app: PageApp, { setup, found, ask, repository: known }: Setup, github: GitHubSetup, installations: () => Promise<SetUpInstallation[]>): void {
  const choose = async (c: PageContext, mistake: { text: string; sentence: string } | null = null): Promise<Response> =>
    show(c, chooseView(await asked(installations), mistake, c.get('viewer'), found), mistake ? 422 : 200);

  app.get(stepPath('repository'), async (c) => {
    const repository = c.req.query('repository');
    if (repository === undefined) return choose(c);
    const place = placeIn(repository);
    if (!place) return choose(c, { text: repository, sentence: 'A repository is written OWNER/NAME.' });
    const { configPaths } = await setup.settings();
    const contents = await asked(() => github.contents(place.owner, place.name, configPaths));
    if ('problem' in contents) return choose(c, { text: repository, sentence: contents.problem });
    if (!contents.value) return choose(c, { text: repository, sentence: `The App is not installed on ${repository}, or there is no such repository.` });
    return show(c, configView(contents.value, configPaths[0]!, found));
  });

  app.post(stepPath('repository'), async (c) => {
    const repository = (c.get('form').get('repository') ?? '').trim();
    if (!placeIn(repository)) return choose(c, { text: repository, sentence: 'A repository is written OWNER/NAME. Nothing was changed.' });
    const followed = await asked(() => ask('repositories.follow', { repository }, askerOf(c)));
    if ('problem' in followed) return choose(c, { text: repository, sentence: followed.problem });
    found.set('repository', true);
    return c.redirect(`${stepPath('repository')}?${new URLSearchParams({ repository }).toString()}`, 303);
  });

  app.get(stepPath('push'), async (c) => {
    const repository = c.req.query('repository') ?? null;
    const place = repository === null ? null : placeIn(repository);
    const here = place && (await known(place.owner, place.name));
    const newest = here ? await setup.newestPipeline(here.id) : null;
    if (newest) found.set('push', true);
    return show(c, pushView(place ? repository : null, newest, found));
  });
}

const placeIn = (repository: string): { owner: string; name: string } | null => {
  const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(repository) ?? [];
  return owner === undefined || name === undefined ? null : { owner, name };
};
