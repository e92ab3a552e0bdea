// How does a command reach a Roundhouse on another machine? By its API, with a person's token.

import type { Ask } from '../control/ask.ts';
import type { RerunOf } from '../../config-schema/trigger.ts';
import type { Remote } from './login.ts';
import { Problem } from './problem.ts';

type Named = { repository: string; number: number };

/** What a person may ask, of the operations of app/control/operations.ts; the others are the machine's own. */
const asked: Record<string, (remote: Remote, input: never) => Promise<unknown>> = {
  'pipelines.rerun': async (remote, { what, ...of }: Named & { what: RerunOf }) => {
    const { pipeline_number } = await callApi<{ pipeline_number: number | null }>(remote, 'POST', `${pathOf(of)}/rerun`, { what });
    return { number: pipeline_number };
  },
  'pipelines.cancel': (remote, { repository, number, ...part }: Named) => callApi(remote, 'POST', `${pathOf({ repository, number })}/cancel`, part),
  'pipelines.approve': (remote, { repository, number, ...job }: Named) => callApi(remote, 'POST', `${pathOf({ repository, number })}/approve`, job),
  'pipelines.allow': (remote, of: Named) => callApi(remote, 'POST', `${pathOf(of)}/allow`),
  'pipelines.why': async (remote, { repository, number, ...of }: Named & Record<string, string>) => {
    const { items } = await callApi<{ items: unknown }>(remote, 'GET', `${pathOf({ repository, number })}/why?${new URLSearchParams(of).toString()}`);
    return { answers: items };
  },
  'pipelines.trigger': (remote, { repository, ...what }: { repository: string }) => callApi(remote, 'POST', `${projectPath(repository)}/pipeline`, what),
  'commits.why': () => Promise.reject(new Problem('of a commit alone only the machine of Roundhouse knows. Name a pipeline: OWNER/NAME#PIPELINE', 2)),
};

/** What is not for a person to ask goes to `here`. */
export const askRemote =
  (remote: Remote, here: Ask): Ask =>
  async <Answer>(operation: string, input: unknown): Promise<Answer> =>
    (asked[operation] ? await asked[operation](remote, input as never) : await here(operation, input)) as Answer;

export const projectPath = (repository: string): string => `/project/gh/${repository.split('/').map(encodeURIComponent).join('/')}`;
const pathOf = ({ repository, number }: Named): string => `${projectPath(repository)}/pipeline/${number}`;

/** `path` is below /api/v2. Throws Problem with the sentence that came back. */
export async function callApi<Answer>(remote: Remote, method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
  const answer = await send(remote, `/api/v2${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const read = (await answer.json().catch(() => null)) as { message?: string } | null;
  if (read === null || (!answer.ok && typeof read.message !== 'string')) throw new Problem(`${remote.url} answered ${answer.status}, and not as a Roundhouse does. Is that its address?`, 3);
  if (!answer.ok) throw new Problem(read.message!, answer.status >= 500 || answer.status === 429 ? 3 : 2);
  return read as Answer;
}

/** `path` is of the page. Throws Problem unless the answer is 200. */
export async function fetchFrom(remote: Remote, path: string): Promise<Response> {
  const answer = await send(remote, path, {});
  if (answer.status !== 200) throw new Problem(answer.status === 404 ? `${path} is not there, or not for you to see.` : `${remote.url} answered ${answer.status} to ${path}.`, answer.status >= 500 ? 3 : 2);
  return answer;
}

/** Follows no redirection: the token is for this address. */
async function send({ url, token }: Remote, path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(`${url}${path}`, { ...options, redirect: 'manual', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' } });
  } catch (cause) {
    const because = (cause as { cause?: { message?: string } }).cause?.message ?? (cause as Error).message;
    throw new Problem(`${url} does not answer: ${because}`, 3, { cause });
  }
}
