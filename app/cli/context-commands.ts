// Which commands are there about contexts and project variables?

import type { Command } from 'commander';
import type { Restrictions } from '../../activities/control/contexts.ts';
import type { Ask } from '../control/ask.ts';
import { print, say } from './say.ts';
import { printable } from './printable.ts';
import { collect, trustOf } from './secret-commands.ts';
import { readValue } from './secret-value.ts';

type Variable = { name: string; changedBy: string; changedAt: string };
type Context = { name: string; restrictions: Restrictions; changedBy: string; changedAt: string; variables: Variable[] };

const changed = ({ changedBy, changedAt }: Variable): string => `set ${changedAt.slice(0, 16).replace('T', ' ')} by ${printable(changedBy)}`;

export function contextCommands(program: Command, askOf: () => Promise<Ask>): void {
  const contexts = program.command('contexts').description('values under a name, for jobs that say context: NAME; encrypted at rest, never shown again');

  contexts
    .command('list')
    .description('list contexts, their restrictions and variables, without values')
    .argument('<owner>', 'the organization or person on GitHub')
    .option('--json', 'as one JSON object')
    .action(async (owner: string, { json }: { json?: true }) => {
      const answer = await (await askOf())<{ contexts: Context[] }>('contexts.list', { owner });
      if (json) return print(JSON.stringify(answer.contexts, null, 2));
      if (answer.contexts.length === 0) say(`${owner} has no contexts. Make one: roundhouse contexts set ${owner} CONTEXT NAME`);
      for (const { name, restrictions, variables } of answer.contexts) {
        print(`${printable(name)}  for ${wordsOf(restrictions)}`);
        for (const variable of variables) print(`  ${variable.name.padEnd(24)}  ${changed(variable)}`);
      }
    });

  contexts
    .command('set')
    .description('set a variable of a context, from a prompt or standard input; makes the context where there is none')
    .argument('<owner>')
    .argument('<context>')
    .argument('<name>')
    .action(async (owner: string, context: string, name: string) => {
      const ask = await askOf();
      await ask('contexts.set', { owner, context, name, value: await readValue(`value of ${name}`) });
      say(`Set ${name} in context ${context} of ${owner}.`);
    });

  contexts
    .command('unset')
    .description('take a variable out of a context')
    .argument('<owner>')
    .argument('<context>')
    .argument('<name>')
    .action(async (owner: string, context: string, name: string) => {
      await (await askOf())('contexts.unset', { owner, context, name });
      say(`${name} is no more in context ${context} of ${owner}.`);
    });

  contexts
    .command('restrict')
    .description('say which jobs may have the context; what is not said stays as it is')
    .argument('<owner>')
    .argument('<context>')
    .option('--repository <owner/name>', 'only jobs of this repository; may be repeated', collect, [])
    .option('--any-repository', 'of any repository of the owner')
    .option('--expression <text>', 'only where this holds, such as: pipeline.git.branch == "main"')
    .option('--any-ref', 'without an expression')
    .option('--min-trust <level>', 'T1: any ref of the repository; T2: the default branch and protected refs', trustOf)
    .option('--team <name>', 'only for people of this team of the owner, by its short name; may be repeated', collect, [])
    .option('--anybody', 'for people of any team and none')
    .action(async (owner: string, context: string, options: RestrictOptions) => {
      const { restrictions } = await (await askOf())<{ restrictions: Restrictions }>('contexts.restrict', { owner, context, to: changesOf(options) });
      say(`Context ${context} of ${owner} is for ${wordsOf(restrictions)}.`);
    });

  contexts
    .command('remove')
    .description('remove a context and its variables')
    .argument('<owner>')
    .argument('<context>')
    .action(async (owner: string, context: string) => {
      await (await askOf())('contexts.remove', { owner, context });
      say(`Context ${context} of ${owner} is removed. Jobs that name it are not allowed to run.`);
    });
}

type RestrictOptions = { repository: string[]; anyRepository?: true; expression?: string; anyRef?: true; minTrust?: 'T1' | 'T2'; team: string[]; anybody?: true };

function changesOf({ repository, anyRepository, expression, anyRef, minTrust, team, anybody }: RestrictOptions): object {
  return {
    ...(anyRepository ? { repositories: null } : repository.length > 0 && { repositories: repository }),
    ...(anyRef ? { expression: null } : expression !== undefined && { expression }),
    ...(minTrust && { minTrust }),
    ...(anybody ? { teams: null } : team.length > 0 && { teams: team }),
  };
}

function wordsOf({ repositories, expression, minTrust, teams }: Restrictions): string {
  const parts = [
    repositories === null ? 'every repository' : repositories.map(({ fullName }) => fullName).join(', '),
    ...(minTrust === 'T2' ? ['the default branch and protected refs'] : []),
    ...(expression === null ? [] : [`where ${printable(expression)}`]),
    ...(teams === null ? [] : [`people of ${teams.join(' or ')}`]),
  ];
  return parts.join('; ');
}

export function variableCommands(program: Command, askOf: () => Promise<Ask>): void {
  const variables = program.command('variables').description('variables of one repository, for each of its jobs; encrypted at rest, never shown again');

  variables
    .command('list')
    .description('list variables, without values')
    .argument('<owner/name>')
    .option('--json', 'as one JSON object')
    .action(async (repository: string, { json }: { json?: true }) => {
      const answer = await (await askOf())<{ variables: Variable[] }>('variables.list', { repository });
      if (json) return print(JSON.stringify(answer.variables, null, 2));
      for (const variable of answer.variables) print(`${variable.name.padEnd(24)}  ${changed(variable)}`);
    });

  variables
    .command('set')
    .description('set a variable, from a prompt or standard input')
    .argument('<owner/name>')
    .argument('<name>')
    .action(async (repository: string, name: string) => {
      const ask = await askOf();
      await ask('variables.set', { repository, name, value: await readValue(`value of ${name}`) });
      say(`Set ${name} for ${repository}.`);
    });

  variables
    .command('unset')
    .description('remove a variable')
    .argument('<owner/name>')
    .argument('<name>')
    .action(async (repository: string, name: string) => {
      await (await askOf())('variables.unset', { repository, name });
      say(`${repository} has no variable ${name} any more.`);
    });
}
