// How do the artifacts of a slice come to a browser or a program?

import { artifactFolder } from '../../../config-schema/artifact.ts';
import type { Next } from 'hono';
import { artifactPath, findJob, jobPlace } from '../address.ts';
import { nothing, show } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { addressOfPage, artifactsOf, isGoodTicket, looksLikeTicket, serveArtifact, wantsPage } from './artifacts.ts';
import type { ShownArtifact, SlicePlace } from './artifacts.ts';
import { artifactsView } from './artifacts-view.ts';

const path = '/:owner/:name/:pipeline{[0-9]{1,15}}/:workflow/:job/:slice{[0-9]{1,9}}/artifacts';

export function artifactRoutes(app: PageApp, ports: CommonPorts): void {
  app.get(`${path}/*`, (c) => answer(c));
  app.get(path, (c) => answer(c));

  async function answer(c: PageContext): Promise<Response> {
    const place = placeOf(c);
    const stored = await storedIn(ports, place);
    if (!stored) return nothing(c, 'slice');
    const parts = partsBelow(c.req.url);
    const hasTicket = isGoodTicket(parts[0], place);
    const path = parts.slice(hasTicket ? 1 : 0).join('/');
    const file = stored.find((artifact) => artifact.path === path);
    if (file && !hasTicket && wantsPage(file, c.req.raw.headers)) return c.redirect(addressOfPage(place, file));
    if (file) return serveArtifact(ports.store, file, c.req.raw.headers, hasTicket);
    // Whoever may read here needs no ticket: one that is too old, in a bookmark, is passed over.
    if (!hasTicket && looksLikeTicket(parts[0])) return c.redirect(artifactPath(place, parts.slice(1).join('/')));
    const isForPrograms = c.req.query('format') === 'json' || (c.req.header('accept') ?? '').startsWith('application/json');
    if (isForPrograms) return c.json(stored.filter((artifact) => path === '' || artifact.path.startsWith(`${path}/`)).map((artifact) => ({ path: artifact.path, url: artifactPath(place, artifact.path), bytes: artifact.bytes, type: artifact.type, sha256: artifact.sha256 })));
    const folder = artifactFolder(stored, path);
    return folder ? show(c, artifactsView(place, path, folder)) : nothing(c, 'artifact');
  }
}

/** What the page of an artifact asks for in the name of nobody. Comes before the door: the ticket alone opens, but no window. */
export function ticketRoutes(app: PageApp, ports: CommonPorts): void {
  app.get(`${path}/*`, async (c: PageContext, next: Next): Promise<Response | void> => {
    const [ticket, ...parts] = partsBelow(c.req.url);
    const place = placeOf(c);
    const mode = c.req.header('sec-fetch-mode');
    // Only browsers that say this are given tickets (`wantsPage`).
    if (mode === undefined || mode === 'navigate' || !isGoodTicket(ticket, place)) return next();
    const file = (await storedIn(ports, place))?.find((artifact) => artifact.path === parts.join('/'));
    return file ? serveArtifact(ports.store, file, c.req.raw.headers, true) : nothing(c, 'artifact');
  });
}

const placeOf = (c: PageContext): SlicePlace => ({ ...jobPlace(c), slice: Number(c.req.param('slice')) });

/** Null where there is no such slice. */
async function storedIn(ports: CommonPorts, place: SlicePlace): Promise<ShownArtifact[] | null> {
  const found = await findJob(ports, place);
  const slice = found?.job.slices.find(({ index }) => index === place.slice);
  return found && slice ? artifactsOf(ports.store, found.pipeline, place, slice) : null;
}

/** What stands after the eighth slash, decoded: names of artifacts may hold anything but a slash. Nothing that is empty, as at the end. */
function partsBelow(url: string): string[] {
  try {
    return new URL(url).pathname.split('/').slice(8).filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return ['%'];
  }
}
