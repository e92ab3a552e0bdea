// How does another program start a pipeline that can do no more than call an address? POST /hooks/OWNER/NAME?token=TOKEN

import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { Refused } from './control/operation.ts';
import { isSentence } from './control/run-operation.ts';
import { GitHubIsAway, type KnownRepository, type Person } from './page/access/access.ts';
import type { Handler } from './server.ts';
import { givenParameters, refName, type StartPipeline } from './trigger.ts';

export type HookPorts = {
  /** Null for one that we never heard of. */
  repository(owner: string, name: string): Promise<KnownRepository | null>;
  /** Whose token it is, if it is for starting pipelines of this repository, and GitHub lets its person write there. Throws GitHubIsAway. */
  mayTrigger(token: string, repository: KnownRepository): Promise<Person | null>;
  /** See app/trigger.ts. */
  trigger: StartPipeline;
  now?: () => number;
};

const mostBytes = 64 * 1024;
const mostInAMinute = 30;
const minuteMs = 60_000;

/** Whatever else the sender says is passed over. */
const body = z.object({ branch: refName.optional(), tag: refName.optional(), parameters: givenParameters.optional() });

export function hookHandler(ports: HookPorts): Handler {
  const { now = Date.now } = ports;
  /** When each repository was asked for something in the last minute. */
  const recent = new Map<number, number[]>();

  return async (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://x');
    const [, owner, name] = /^\/hooks\/([\w.-]+)\/([\w.-]+)$/.exec(pathname) ?? [];
    if (req.method !== 'POST' || owner === undefined || name === undefined) return false;
    try {
      const repository = await ports.repository(owner, name);
      const token = /^bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? searchParams.get('token') ?? '';
      const person = repository && (await ports.mayTrigger(token, repository));
      if (!repository || !person) return answer(res, 401, { message: `This takes a token for starting pipelines of ${owner}/${name}, and none that is good came with it. Make one on the page, under your name.` });
      if (isTooMuch(repository.id)) return answer(res, 429, { message: `At most ${mostInAMinute} pipelines of a repository are started in a minute. Come again later.` }, { 'retry-after': '60' });
      const text = await read(req);
      if (text === null) return answer(res, 413, { message: `The body has at most ${mostBytes} bytes.` }, { connection: 'close' });
      const asked = askedFor(text);
      if (typeof asked === 'string') return answer(res, 422, { message: asked });
      const fullName = `${repository.owner}/${repository.name}`;
      const number = await ports.trigger({ ...asked, repository: fullName, parameters: asked.parameters ?? {} }, { event: 'webhook', by: person }, { who: `github:${person.id} ${person.login}`, from: 'hook' });
      return answer(res, 201, { repository: fullName, number });
    } catch (error) {
      if (error instanceof Refused) return answer(res, 422, { message: error.message });
      if (error instanceof GitHubIsAway || isSentence(error)) return answer(res, 503, { message: `${error.message}. Come again later.` }, { 'retry-after': '60' });
      throw error;
    }
  };

  function isTooMuch(repositoryId: number): boolean {
    const times = (recent.get(repositoryId) ?? []).filter((at) => at > now() - minuteMs);
    const isFull = times.length >= mostInAMinute;
    recent.set(repositoryId, isFull ? times : [...times, now()]);
    return isFull;
  }
}

/** A sentence where the body is not what it should be. */
function askedFor(text: string): z.infer<typeof body> | string {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The body is no JSON. Send an object with branch or tag, and parameters, or nothing.';
  }
  const judged = body.safeParse(value);
  return judged.success ? judged.data : judged.error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`).join('; ');
}

/** Null when it is too long. */
async function read(req: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    if ((bytes += chunk.length) > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(res: ServerResponse, status: number, value: object, headers: Record<string, string> = {}): true {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }).end(`${JSON.stringify(value)}\n`);
  return true;
}
