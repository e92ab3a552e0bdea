// Which pages of settings are there that belong to no repository?

import type { ListedRepository, RepositoryList, ShownRepository } from '../../control/repository-operations.ts';
import type { Repository } from '../../../config-schema/trigger.ts';
import { atLeast, GitHubIsAway, type Access, type Permission, type Viewer } from '../access/access.ts';
import { readableAmong } from '../access/readable.ts';
import { askerOf, nothing, sentence, show, unlessOperator } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { auditRoutes, type AuditLogPorts } from './audit-routes.ts';
import { contextRoutes } from './context-routes.ts';
import { doneNote, donePath } from './done.ts';
import { refusalOf } from './form.ts';
import { lookUp } from './look-up.ts';
import { indexView, mostRows, type Row } from './index-view.ts';
import { installationView, type Installation } from './installation-view.ts';

export type SettingsPorts = AuditLogPorts & {
  installation: Installation;
};

export function settingsRoutes(app: PageApp, ports: CommonPorts & SettingsPorts): void {
  app.get('/-/settings', async (c) => {
    const search = c.req.query('q') ?? '';
    const { repositories, problem } = await ports.ask<RepositoryList>('repositories.list', {}, askerOf(c));
    const found = repositories.filter(({ owner, name }) => `${owner}/${name}`.toLowerCase().includes(search.trim().toLowerCase()));
    return show(c, indexView({ ...(await rowsFor(c, ports, found)), search, problem: c.get('viewer').operator ? problem : problem && 'GitHub does not answer now, so only those are listed that were built here before.', viewer: c.get('viewer'), done: doneNote(c), version: ports.installation.version }));
  });

  // Here and not below the repository's name: one that was never built has no page yet.
  for (const [path, operation, done] of [['follow', 'repositories.follow', 'followed'], ['unfollow', 'repositories.unfollow', 'unfollowed']] as const) {
    app.post(`/-/settings/${path}`, async (c) => {
      const repository = c.get('form').get('repository') ?? '';
      if (!(await mayAdminister(c, ports, repository))) return nothing(c, 'repository');
      const refused = await refusalOf(() => ports.ask(operation, { repository }, askerOf(c)));
      return refused === null ? c.redirect(donePath('/-/settings', done), 303) : sentence(c, 'Not done', refused, 422);
    });
  }

  app.get('/-/settings/installation', async (c) => (await unlessOperator(c)) ?? show(c, installationView(ports.installation)));

  contextRoutes(app, ports);
  auditRoutes(app, ports);
}

/** The same answer for a repository that there is not and for one that is none of this person's business. */
async function mayAdminister(c: PageContext, ports: CommonPorts, name: string): Promise<boolean> {
  const shown = await lookUp<ShownRepository>(c, ports, 'repositories.show', { repository: name });
  if ('refused' in shown || !atLeast(await ports.access.permission(c.get('viewer'), shown.repository), 'admin')) return false;
  const now = await lookUp<{ repository: Repository }>(c, ports, 'repositories.find', { repository: name });
  return !('refused' in now) && now.repository.id === shown.repository.id;
}

const lookedAtAtOnce = 64;

/** Those that this person may see, with what they may do, up to as many as a page shows. */
async function rowsFor(c: PageContext, { access }: CommonPorts, repositories: readonly ListedRepository[]): Promise<{ rows: Row[]; hasMore: boolean }> {
  const viewer = c.get('viewer');
  const rows: Row[] = [];
  for (let from = 0; from < repositories.length && rows.length <= mostRows; from += lookedAtAtOnce) {
    const readable = await readableAmong(access, viewer, repositories.slice(from, from + lookedAtAtOnce));
    rows.push(...(await Promise.all(readable.map(async (repository) => ({ repository, permission: await permissionOf(access, viewer, repository) })))));
  }
  return { rows: rows.slice(0, mostRows), hasMore: rows.length > mostRows };
}

/** For buttons only, so it is not asked for who has none, and nobody need wait for GitHub. */
async function permissionOf(access: Access, viewer: Viewer, repository: ListedRepository): Promise<Permission> {
  if (viewer.csrf === null) return 'read';
  return access.permission(viewer, repository).catch((error: unknown) => {
    if (error instanceof GitHubIsAway) return 'read';
    throw error;
  });
}
