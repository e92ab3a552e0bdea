// Who has signed in, in which browser?

import { createHmac } from 'node:crypto';
import type { Person } from './access.ts';
import { bySecret, type BySecretOptions, type Kept } from './by-secret.ts';

export type SessionRecord = {
  version: 1;
  /** null: whoever had the one-time address that the operator's command printed. */
  person: Person | null;
  /** Was an operator when they signed in. */
  operator: boolean;
  createdAt: string;
  /** Then even who comes every day signs in again. */
  expiresAt: string;
  /** The address of the browser, and what it calls itself. */
  from: string;
  browser: string;
};

export type Session = Kept<SessionRecord>;

const dayMs = 24 * 3600_000;
const operatorHours = 12;
/** In terms of the setting, which is about people who do not come back. */
const longest = 3;

export type Sessions = ReturnType<typeof keptSessions>;

export function keptSessions({ store, sessionDays, now }: Pick<BySecretOptions, 'store' | 'now'> & { sessionDays: number }) {
  const kept = bySecret<SessionRecord>({ store, folder: 'sessions', idleMs: sessionDays * dayMs, now });
  const lastsMs = (person: Person | null): number => (person === null ? operatorHours * 3600_000 : longest * sessionDays * dayMs);
  return {
    find: kept.find,
    use: kept.use,
    end: kept.end,
    list: kept.list,
    /** Answers what the cookie holds, and for how long. */
    async start({ person, operator, from, browser }: Pick<SessionRecord, 'person' | 'operator' | 'from' | 'browser'>): Promise<{ secret: string; seconds: number }> {
      const createdAt = new Date(now()).toISOString();
      const expiresAt = new Date(now() + lastsMs(person)).toISOString();
      const secret = await kept.make({ version: 1, person, operator, createdAt, expiresAt, from: from.slice(0, 100), browser: browser.slice(0, 300) });
      return { secret, seconds: Math.floor(lastsMs(person) / 1000) };
    },
    /** Answers how many there were. */
    async endAll(which: (session: Session) => boolean): Promise<number> {
      const ending = (await kept.list()).filter(which);
      for (const { key } of ending) await kept.end(key);
      return ending.length;
    },
  };
}

/** What forms carry: made from what the cookie holds, so that nobody else can, and no other session's fits. */
export const csrfOf = (secret: string): string => createHmac('sha256', secret).update('change').digest('base64url');
