// How do all open pipelines stand, for everybody who looks at once?

import { inTurn } from './in-turn.ts';
import type { PipelineView } from '../config-schema/view.ts';

export type OpenPipelinePorts = {
  list(): Promise<{ repositoryId: number; number: number }[]>;
  /** null: it has ended meanwhile. */
  view(repositoryId: number, number: number): Promise<PipelineView | null>;
};

/** Of so many, the newest first: a look at more would keep Temporal from its work. */
const most = 500;
const atOnce = 16;

/** Pages, badges and metrics share one look for `keepMs`. What failed is asked again. */
export function openPipelines({ list, view }: OpenPipelinePorts, { keepMs = 1500, now = Date.now }: { keepMs?: number; now?: () => number } = {}): () => Promise<PipelineView[]> {
  let looked: { at: number; views: Promise<PipelineView[]> } | null = null;
  const look = async (): Promise<PipelineView[]> => {
    const open = (await list()).slice(0, most);
    const views: PipelineView[] = [];
    await inTurn(open, atOnce, async ({ repositoryId, number }) => {
      const found = await view(repositoryId, number);
      if (found && found.state !== 'ended') views.push(found);
    });
    return views.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  };
  return () => {
    if (looked && now() - looked.at < keepMs) return looked.views;
    const mine = (looked = { at: now(), views: look() });
    // From the end of the look on: one that takes long is not repeated before it is there.
    mine.views.then(
      () => (mine.at = now()),
      () => looked === mine && (looked = null),
    );
    mine.at = Infinity;
    return mine.views;
  };
}
