// Which pipelines are there, and how does a program start one?

import * as z from 'zod';
import type { Filter } from '../history/filter.ts';
import type { KnownRepository, Viewer } from '../page/access/access.ts';
import { readableAmong } from '../page/access/readable.ts';
import { givenParameters, refName } from '../trigger.ts';
import { pageOf, pipelineAnswer, showPipeline } from './answers.ts';
import type { RoutePorts } from './ports.ts';
import { get, post, type Route } from './route.ts';

const perPage = 20;
const mostPerPage = 100;

const query = z.object({
  branch: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(mostPerPage).optional().describe(`How many at most; ${perPage} when absent.`),
  'page-token': z.string().max(200).optional().describe('The `next_page_token` of the page before.'),
});
const answer = pageOf(pipelineAnswer);
const begun = z.strictObject({ id: z.uuid().nullable().describe('null: it begins, and its number is long in coming.'), state: z.literal('pending'), number: z.int().nullable(), created_at: z.iso.datetime() });

export function listRoutes(ports: RoutePorts): Route[] {
  const { find, uuidOf } = ports;

  async function list(viewer: Viewer, { branch, limit = perPage, 'page-token': before = null }: { branch?: string | undefined; limit?: number | undefined; 'page-token'?: string | null | undefined }, repository: KnownRepository | null): Promise<z.input<typeof answer>> {
    const filter: Filter = { ...(repository && { repositoryId: repository.id }), ...(branch !== undefined && { branch }), words: [] };
    const readable = async (repositories: KnownRepository[]): Promise<Set<number>> => new Set((await readableAmong(ports.access, viewer, repositories)).map(({ id }) => id));
    const { lines, next } = await ports.lists.pipelines(filter, { limit, before, readable });
    return { items: lines.map((line) => showPipeline(ports, line)), next_page_token: next };
  }

  return [
    get('/pipeline', { summary: 'Pipelines of all repositories that you may read, newest first', query, answer, run: (asked) => list(asked.viewer, asked.query, null) }),
    get('/project/{vcs}/{owner}/{name}/pipeline', { summary: 'Pipelines of a repository, newest first', query, answer, run: (asked) => list(asked.viewer, asked.query, asked.repository) }),

    post('/project/{vcs}/{owner}/{name}/pipeline', {
      summary: 'Start a pipeline for what a branch or tag holds now',
      body: z.strictObject({ branch: refName.optional(), tag: refName.optional(), parameters: givenParameters.optional() }).describe('Neither branch nor tag: the default branch.'),
      status: 201,
      answer: begun,
      async run({ repository, body: { branch, tag, parameters = {} }, person, asker }) {
        const number = await ports.trigger({ repository: `${repository.owner}/${repository.name}`, branch, tag, parameters }, { event: 'api', by: person }, asker);
        const id = number === null ? null : uuidOf('pipeline', repository.id, number);
        if (id !== null) await find.remember(id, repository.id, number!);
        return { id, state: 'pending' as const, number, created_at: new Date().toISOString() };
      },
    }),
  ];
}
