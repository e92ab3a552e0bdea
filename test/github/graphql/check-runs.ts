// What can be asked of a check run?

import { type Annotation, type CheckRun, fullName } from '../state.ts';
import { nodeId } from '../shapes.ts';
import { connection, type Page } from './connection.ts';
import { type Context, type Fields, need } from './context.ts';

/** Without `databaseId`: GraphQL's Int is too small for it. */
export function checkRunFields(context: Context, run: CheckRun): Fields {
  const { world, types } = context;
  const { repository } = run.suite;
  need(context, repository, 'checks');
  const resourcePath = `/${fullName(repository)}/runs/${run.id}`;
  return {
    __typename: 'CheckRun',
    id: nodeId('CR', repository.id, run.id),
    name: run.name,
    externalId: run.externalId,
    detailsUrl: run.detailsUrl,
    status: run.status.toUpperCase(),
    conclusion: run.conclusion?.toUpperCase() ?? null,
    startedAt: run.startedAt,
    completedAt: run.completedAt,
    title: run.output.title,
    summary: run.output.summary,
    text: run.output.text,
    url: `${world.html}${resourcePath}`,
    permalink: `${world.html}${resourcePath}`,
    resourcePath,
    repository: () => types.repository(repository),
    annotations: (page: Page) => connection('annotations', page, run.output.annotations, annotationFields),
  };
}

const annotationFields = ({ path, start_line, end_line, annotation_level, title, message }: Annotation): Fields => ({
  path,
  title,
  message,
  annotationLevel: annotation_level?.toUpperCase() ?? null,
  location: { start: { line: start_line, column: null }, end: { line: end_line, column: null } },
});
