// What can a mutation change?

import { createRun, updateRun, type RunBody } from '../check-runs.ts';
import { HttpError } from '../http-error.ts';
import { readNodeId } from '../shapes.ts';
import type { App, CheckRun, Repository } from '../state.ts';
import { maySee, mayUse } from '../tokens.ts';
import { type Context, type Fields, typed } from './context.ts';

type RunInput = {
  repositoryId: string;
  clientMutationId?: string | null;
  name?: string;
  detailsUrl?: string;
  externalId?: string;
  status?: string;
  startedAt?: string;
  conclusion?: string;
  completedAt?: string;
  output?: { title: string; summary: string; text?: string; annotations?: AnnotationInput[] };
  actions?: CheckRun['actions'];
};
type AnnotationInput = { path: string; location: { startLine: number; endLine: number; startColumn?: number; endColumn?: number }; annotationLevel: string; message: string; title?: string; rawDetails?: string };

export function mutationRoot(context: Context): Fields {
  const { world } = context;
  const answer = ({ clientMutationId = null }: RunInput, run: CheckRun): Fields => ({ clientMutationId, checkRun: () => context.types.checkRun(run) });
  return {
    createCheckRun: ({ input }: { input: RunInput & { name: string; headSha: string } }) =>
      refusing(async () => {
        const { app, repository } = writable(context, input);
        return answer(input, await createRun(world, app, repository, { ...bodyOf(input), name: input.name, head_sha: input.headSha }, 'createCheckRun'));
      }),
    updateCheckRun: ({ input }: { input: RunInput & { checkRunId: string } }) =>
      refusing(async () => {
        const { app, repository } = writable(context, input);
        const found = readNodeId(input.checkRunId);
        const run = found?.prefix === 'CR' ? world.state.runs.get(found.ids[1] ?? 0) : undefined;
        if (run?.suite.repository !== repository) throw unresolved(input.checkRunId);
        await updateRun(world, app, run, bodyOf(input), 'updateCheckRun');
        return answer(input, run);
      }),
  };
}

const unresolved = (id: string) => typed('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'`);

function writable({ world, caller }: Context, { repositoryId }: RunInput): { app: App; repository: Repository } {
  const found = readNodeId(repositoryId);
  const repository = found?.prefix === 'R' ? world.state.repositories.get(found.ids[0] ?? 0) : undefined;
  if (repository === undefined || !maySee(caller, repository)) throw unresolved(repositoryId);
  if (caller.kind !== 'installation' || !mayUse(caller.token, repository, 'checks', 'write')) throw typed('FORBIDDEN', 'Resource not accessible by integration');
  return { app: caller.token.installation.app, repository };
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw typed(error.status === 403 ? 'FORBIDDEN' : 'UNPROCESSABLE', error.message);
  }
}

/** As REST spells it. */
function bodyOf({ name, detailsUrl, externalId, status, startedAt, conclusion, completedAt, output, actions }: RunInput): RunBody {
  const body = {
    name,
    details_url: detailsUrl,
    external_id: externalId,
    status: status?.toLowerCase(),
    started_at: startedAt,
    conclusion: conclusion?.toLowerCase(),
    completed_at: completedAt,
    output: output && { ...output, annotations: output.annotations?.map(annotation) },
    actions,
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value != null)) as RunBody;
}

const annotation = ({ path, location, annotationLevel, message, title, rawDetails }: AnnotationInput) => ({
  path,
  start_line: location.startLine,
  end_line: location.endLine,
  start_column: location.startColumn ?? null,
  end_column: location.endColumn ?? null,
  annotation_level: annotationLevel.toLowerCase(),
  message,
  title: title ?? null,
  raw_details: rawDetails ?? null,
});
