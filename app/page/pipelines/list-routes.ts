// Which lists of pipelines are there?

import type { Lists } from '../../history/lists.ts';
import type { KnownRepository } from '../access/access.ts';
import { isSomebody, toSignIn } from '../access/only-readers.ts';
import { readableAmong } from '../access/readable.ts';
import { nothing } from '../env.ts';
import type { PageApp, PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';
import { askable, listPath, parseFilter } from './list-filter.ts';
import { basePath, listView } from './list-view.ts';
import { showUnlessSame } from './unchanged.ts';

export type ListPorts = { lists: Lists };

const onPage = 50;

export function listRoutes(app: PageApp, ports: CommonPorts & ListPorts): void {
  app.get('/', async (c) => (isSomebody(c) ? list(c, null) : toSignIn(c, ports)));

  app.get('/:owner/:name', (c) => (c.req.param('owner') === '-' ? nothing(c, 'page') : list(c, c.get('repository'))));

  async function list(c: PageContext, repository: KnownRepository | null): Promise<Response> {
    const viewer = c.get('viewer');
    const login = viewer.person?.login ?? null;
    const query = c.req.query();
    const { asked, filter, problem } = parseFilter(query, login, repository?.id ?? null);
    // Fields of the form that were left empty: what people share is the short address.
    if (askable.some((name) => query[name] === '')) return c.redirect(listPath(basePath(repository), asked));
    const before = query['before'] ?? null;
    const readable = async (repositories: KnownRepository[]): Promise<Set<number>> => new Set((await readableAmong(ports.access, viewer, repositories)).map(({ id }) => id));
    const listed = problem === null ? await ports.lists.pipelines(filter, { limit: onPage, before, readable }) : null;
    const shown = listView({ repository, asked, problem, listed, isOlder: before !== null, login, now: Date.now() });
    return showUnlessSame(c, shown, problem === null ? 200 : 422);
  }
}
