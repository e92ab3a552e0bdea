// What do the addresses of the API need of the rest of the app?

import type { Lists } from '../history/lists.ts';
import type { Access } from '../page/access/access.ts';
import type { ActionPorts } from '../page/pipelines/pipeline-actions.ts';
import type { CommonPorts } from '../page/ports.ts';
import type { StartPipeline } from '../trigger.ts';
import type { Around } from './answers.ts';
import type { Finder } from './find.ts';

export type RoutePorts = Around &
  ActionPorts &
  Pick<CommonPorts, 'ask' | 'store'> & {
    find: Finder;
    access: Access;
    lists: Lists;
    trigger: StartPipeline;
  };
