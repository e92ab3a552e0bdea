// Which commands are there about orbs, and what do they take?

import type { Command } from 'commander';
import type { VendorOptions, VendorPorts } from './orbs-vendor.ts';

/** `ports` reach the world outside; nothing is loaded before a command needs it. */
export function orbCommands(program: Command, ports: VendorPorts): void {
  const orbs = program.command('orbs').description('lay orbs into the repository, pack an orb from its source tree');

  orbs
    .command('vendor')
    .description('write every orb that a config uses, and those that they use, into .circle/orbs of the work tree')
    .option('--config <file>', 'the config, or - for standard input (default: .circle.yml, else .circleci/config.yml)')
    .option('--orbs <dir>', 'a folder of orbs, NAMESPACE/NAME/VERSION.yml, before all other places; may be repeated', (folder, before: string[]) => [...before, folder], [])
    .option('--json', 'print one JSON object, errors too')
    .action(async (options: VendorOptions) => {
      const { vendorOrbs } = await import('./orbs-vendor.ts');
      await vendorOrbs(options, ports);
    });

  orbs
    .command('pack')
    .description("join an orb's source tree (@orb.yml; commands, jobs, executors, examples) into one file, and print it")
    .argument('<dir>')
    .action(async (folder: string) => {
      const { packOrb } = await import('./orbs-pack.ts');
      process.stdout.write(await packOrb(folder));
    });
}
