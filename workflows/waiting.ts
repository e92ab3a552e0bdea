// How does a slice look before anything of it has begun?

import type { SliceView } from '../config-schema/view.ts';

export const waitingSlice = (index: number, attempt: number): SliceView => ({ index, attempt, state: 'waiting', outcome: null, notes: [], builder: null, startedAt: null, endedAt: null, steps: [] });
