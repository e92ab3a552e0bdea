// Which routes are there?

import type { Meter } from '../limits.ts';
import type { AppSettings } from '../settings/pages.ts';
import { appRoutes } from './apps.ts';
import { branchRoutes } from './branches.ts';
import { checkRoutes } from './checks.ts';
import { commitRoutes } from './commits.ts';
import { contentRoutes } from './contents.ts';
import { hookRoutes } from './hooks.ts';
import { keyRoutes } from './keys.ts';
import { manifestRoutes } from './manifest.ts';
import { metaRoutes } from './meta.ts';
import { peopleRoutes } from './people.ts';
import { pullRoutes } from './pulls.ts';
import { refRoutes } from './refs.ts';
import { repositoryRoutes } from './repositories.ts';
import { statusRoutes } from './statuses.ts';
import { userRoutes } from './users.ts';
import type { Route } from './route.ts';

export const allRoutes = (parts: { meter: Meter; settings: AppSettings }): Route[] => [
  ...appRoutes,
  ...repositoryRoutes,
  ...branchRoutes,
  ...refRoutes,
  ...contentRoutes,
  ...commitRoutes,
  ...checkRoutes,
  ...statusRoutes,
  ...pullRoutes,
  ...peopleRoutes,
  ...keyRoutes,
  ...hookRoutes,
  ...userRoutes,
  ...metaRoutes(parts.meter),
  ...manifestRoutes(parts.settings),
];
