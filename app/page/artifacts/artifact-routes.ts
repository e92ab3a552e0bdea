// How do the artifacts of a slice come to a browser or a program?

import { artifactFolder } from '../../../config-schema/artifact.ts';
import { artifactPath, findJob, jobPlace } from '../address.ts';
import { nothing, show } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { addressOfPage, artifactsOf, serveArtifact, wantsPage, withoutTicket } from './artifacts.ts';
import type { SlicePlace } from './artifacts.ts';
import { artifactsView } from './artifacts-view.ts';

export function artifactRoutes(app: PageApp, ports: CommonPorts): void {
  const path = '/:owner/:name/:pipeline{[0-9]{1,15}}/:workflow/:job/:slice{[0-9]{1,9}}/artifacts';
  app.get(`${path}/*`, (c) => answer(c));
  app.get(path, (c) => answer(c));

  async function answer(c: PageContext): Promise<Response> {
    const place: SlicePlace = { ...jobPlace(c), slice: Number(c.req.param('slice')) };
    const found = await findJob(ports, place);
    const slice = found?.job.slices.find(({ index }) => index === place.slice);
    if (!found || !slice) return nothing(c, 'slice');
    const { pipeline } = found;
    const { path, hasTicket } = withoutTicket(partsBelow(c.req.url), pipeline, place);
    const stored = await artifactsOf(ports.store, pipeline, place, slice);
    const file = stored.find((artifact) => artifact.path === path);
    if (file && !hasTicket && wantsPage(file, c.req.raw.headers)) return c.redirect(addressOfPage(pipeline, place, file));
    if (file) return serveArtifact(ports.store, file, c.req.raw.headers, hasTicket);
    const isForPrograms = c.req.query('format') === 'json' || (c.req.header('accept') ?? '').startsWith('application/json');
    if (isForPrograms) return c.json(stored.filter((artifact) => path === '' || artifact.path.startsWith(`${path}/`)).map((artifact) => ({ path: artifact.path, url: artifactPath(place, artifact.path), bytes: artifact.bytes, type: artifact.type, sha256: artifact.sha256 })));
    const folder = artifactFolder(stored, path);
    return folder ? show(c, artifactsView(place, path, folder)) : nothing(c, 'artifact');
  }
}

/** What stands after the eighth slash, decoded: names of artifacts may hold anything but a slash. Nothing that is empty, as at the end. */
function partsBelow(url: string): string[] {
  try {
    return new URL(url).pathname.split('/').slice(8).filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    return ['%'];
  }
}
