// What may be read of refs?

import type { Answer, Call, Route } from './route.ts';
import { notFound, repoUrl, useRepository } from './route.ts';
import type { Repository } from '../state.ts';
import { listRefs } from '../git.ts';
import { nodeId } from '../shapes.ts';

type Json = Record<string, unknown>;

export const refRoutes: Route[] = [
  { operation: 'GET /repos/{owner}/{repo}/git/ref/{ref}', handle: getRef },
  { operation: 'GET /repos/{owner}/{repo}/git/matching-refs/{ref}', handle: matchingRefs },
];

function refShape(call: Call, repository: Repository, found: { ref: string; sha: string; type: string }): Json {
  const url = repoUrl(call, repository);
  const [, kind = '', ...names] = found.ref.split('/');
  return {
    ref: found.ref,
    node_id: nodeId('REF', repository.id),
    url: `${url}/git/refs/${kind}/${names.map(encodeURIComponent).join('/')}`,
    object: { type: found.type, sha: found.sha, url: `${url}/git/${found.type}s/${found.sha}` },
  };
}

async function getRef(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const wanted = `refs/${(call.path['ref'] ?? '').replace(/^refs\//, '')}`;
  const found = (await listRefs(repository.path, wanted)).find((candidate) => candidate.ref === wanted);
  if (found === undefined) throw notFound();
  return { status: 200, body: refShape(call, repository, found) };
}

async function matchingRefs(call: Call): Promise<Answer> {
  const repository = useRepository(call, 'contents', 'read');
  const prefix = `refs/${call.path['ref'] ?? ''}`;
  const found = (await listRefs(repository.path, 'refs')).filter((candidate) => candidate.ref.startsWith(prefix));
  return { status: 200, body: found.map((each) => refShape(call, repository, each)) };
}
