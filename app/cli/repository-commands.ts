// Which commands are there about repositories: which are known, and which are followed?

import type { Command } from 'commander';
import type { Ask } from '../control/ask.ts';
import type { ListedRepository, RepositoryList } from '../control/repository-operations.ts';
import { printable } from './printable.ts';
import { print, say } from './say.ts';

export function repositoryCommands(program: Command, askOf: () => Promise<Ask>): void {
  program
    .command('repositories')
    .description('list the repositories on which the GitHub App is installed, and those that were built here before')
    .option('--json', 'as JSON, one object a line')
    .action(async ({ json }: { json?: true }) => {
      const { repositories, problem } = await (await askOf())<RepositoryList>('repositories.list', {});
      if (problem !== null) say(`${problem}. Only those are listed that are known here.`);
      else if (repositories.length === 0) say('The GitHub App is installed on no repository yet. Install it: its page on GitHub, "Install App".');
      for (const repository of repositories) print(json ? JSON.stringify(repository) : repositoryLine(repository));
    });

  program
    .command('follow')
    .description('build a repository from its next push on')
    .argument('<owner/name>')
    .action(async (repository: string) => {
      await (await askOf())('repositories.follow', { repository });
      say(`${repository} is followed: its next push is built.`);
    });

  program
    .command('unfollow')
    .description('build a repository no more; its history, secrets and variables stay')
    .argument('<owner/name>')
    .action(async (repository: string) => {
      await (await askOf())('repositories.unfollow', { repository });
      say(`${repository} is not followed any more: pushes to it start nothing. What runs goes on.`);
    });
}

export function repositoryLine({ owner, name, isInstalled, isBuilt, settings, last, ...rest }: ListedRepository): string {
  const state = !isInstalled ? 'not installed' : isBuilt ? (settings?.followed === undefined ? 'built' : 'followed') : settings?.followed === undefined ? 'not followed' : 'unfollowed';
  const ended = last && `#${last.number} ${last.outcome ?? 'ended'}${last.endedAt === null ? '' : ` ${last.endedAt.slice(0, 16).replace('T', ' ')}`}`;
  return [printable(`${owner}/${name}`).padEnd(40), state.padEnd(13), rest.private === null ? '' : rest.private ? 'private' : 'public', ended].filter(Boolean).join('  ');
}
