// Which commands are there about the tokens that people make on the page?

import type { Command } from 'commander';
import type { Ask } from '../control/ask.ts';
import type { ListedToken } from '../control/token-operations.ts';
import { printable } from './printable.ts';
import { print, say } from './say.ts';

export function tokenCommands(program: Command, askOf: () => Promise<Ask>): void {
  const tokens = program.command('tokens').description('tokens by which people’s programs read; each person makes them on the page');

  tokens
    .command('list')
    .description('list the tokens of all people, newest first')
    .option('--json', 'as JSON, one object a line')
    .action(async ({ json }: { json?: true }) => {
      const { tokens: all } = await (await askOf())<{ tokens: ListedToken[] }>('tokens.list', {});
      for (const token of all) print(json ? JSON.stringify(token) : printable(`${token.id}  ${token.login}  ${token.kind} ${token.repository ?? 'all'}  used ${token.usedAt ?? 'never'}  until ${token.expiresAt}  ${token.name}`));
      if (all.length === 0) say('There are none.');
    });

  tokens
    .command('revoke')
    .description('take a token away')
    .argument('<id>', 'as `roundhouse tokens list` shows it')
    .action(async (id: string) => {
      const { name, login } = await (await askOf())<{ name: string; login: string }>('tokens.revoke', { id });
      say(printable(`Revoked ${name} of ${login}.`));
    });
}
