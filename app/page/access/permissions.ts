// What may a person do in a repository, by GitHub's word?

import type { Repository } from '../../../config-schema/trigger.ts';
import { GitHubIsAway, type KnownRepository, type Permission, type Person } from './access.ts';
import { remembered } from './remembered.ts';

/** Every answer is GitHub's of now. Throws whatever when it cannot be had. */
export type GitHubPermissions = {
  /** null: the App is not installed there (any more). */
  findRepository(owner: string, name: string): Promise<Repository | null>;
  /** `none` too for somebody who took the login after this person had given it up. */
  permissionOf(repository: Repository, person: Person): Promise<Permission>;
  /** Whether the App belongs to the person, or to an organization whose owner the person is. */
  ownsApp(person: Person): Promise<boolean>;
};

export type Permissions = ReturnType<typeof permissionsOf>;

const freshMs = 60_000;
/** While GitHub is away. */
const staleMs = 5 * 60_000;

export function permissionsOf({ github, now, log }: { github: GitHubPermissions; now: () => number; log: { warn(fields: object, message: string): void } }) {
  const places = remembered<Repository | null>({ freshMs, staleMs, now });
  const persons = remembered<Permission>({ freshMs, staleMs, now, most: 100_000 });

  const asking = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (cause) {
      log.warn({ error: cause }, 'GitHub did not say who may see a page');
      throw new GitHubIsAway('GitHub does not say who may see this', { cause });
    }
  };

  /** As it is now; null for one that the App lost, and for another one of that name. */
  async function placeOf({ id, owner, name }: KnownRepository): Promise<Repository | null> {
    const place = await asking(places.get(`${id}/${owner}/${name}`.toLowerCase(), () => github.findRepository(owner, name)));
    return place?.id === id ? place : null;
  }

  return {
    isPublic: async (repository: KnownRepository): Promise<boolean> => (await placeOf(repository))?.private === false,
    async of(person: Person, repository: KnownRepository): Promise<Permission> {
      const place = await placeOf(repository);
      if (!place) return 'none';
      const permission = await asking(persons.get(`${person.id}/${person.login}/${repository.id}`, () => github.permissionOf(place, person)));
      return permission === 'none' && !place.private ? 'read' : permission;
    },
  };
}
