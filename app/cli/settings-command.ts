// Which command shows and changes what is chosen for one repository?

import { InvalidArgumentError, Option, type Command } from 'commander';
import { autoCancels, forkPolicies } from '../../config-schema/choices.ts';
import type { Ask } from '../control/ask.ts';
import type { ChosenRepository } from '../control/repository-operations.ts';
import { print } from './say.ts';

/** Gives a choice back to the installation. */
const asInstallation = 'default';

export function settingsCommand(program: Command, askOf: () => Promise<Ask>): void {
  program
    .command('settings')
    .description(`show or change what holds for a repository; "${asInstallation}" gives it back to the settings of the installation`)
    .argument('<owner/name>')
    .addOption(new Option('--auto-cancel <which>', 'which older open pipelines a push cancels').choices([...autoCancels, asInstallation]))
    .addOption(new Option('--forks <which>', 'whether pull requests of forks are built').choices([...forkPolicies, asInstallation]))
    .option('--pipelines-at-once <n>', 'how many of its pipelines run at once; 0: any number', atOnce)
    .option('--json', 'as JSON')
    .action(async (repository: string, { json, ...given }: { json?: true; autoCancel?: string; forks?: string; pipelinesAtOnce?: number | string }) => {
      const ask = await askOf();
      const made = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value === asInstallation ? null : value]));
      const chosen = await (Object.keys(made).length === 0 ? ask<ChosenRepository>('repositories.show', { repository }) : ask<ChosenRepository>('repositories.choose', { repository, ...made }));
      if (json) print(JSON.stringify({ choices: chosen.choices, settings: chosen.settings }));
      else for (const line of linesOf(chosen)) print(line);
    });
}

export function linesOf({ choices, settings }: ChosenRepository): string[] {
  const line = (name: string, choice: keyof typeof choices): string => `${name.padEnd(18)} ${String(choices[choice]).padEnd(9)} ${settings?.[choice] === undefined ? 'as the installation' : 'its own'}`;
  return [line('auto-cancel', 'autoCancel'), line('forks', 'forks'), line('pipelines-at-once', 'pipelinesAtOnce')];
}

function atOnce(text: string): number | string {
  if (text === asInstallation) return text;
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`It must be a whole number, 0 for any number, or ${asInstallation}.`);
  return Number(text);
}
