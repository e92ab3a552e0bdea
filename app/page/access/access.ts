// Who is looking, and what may they see?

import type { IncomingMessage } from 'node:http';

/** A person on GitHub, by the number: logins change hands. */
export type Person = { id: number; login: string };

/** What the sender of one request is. */
export type Viewer = {
  /** null: nobody has signed in by GitHub. */
  person: Person | null;
  /** Who it is in the audit log: `github:583231 ada`, or `operator at this machine`. */
  who: string;
  /** May change what is this installation's: builders, contexts, settings; and reads the audit log. Sees every repository. */
  operator: boolean;
  /** With every change comes this (changes.ts). null: this viewer changes nothing on the page. */
  csrf: string | null;
  /** Sits at this machine, and there is no signing in yet: sees everything and changes nothing. */
  local: boolean;
  /** Set for a program that comes by a token of the person's: sees no more than this repository, where it is not null. Changes something through the API alone. */
  byToken?: { onlyRepository: number | null; mayWrite?: true };
};

export const nobody: Viewer = { person: null, who: 'nobody', operator: false, csrf: null, local: false };

/** In rising order. `write` may cancel and run again, `admin` changes what belongs to the repository. */
export const permissions = ['none', 'read', 'write', 'admin'] as const;
export type Permission = (typeof permissions)[number];

/** As we remember it: a repository that had a pipeline, or is followed. */
export type KnownRepository = { id: number; owner: string; name: string };

export interface Access {
  /**
   * Who sent this. `refused`: nobody is served here at all, for the reason; `moved`: the same path under this address. Without a session it
   * is `nobody`. GitHub is asked only whether somebody who was an operator still is one, and not waited for long.
   */
  viewer(req: IncomingMessage): Promise<Viewer | { refused: string } | { moved: string }>;
  /** GitHub's word, of a minute ago at most. Throws GitHubIsAway when it cannot be had. */
  permission(viewer: Viewer, repository: KnownRepository): Promise<Permission>;
  /** Whether that is more than `none`, where this can be had for less. */
  mayRead?(viewer: Viewer, repository: KnownRepository): Promise<boolean>;
  /** Where somebody signs in who wants to see this path; null: there is no signing in here. */
  signInPath(path: string): string | null;
}

export class GitHubIsAway extends Error {
  override name = 'GitHubIsAway';
}

export const atLeast = (has: Permission, needed: Permission): boolean => permissions.indexOf(has) >= permissions.indexOf(needed);
