// Which commands are there about configs, and what do they take?

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ConfigOptions } from './config-input.ts';
import type { ConfigCommand, LoadOrbs } from './config.ts';

/** `loadOrbs` reaches the world outside; nothing is loaded before a command needs it. */
export function configCommands(program: Command, loadOrbs: LoadOrbs): void {
  const config = program.command('config').description('check a config, show what becomes of it, join it from parts');

  const compiling = (name: string, description: string, run: () => Promise<ConfigCommand>): Command =>
    config
      .command(name)
      .description(description)
      .argument('[file]', 'the config, or - for standard input (default: .circle.yml, else .circleci/config.yml)')
      .option('--orbs <dir>', 'a folder of orbs, NAMESPACE/NAME/VERSION.yml, before all other places; may be repeated', (folder, before: string[]) => [...before, folder], [])
      .option('--param <key=value>', 'a pipeline parameter, typed as YAML would: true, 5, text, "5"; may be repeated', parameter, [])
      .option('--params-file <file>', 'pipeline parameters as a YAML or JSON map')
      .option('--branch <name>', 'as if this branch had been pushed (default: the current one, else main)')
      .addOption(new Option('--tag <name>', 'as if this tag had been pushed').conflicts('branch'))
      .option('--changed <path>', 'as if this path had changed, and no other; may be repeated (default: not known)', (path, before: string[]) => [...before, path], [])
      .option('--json', 'print one JSON object, errors too')
      .action(async (file: string | undefined, options: ConfigOptions) => (await run())(file, options, loadOrbs));

  compiling('validate', 'say every problem of a config: FILE:LINE:COL: message', async () => (await import('./config.ts')).validate);
  compiling('process', 'print the config with every orb, command, executor, parameter and matrix expanded', async () => (await import('./config.ts')).processIt);
  compiling('plan', 'print what would run for the branch or tag, as JSON', async () => (await import('./config.ts')).plan);

  config
    .command('pack')
    .description('join a folder of YAML files into one config, and print it')
    .argument('<dir>')
    .action(async (folder: string) => {
      const { packFolder } = await import('./config-pack.ts');
      process.stdout.write(await packFolder(folder));
    });

  config
    .command('schema')
    .description('print the JSON Schema of configs, for editors')
    .option('--settings', 'of roundhouse.yml instead')
    .action(async ({ settings }: { settings?: true }) => {
      const schema = settings ? (await import('../../config-schema/settings-schema.ts')).settingsJsonSchema() : (await import('../../config-schema/language/json-schema.ts')).configJsonSchema();
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}

export function parameter(typed: string, before: ConfigOptions['param']): ConfigOptions['param'] {
  const at = typed.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write KEY=VALUE.');
  return [...before, [typed.slice(0, at), typed.slice(at + 1)]];
}
