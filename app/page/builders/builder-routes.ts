// Which builders are there, what waits for them, and how does an operator drain one?

import { parseAddress } from '../../../config-schema/address.ts';
import type { PipelineView } from '../../../config-schema/view.ts';
import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import { Refused } from '../../control/operation.ts';
import { currentNames, type Names } from '../../history/names.ts';
import { offers, queues } from '../../queues.ts';
import { GitHubIsAway, type Access, type KnownRepository, type Viewer } from '../access/access.ts';
import { readableAmong } from '../access/readable.ts';
import { askerOf, sentence, show, unlessOperator } from '../env.ts';
import type { PageApp } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { buildersView } from './builders-view.ts';

export type BuilderPorts = {
  /** Every builder that was ever seen. */
  sights(): Promise<BuilderSight[]>;
  /** How all open pipelines stand; cheap to ask again (app/open-pipelines.ts). */
  openViews(): Promise<PipelineView[]>;
  /** Of this app. */
  version: string;
};

const path = '/-/builders';

export function builderRoutes(app: PageApp, ports: CommonPorts & BuilderPorts): void {
  const names = currentNames(ports.store);

  app.get(path, async (c) => {
    const viewer = c.get('viewer');
    const [sights, views] = await Promise.all([ports.sights(), ports.openViews().catch(() => null)]);
    const waiting = queues(views ?? [], Date.now());
    const ids = new Set([...sights.flatMap(({ sandboxes }) => sandboxes.map(({ address }) => repositoryIn(address))), ...waiting.flatMap((queue) => queue.waiting.map(({ repositoryId }) => repositoryId))]);
    const readable = await readableOf(ports.access, names, viewer, [...ids].filter((id) => id !== null));
    return show(c, buildersView({ sights, queues: waiting, offers: offers(sights), temporalIsAway: views === null, readable, version: ports.version, viewer, now: Date.now() }));
  });

  for (const wanted of ['drain', 'resume'] as const) {
    app.post(`${path}/:builder/${wanted}`, async (c) => {
      const refused = unlessOperator(c);
      if (refused) return refused;
      try {
        await ports.ask(`builders.${wanted}`, { builder: c.req.param('builder') }, askerOf(c));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return sentence(c, 'Not done', error.message, 422);
      }
      return c.redirect(path, 303);
    });
  }
}

/** Builders know repositories by their numbers alone. */
const repositoryIn = (address: string): number | null => {
  const name = parseAddress(address)?.name ?? '';
  return /^\d{1,15}$/.test(name) ? Number(name) : null;
};

/** Those that the viewer may read, by their numbers. */
async function readableOf(access: Access, names: Names, viewer: Viewer, ids: number[]): Promise<Map<number, KnownRepository>> {
  await names.learn(ids);
  const known = ids.flatMap((id): KnownRepository[] => {
    const name = names.of(id);
    return name ? [{ id, ...name }] : [];
  });
  // Without GitHub's word nothing is named, but builders are still shown.
  const readable = await readableAmong(access, viewer, known).catch((error: unknown) => (error instanceof GitHubIsAway ? [] : Promise.reject(error)));
  return new Map(readable.map((repository) => [repository.id, repository]));
}
