// What do the addresses of the API need of the rest of the app?

import type { SliceKey } from '../../config-schema/address.ts';
import type { Continuation } from '../../config-schema/continuation.ts';
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
    /** With what the pipeline of a setup workflow goes on. Answers why not, in a sentence; null: it is kept. */
    handIn(slice: SliceKey, attempt: number, continuation: Continuation): Promise<string | null>;
  };
