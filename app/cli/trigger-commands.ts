// Which commands start pipelines without a push: now, and by the clock?

import { Option, type Command } from 'commander';
import type { Ask } from '../control/ask.ts';
import type { ListedSchedule } from '../control/schedule-operations.ts';
import { parameter } from './config-commands.ts';
import { printable } from './printable.ts';
import { print, say } from './say.ts';

type Given = { param: [name: string, value: string][] };

const paramOption = (command: Command): Command => command.option('--param <key=value>', 'a pipeline parameter, typed as YAML would: true, 5, text, "5"; may be repeated', parameter, []);

async function parametersOf({ param }: Given): Promise<Record<string, unknown>> {
  const { typed } = await import('./config-input.ts');
  return Object.fromEntries(param.map(([name, value]) => [name, typed(value)]));
}

export function triggerCommands(program: Command, askOf: () => Promise<Ask>): void {
  paramOption(program.command('trigger'))
    .description('run the config of a branch or tag as it is on GitHub now')
    .argument('<owner/name>')
    .option('--branch <name>', 'of this branch (default: the default one)')
    .addOption(new Option('--tag <name>', 'of this tag').conflicts('branch'))
    .action(async (repository: string, { branch, tag, ...given }: Given & { branch?: string; tag?: string }) => {
      const { number } = await (await askOf())<{ number: number | null }>('pipelines.trigger', { repository, branch, tag, parameters: await parametersOf(given) });
      print(number === null ? `A pipeline of ${repository} will run. See: roundhouse builds ${repository}` : `${repository}#${number}`);
    });

  const schedules = program.command('schedules').description('pipelines by the clock: those of the config, and others beside it');

  schedules
    .command('list')
    .description('list the schedules of a repository, with the time at which each comes next')
    .argument('<owner/name>')
    .option('--json', 'as JSON, one object a line')
    .action(async (repository: string, { json }: { json?: true }) => {
      const { schedules: all } = await (await askOf())<{ schedules: ListedSchedule[] }>('schedules.list', { repository });
      for (const schedule of all) print(json ? JSON.stringify(schedule) : scheduleLine(schedule));
      if (all.length === 0) say('There are none.');
    });

  paramOption(schedules.command('add'))
    .description('run the config of a branch by the clock')
    .argument('<owner/name>')
    .requiredOption('--name <name>', 'what it is called: `pipeline.schedule.name` in the config')
    .requiredOption('--cron <fields>', 'minute, hour, day of month, month, day of week, in UTC')
    .option('--branch <name>', 'of this branch (default: the default one)')
    .action(async (repository: string, { name, cron, branch, ...given }: Given & { name: string; cron: string; branch?: string }) => {
      const added = await (await askOf())<{ branch: string }>('schedules.add', { repository, name, cron, branch, parameters: await parametersOf(given) });
      say(printable(`${name} runs ${added.branch} of ${repository} at ${cron} (UTC).`));
    });

  schedules
    .command('remove')
    .description('end a schedule that `schedules add` has made')
    .argument('<owner/name>')
    .requiredOption('--name <name>', 'what it is called')
    .action(async (repository: string, { name }: { name: string }) => {
      await (await askOf())('schedules.remove', { repository, name });
      say(printable(`${name} of ${repository} runs no more.`));
    });
}

export function scheduleLine({ name, workflow, branch, cron, parameters, next }: ListedSchedule): string {
  const what = workflow === null ? (name ?? '') : `workflow ${workflow} (config)`;
  const given = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return printable([what.padEnd(30), branch.padEnd(20), cron.padEnd(16), `next ${next === null ? 'never' : next.slice(0, 16).replace('T', ' ')}`, ...given].join('  '));
}
