// How does an operator set up this installation in a browser, and what does anybody else see until then?

import type { PageApp, PageContext } from '../env.ts';
import { sentence, unlessOperator } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { appRoutes } from './app-routes.ts';
import { asked } from './asked.ts';
import { gitHubRoutes } from './github-routes.ts';
import { machineRoutes } from './machine-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';
import type { SetupPorts } from './setup-ports.ts';
import { stepPath, type StepName } from './steps.ts';

export type { SetupPorts } from './setup-ports.ts';

/** What the parts of the setup share: the ports, and how each step was found when somebody last looked. */
export type Setup = CommonPorts & SetupPorts & { found: Map<StepName, boolean> };

export function setupRoutes(app: PageApp, ports: CommonPorts & SetupPorts): void {
  const { github } = ports.setup;
  const setup: Setup = { ...ports, found: new Map(github ? ([['begin', true], ['app', true]] as const) : []) };

  app.get('/', (c, next) => (github ? next() : c.get('viewer').operator ? c.redirect('/-/setup') : howToGetIn(c)));

  const operatorsOnly = async (c: PageContext, next: () => Promise<void>): Promise<Response | void> => {
    const { operator, person, local } = c.get('viewer');
    if (operator) return next();
    if (!github) return howToGetIn(c);
    const signIn = person === null && !local ? ports.access.signInPath(c.req.path) : null;
    return signIn === null ? unlessOperator(c)! : c.redirect(signIn);
  };
  for (const path of ['/-/setup', '/-/setup/*', '/-/doctor']) app.use(path, operatorsOnly);

  // Somebody may have edited roundhouse.yml meanwhile.
  for (const path of ['/-/setup', '/-/setup/*']) {
    app.use(path, async (c, next) => {
      const read = await asked(() => ports.setup.settings());
      return 'value' in read ? next() : sentence(c, 'The settings cannot be used', read.problem, 422);
    });
  }

  appRoutes(app, setup);
  const needsApp = async (c: PageContext, next: () => Promise<void>): Promise<Response | void> => (github ? next() : c.redirect(stepPath('begin')));
  for (const name of ['install', 'webhooks', 'machine', 'repository', 'push'] as const) {
    app.use(stepPath(name), needsApp);
    app.use(`${stepPath(name)}/*`, needsApp);
  }
  const places = github ? gitHubRoutes(app, setup, github) : null;
  machineRoutes(app, setup);
  if (github) repositoryRoutes(app, setup, github, places!.installations);

  app.get('/-/setup', async (c) => c.redirect(stepPath(places ? await places.firstOpen() : 'begin')));
}

const howToGetIn = (c: PageContext): Promise<Response> =>
  sentence(c, 'Roundhouse is not set up yet', 'It has no GitHub App, so there is nothing to see. Do you operate it? Then run `roundhouse page` on its machine, as its user: that prints an address, good once, which lets you in here to set it up.', 403);
