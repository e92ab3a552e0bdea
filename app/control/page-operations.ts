// How does an operator come in to the page without GitHub, and who is signed in?

import * as z from 'zod';
import type { Door } from '../page/access/door.ts';
import { isLocalName } from '../page/access/host.ts';
import { ticketMinutes } from '../page/access/tickets.ts';
import { operation, Refused, type Operation, type OperationPorts } from './operation.ts';

export type Ticket = {
  /** Where it is good: the page's address, and the one on this machine when that is another. */
  addresses: string[];
  minutes: number;
};

/** `login` is null for who came by a one-time address. */
export type ListedSession = { login: string | null; personId: number | null; createdAt: string; usedAt: string; expiresAt: string; from: string; browser: string };

export type PageOperationPorts = { door: Pick<Door, 'sessions' | 'tokens' | 'tickets' | 'publicUrl' | 'localUrl'> };

export function pageOperations({ door, audit }: PageOperationPorts & Pick<OperationPorts, 'audit'>): Record<string, Operation> {
  const { sessions, tickets, publicUrl, localUrl } = door;
  return {
    'page.ticket': operation(z.strictObject({}), async (_input, asker): Promise<Ticket> => {
      await audit.append({ ...asker, action: 'page.opened', subject: 'the page' });
      const path = `/-/enter/${tickets.make()}`;
      return { addresses: [...new Set([publicUrl, ...(isLocalName(new URL(publicUrl).host) ? [] : [localUrl])])].map((base) => `${base}${path}`), minutes: ticketMinutes };
    }),

    'sessions.list': operation(z.strictObject({}), async (): Promise<{ sessions: ListedSession[] }> => ({
      sessions: (await sessions.list()).map(({ person, createdAt, usedAt, expiresAt, from, browser }) => ({ login: person?.login ?? null, personId: person?.id ?? null, createdAt, usedAt, expiresAt, from, browser })),
    })),

    /** Without a login: all of them. */
    'sessions.revoke': operation(z.strictObject({ login: z.string().min(1).nullable() }), async ({ login }, asker) => {
      const ended = await sessions.endAll(({ person }) => login === null || person?.login.toLowerCase() === login.toLowerCase());
      if (ended === 0 && login !== null) throw new Refused(`${login} is not signed in. See: roundhouse sessions list`);
      await audit.append({ ...asker, action: 'session.revoked', subject: 'the page', details: { login: login ?? 'all', sessions: ended } });
      return { ended };
    }),
  };
}
