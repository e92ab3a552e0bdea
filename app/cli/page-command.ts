// How does whoever sits at the machine open the page, and end the sessions of others?

import type { Command } from 'commander';
import type { Ask } from '../control/ask.ts';
import type { ListedSession, Ticket } from '../control/page-operations.ts';
import { printable } from './printable.ts';
import { Problem } from './problem.ts';
import { print, say } from './say.ts';

export function pageCommands(program: Command, askOf: () => Promise<Ask>): void {
  program
    .command('page')
    .description('print an address that opens the page once, as an operator')
    .action(async () => {
      const { addresses, minutes } = await (await askOf())<Ticket>('page.ticket', {});
      say(`Open it within ${minutes} minutes; it is good once.${addresses.length > 1 ? ' The second one is for a browser on this machine.' : ''}`);
      for (const address of addresses) print(address);
    });

  const sessions = program.command('sessions').description('who is signed in to the page');

  sessions
    .command('list')
    .description('list the sessions, newest first')
    .option('--json', 'as JSON, one object a line')
    .action(async ({ json }: { json?: true }) => {
      const { sessions: all } = await (await askOf())<{ sessions: ListedSession[] }>('sessions.list', {});
      for (const session of all) print(json ? JSON.stringify(session) : printable(`${session.login ?? 'operator at this machine'}  seen ${session.usedAt}  until ${session.expiresAt}  from ${session.from}  ${session.browser}`));
      if (all.length === 0) say('Nobody is signed in.');
    });

  sessions
    .command('revoke')
    .description('sign somebody out everywhere')
    .argument('[login]')
    .option('--all', 'everybody')
    .action(async (login: string | undefined, { all }: { all?: true }) => {
      if ((login === undefined) === (all === undefined)) throw new Problem('say whom: a login, or --all', 2);
      const { ended } = await (await askOf())<{ ended: number }>('sessions.revoke', { login: login ?? null });
      say(`Ended ${ended} ${ended === 1 ? 'session' : 'sessions'}.`);
    });
}
