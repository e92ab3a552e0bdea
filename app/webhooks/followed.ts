// Is a repository built at all?

import type { RepositorySettings } from '../../activities/control/repository-settings.ts';

/** The setting `follow`: `all` repositories on which the App is installed, but for those that somebody unfollowed; or only those that are `listed`. */
export type Follow = 'all' | 'listed';

export const isBuilt = (follow: Follow, settings: Pick<RepositorySettings, 'followed'> | null): boolean => settings?.followed ?? follow === 'all';

/** For webhooks: by what the object store says now, or said a few seconds ago. */
export const followedGate =
  (follow: Follow, read: (repositoryId: number) => Promise<RepositorySettings | null>) =>
  async (repositoryId: number): Promise<boolean> =>
    isBuilt(follow, await read(repositoryId));
