// How does the forge hear of a pipeline's checks: the newest of each, many in one request, soon at first and then more seldom?

import { condition, sleep } from '@temporalio/workflow';
import type { PipelineView } from '../config-schema/view.ts';
import { control, type Check } from './activities.ts';
import { coalesced } from './coalesced.ts';
import { reportPause } from './report-pace.ts';

export type Reports = {
  /** A check that is told now, and whenever it has changed. `read` answers it as it is. */
  add(read: () => Check): { changed(): void };
  /** No more is to come. Resolves when the last change has been told, or cannot be. */
  settled(): Promise<void>;
  /** Nobody hears it any more. */
  giveUp(): void;
};

type Known = { read: () => Check; id: number | string | null; isNew: boolean };

/** So that what fails and is tried again is not all of a large pipeline. */
const mostAtOnce = 50;
/** A payload of Temporal's has at most 2 MB; slices with all their steps add up. */
const mostCharacters = 500_000;

export function checkReports({ repository, number, trigger: { sha } }: PipelineView): Reports {
  const checks: Known[] = [];
  const told = { times: 0, lastAt: -Infinity };
  let isLast = false;
  const telling = coalesced(async () => {
    // It changed before it was told, and was told as it was then.
    if (!checks.some(({ isNew }) => isNew)) return;
    const { inAnyCase, forMore } = reportPause(told, Date.now());
    if (inAnyCase > 0) await sleep(inAnyCase);
    if (forMore > 0) await condition(() => isLast || checks.filter(({ isNew }) => isNew).length >= mostAtOnce, forMore);
    told.times += 1;
    told.lastAt = Date.now();
    const batch = newsOf(checks);
    if (checks.some(({ isNew }) => isNew)) telling.changed();
    const { ids } = await control.report({ repository, sha, pipeline: number, checks: batch.map(({ known: { id }, check }) => ({ ...(id !== null && { id }), check })) });
    for (const [index, { known }] of batch.entries()) known.id ??= ids[index] ?? null;
  });
  return {
    add(read) {
      const known: Known = { read, id: null, isNew: true };
      checks.push(known);
      telling.changed();
      return {
        changed() {
          known.isNew = true;
          telling.changed();
        },
      };
    },
    settled() {
      isLast = true;
      return telling.settled();
    },
    giveUp: telling.giveUp,
  };
}

/** What has changed and goes into one request, as it is now; it counts as told. */
function newsOf(checks: readonly Known[]): { known: Known; check: Check }[] {
  const batch: { known: Known; check: Check }[] = [];
  let characters = 0;
  for (const known of checks) {
    if (!known.isNew) continue;
    const check = known.read();
    characters += JSON.stringify(check).length;
    if (batch.length === mostAtOnce || (batch.length > 0 && characters > mostCharacters)) break;
    known.isNew = false;
    batch.push({ known, check });
  }
  return batch;
}
