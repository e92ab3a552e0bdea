// `roundhouse builders`, `drain`, `resume`: which builders are there, and which of them take work?

import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { BuilderSight } from '../../activities/builder/announcement.ts';
import type { Ask } from '../control/ask.ts';
import { printable } from './printable.ts';
import { print, say } from './say.ts';

type Listed = Omit<BuilderSight, 'publicKey'>;

export function builderCommands(program: Command, askOf: () => Promise<Ask>): void {
  program
    .command('builders')
    .description('list builders: what they offer, and how much of it is used')
    .option('--json', 'as JSON, one object a line')
    .action(async ({ json }: { json?: true }) => {
      const { builders } = await (await askOf())<{ builders: Listed[] }>('builders.list', {});
      if (!json && builders.length === 0) say('No builder was ever seen. Start one: roundhouse builder');
      for (const builder of builders) print(json ? JSON.stringify(builder) : line(builder));
    });

  program
    .command('drain')
    .description('have a builder take no new work, also after its restart; what it runs goes on')
    .argument('<builder>')
    .action(async (builder: string) => {
      const { sandboxes } = await (await askOf())<{ sandboxes: number }>('builders.drain', { builder });
      say(`Builder ${builder} takes no new work. ${sandboxes === 0 ? 'It runs nothing.' : `It still runs ${sandboxes} ${sandboxes === 1 ? 'sandbox' : 'sandboxes'}.`} Back to work: roundhouse resume ${builder}`);
    });

  program
    .command('resume')
    .description('have a drained builder take work again')
    .argument('<builder>')
    .action(async (builder: string) => {
      await (await askOf())('builders.resume', { builder });
      say(`Builder ${builder} takes work.`);
    });
}

function line({ id, connected, draining, version, classes, capacity, used, sandboxes, seenAt }: Listed): string {
  const state = !connected ? styleText('red', `gone since ${seenAt.slice(0, 16).replace('T', ' ')} UTC`) : draining ? styleText('yellow', 'draining') : styleText('green', 'takes work');
  const room = `${used.cpus} of ${capacity.cpus} CPUs  ${gigabytes(used.memoryBytes)} of ${gigabytes(capacity.memoryBytes)} GB`;
  return [printable(id), state, room, `${sandboxes.length} ${sandboxes.length === 1 ? 'sandbox' : 'sandboxes'}`, printable(version), printable(Object.keys(classes).join(', '))].join('  ');
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
