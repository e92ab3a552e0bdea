// How does whoever sits at the machine come in to the page, by an address that is good once?

import { createHash, randomBytes } from 'node:crypto';

export const ticketMinutes = 15;
const mostTickets = 100;

export type Tickets = ReturnType<typeof tickets>;

/** They live in this process alone, and end with it. */
export function tickets(now: () => number) {
  const open = new Map<string, number>();
  const isGood = (ticket: string): boolean => (open.get(hashOf(ticket)) ?? 0) > now();
  return {
    make(): string {
      for (const [hash, until] of open) if (until <= now() || open.size >= mostTickets) open.delete(hash);
      const ticket = randomBytes(32).toString('base64url');
      open.set(hashOf(ticket), now() + ticketMinutes * 60_000);
      return ticket;
    },
    isGood,
    /** False when it was none, was used, or its time is over. */
    use(ticket: string): boolean {
      const good = isGood(ticket);
      open.delete(hashOf(ticket));
      return good;
    },
  };
}

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');
