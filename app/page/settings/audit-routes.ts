// Which pages show the audit log? Operators' alone.

import type { AuditEntry, AuditFilter, ReadOptions } from '../../../activities/control/audit-read.ts';
import type { AuditReport } from '../../../activities/control/audit-verify.ts';
import type { AuditEvent } from '../../../activities/control/audit.ts';
import { numberOf } from '../address.ts';
import { show, unlessOperator } from '../env.ts';
import type { PageApp } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { auditView, verdictView, type AuditQuery } from './audit-view.ts';

export type AuditLogPorts = {
  audit: {
    /** `before`: entries of lower numbers only; who does not know it answers more. */
    read(options: ReadOptions & { before?: number }): AsyncIterable<AuditEntry>;
    matches(event: AuditEvent, filter: AuditFilter): boolean;
    verify(): Promise<AuditReport>;
  };
};

const entriesOnPage = 50;
/** A search through a long log goes on by a link. */
const mostSearched = 5_000;

export function auditRoutes(app: PageApp, ports: CommonPorts & AuditLogPorts): void {
  app.use('/-/audit/*', async (c, next) => (await unlessOperator(c)) ?? next());

  app.get('/-/audit', async (c) => {
    const query: AuditQuery = { who: asked(c.req.query('who')), action: asked(c.req.query('action')), repository: asked(c.req.query('repository')), before: numberOf(c.req.query('before')) };
    const repositoryId = query.repository === '' ? null : await idOf(ports, query.repository);
    if (repositoryId === undefined) return show(c, auditView({ query, entries: [], next: null, unknown: query.repository, viewer: c.get('viewer') }));
    const filter = { ...(query.who !== '' && { who: query.who }), ...(query.action !== '' && { action: query.action }), ...(repositoryId !== null && { repositoryId }) };
    return show(c, auditView({ query, ...(await page(ports, filter, query.before)), unknown: null, viewer: c.get('viewer') }));
  });

  let verifying: Promise<AuditReport> | null = null;
  app.post('/-/audit/verify', async (c) => {
    // It reads all of the log: whoever asks meanwhile hears the same.
    verifying ??= ports.audit.verify().finally(() => (verifying = null));
    return show(c, verdictView(await verifying));
  });
}

const asked = (text: string | undefined): string => (text ?? '').trim().slice(0, 200);

/** By its name of now or before, or by its number; undefined for one that we never heard of. */
async function idOf(ports: CommonPorts, repository: string): Promise<number | undefined> {
  const [owner = '', name = ''] = repository.split('/');
  return numberOf(repository) ?? (await ports.repository(owner, name))?.id;
}

async function page({ audit }: AuditLogPorts, filter: AuditFilter, before: number | null): Promise<{ entries: AuditEntry[]; next: number | null }> {
  const isFiltered = Object.keys(filter).length > 0;
  const entries: AuditEntry[] = [];
  let searched = 0;
  for await (const entry of audit.read({ newestFirst: true, ...(before !== null && { before }) })) {
    if (before !== null && entry.seq >= before) continue;
    if (entries.length === entriesOnPage || searched === mostSearched) return { entries, next: entry.seq + 1 };
    searched += 1;
    // What is wrong with the log is said whoever is looked for.
    if (!isFiltered || entry.problem !== null || (entry.event && audit.matches(entry.event, filter))) entries.push(entry);
  }
  return { entries, next: null };
}
