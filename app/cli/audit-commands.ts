// Which commands are there about who did what, and about forgetting it?

import type { Command } from 'commander';
import type { AuditEntry, AuditFilter, ReadOptions } from '../../activities/control/audit-read.ts';
import type { AuditEvent } from '../../activities/control/audit.ts';
import type { AuditReport } from '../../activities/control/audit-verify.ts';
import type { Forgotten } from '../../activities/control/forget.ts';
import type { Ask } from '../control/ask.ts';
import { print, say } from './say.ts';
import { printable } from './printable.ts';
import { whole } from './whole.ts';

/** The log is read where it lies; no app need run. */
export type AuditPorts = {
  read(options: ReadOptions): AsyncIterable<AuditEntry>;
  matches(event: AuditEvent, filter: AuditFilter): boolean;
  verify(): Promise<AuditReport>;
  exportLines(): AsyncIterable<string>;
};


export function auditCommands(program: Command, askOf: () => Promise<Ask>, portsOf: () => Promise<AuditPorts>): void {
  const audit = program.command('audit').description('the signed log of who did what with keys, secrets and settings');

  audit
    .command('show')
    .description('show entries, newest first')
    .option('--limit <n>', 'how many', whole, 50)
    .option('--action <name>', 'only these, such as context.set')
    .option('--who <text>', 'only of somebody whose name holds this')
    .option('--json', 'as JSON, one object a line')
    .action(async ({ limit, json, ...filter }: { limit: number; json?: true } & AuditFilter) => {
      const { read, matches } = await portsOf();
      let left = limit;
      for await (const entry of read({ newestFirst: true })) {
        if ((filter.action !== undefined || filter.who !== undefined) && !(entry.event && matches(entry.event, filter))) continue;
        print(json ? JSON.stringify(entry) : textOf(entry));
        if (--left === 0) return;
      }
    });

  audit
    .command('verify')
    .description('look whether an entry was deleted, changed, moved or forged; exit code 1 when one was')
    .option('--json', 'as one JSON object')
    .action(async ({ json }: { json?: true }) => {
      const report = await (await portsOf()).verify();
      if (json) print(JSON.stringify(report, null, 2));
      else {
        for (const { sentence } of report.problems) print(printable(sentence));
        print(`${report.entries} entries${report.head === null ? '' : `, the newest is ${report.head.seq} with the hash ${report.head.hash}`}${report.problems.length === 0 ? ': whole' : ''}`);
        if (report.forgotten.length > 0) say(`Forgotten on request: ${report.forgotten.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ')}.`);
      }
      if (report.problems.length > 0) process.exitCode = 1;
    });

  audit
    .command('export')
    .description('print all of it, with what is needed to verify it elsewhere, as JSON lines')
    .action(async () => {
      for await (const line of (await portsOf()).exportLines()) print(line);
    });

  const forget = program.command('forget').description('delete what is kept about a repository or a person; the audit log stays verifiable');
  const done = (forgotten: Exclude<Forgotten, { refused: string }>): void => {
    say(`${forgotten.objects} objects and the contents of ${forgotten.entries} audit entries are gone.`);
    for (const note of forgotten.notes) say(note);
  };

  forget
    .command('repository')
    .description('its builds, logs, keys, variables and audit entries')
    .argument('<owner/name>')
    .option('--id <n>', 'its number, where GitHub does not know it any more', whole)
    .action(async (repository: string, { id }: { id?: number }) => done(await (await askOf())('forget.repository', { repository, ...(id !== undefined && { id }) })));

  forget
    .command('person')
    .description('their name and number in builds, and audit entries about them')
    .argument('<login>', 'as on GitHub')
    .requiredOption('--id <n>', 'their number on GitHub', whole)
    .action(async (login: string, { id }: { id: number }) => done(await (await askOf())('forget.person', { login, id })));
}

function textOf({ seq, at, event, problem }: AuditEntry): string {
  const head = [String(seq).padStart(6), at?.slice(0, 19).replace('T', ' ') ?? '?'];
  if (!event) return [...head, problem === null ? 'forgotten' : printable(problem.sentence)].join('  ');
  const { who, from, action, subject, details } = event;
  return [...head, printable(who), action, printable(subject), `(${printable(from)})`, ...(details === undefined ? [] : [printable(JSON.stringify(details))])].join('  ');
}
