// `roundhouse builds`: which pipelines are there, and how did they end?

import { styleText } from 'node:util';
import type { Outcome } from '../../config-schema/outcome.ts';
import { branchOf, tagOf } from '../../config-schema/trigger.ts';
import type { BuildLine } from '../../config-schema/view.ts';
import { listBuilds } from '../builds.ts';
import { findRepository, type Ports } from './ports.ts';
import { printable } from './printable.ts';
import { Problem } from './problem.ts';

export async function printBuilds(ports: Ports, repository: string | undefined, { limit, json }: { limit: number; json?: true }): Promise<void> {
  const lines = await listBuilds(ports, { limit, ...(repository !== undefined && { repositoryId: await idOf(ports, repository) }) });
  printLines(lines, json);
}

/** As the API has it too. */
export type ShownLine = Omit<BuildLine, 'repositoryId'>;

export function printLines(lines: readonly ShownLine[], json: true | undefined): void {
  if (!json && lines.length === 0) process.stderr.write('No pipelines yet. Push to a repository on which the GitHub App is installed.\n');
  for (const line of lines) process.stdout.write(json ? `${JSON.stringify(line)}\n` : `${text(line)}\n`);
}

async function idOf({ store }: Ports, repository: string): Promise<number> {
  const [owner, name, ...rest] = repository.split('/');
  if (!owner || !name || rest.length > 0) throw new Problem(`${repository} is no repository. Write OWNER/NAME.`, 2);
  return findRepository(store, owner, name);
}

function text(line: ShownLine): string {
  const what = branchOf(line.ref) ?? tagOf(line.ref) ?? line.ref;
  const state = line.outcome ?? line.state;
  const first = [`${line.owner}/${line.name}#${line.number}`, styleText(colorOf(line.outcome), state), printable(what), line.sha.slice(0, 8), duration(line), ...(line.schedule === undefined ? [] : [`schedule ${printable(line.schedule)}`]), printable(line.subject)].join('  ');
  return line.reason === undefined ? first : `${first}\n    ${printable(line.reason)}`;
}

const colorOf = (outcome: Outcome | null): 'green' | 'red' | 'yellow' | 'gray' => {
  if (outcome === null) return 'yellow';
  if (outcome === 'passed') return 'green';
  return outcome === 'skipped' || outcome === 'not-run' ? 'gray' : 'red';
};

function duration({ startedAt, endedAt }: ShownLine): string {
  const seconds = Math.round(((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}
