// Which of many repositories may somebody read?

import { inTurn } from '../../in-turn.ts';
import { GitHubIsAway } from './access.ts';
import type { Access, KnownRepository, Viewer } from './access.ts';

const atOnce = 8;

/** In their order. Those of which GitHub does not say are left out; throws GitHubIsAway when it says nothing of any. */
export async function readableAmong<R extends KnownRepository>(access: Access, viewer: Viewer, repositories: readonly R[]): Promise<R[]> {
  const may: boolean[] = [];
  const away: GitHubIsAway[] = [];
  const mayRead = async (repository: R): Promise<boolean> => (access.mayRead ? access.mayRead(viewer, repository) : (await access.permission(viewer, repository)) !== 'none');
  await inTurn(repositories.entries(), atOnce, async ([index, repository]) => {
    may[index] = await mayRead(repository).catch((error: unknown) => {
      if (!(error instanceof GitHubIsAway)) throw error;
      away.push(error);
      return false;
    });
  });
  if (away.length > 0 && away.length === repositories.length) throw away[0]!;
  return repositories.filter((_, index) => may[index]);
}
