// Who comes to the pages of a repository, and what do the others hear?

import { nothing, sentence } from '../env.ts';
import type { PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import type { Access, KnownRepository, Permission, Viewer } from './access.ts';

export const isSomebody = (c: PageContext): boolean => {
  const { person, operator, local } = c.get('viewer');
  return person !== null || operator || local;
};

/** Who has not signed in learns nothing, not even that there is nothing. */
export function toSignIn(c: PageContext, { access }: Pick<CommonPorts, 'access'>): Response | Promise<Response> {
  const path = access.signInPath(new URL(c.req.url).pathname + new URL(c.req.url).search);
  return path === null ? nothing(c, 'page') : c.redirect(path);
}

export const onlyReaders =
  (ports: CommonPorts) =>
  async (c: PageContext, next: () => Promise<void>): Promise<Response | void> => {
    const { owner, name } = c.req.param() as { owner: string; name: string };
    if (owner === '-') return next();
    const found = await readable(ports, c.get('viewer'), owner, name);
    if (found === 'too many guesses') return sentence(c, 'Too many', 'You have asked for many repositories that are not there for you. Wait a minute.', 503);
    if (!found) return isSomebody(c) ? nothing(c, 'repository') : toSignIn(c, ports);
    c.set('repository', found.repository);
    c.set('permission', found.permission);
    return next();
  };

/** So often a minute may somebody ask for a repository that is not there for them; each time GitHub is asked too. */
const mostGuesses = 60;
const guesses = new WeakMap<Access, { since: number; of: Map<number, number> }>();

/**
 * A repository that somebody may not read is as one that is not there: null for both, after the same questions to GitHub, so that neither
 * the time that it takes nor a GitHub that is away tells them apart. Throws GitHubIsAway.
 */
export async function readable({ access, repository: find }: Pick<CommonPorts, 'access' | 'repository'>, viewer: Viewer, owner: string, name: string): Promise<{ repository: KnownRepository; permission: Permission } | 'too many guesses' | null> {
  const guessed = guessesNow(access);
  const { person, operator } = viewer;
  if (person !== null && !operator && (guessed.get(person.id) ?? 0) >= mostGuesses) return 'too many guesses';
  const known = await find(owner, name);
  const permission = known || person !== null ? await access.permission(viewer, known ?? { id: 0, owner, name }) : 'none';
  if (known && permission !== 'none') return { repository: known, permission };
  if (person !== null) guessed.set(person.id, (guessed.get(person.id) ?? 0) + 1);
  return null;
}

/** How often each person guessed in this minute, by their number. */
function guessesNow(access: Access): Map<number, number> {
  let counted = guesses.get(access);
  if (!counted || Date.now() - counted.since > 60_000) guesses.set(access, (counted = { since: Date.now(), of: new Map() }));
  return counted.of;
}
