// How does a slice look before anything of it has begun?

import type { SliceView } from './view.ts';

/** Of a job of a plan that came before every job was given one. */
export const classOf = ({ resourceClass }: { resourceClass: string | null }): string => resourceClass ?? 'medium';

export const waitingSlice = (index: number, attempt: number, resourceClass: string): SliceView => ({ index, attempt, state: 'waiting', outcome: null, notes: [], builder: null, resourceClass, startedAt: null, endedAt: null, steps: [] });
