// How does the command line reach the control process? By a unix socket in the data folder, which only its owner can open.

import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { Refused, type Asker, type Operation } from './operation.ts';
import { isSentence, runOperation } from './run-operation.ts';
import { socketPath } from './socket-path.ts';

/** One answer for each request: POST /NAME with `{asker, input}`. 200 and the answer, or 422 and `{problem}`: a sentence for the person. */
export type Request = { asker: Asker; input: unknown };

const mostBytes = 16 * 1024 * 1024;
const request = z.strictObject({ asker: z.strictObject({ who: z.string().min(1).max(200), from: z.string().min(1).max(200) }), input: z.unknown() });

export async function serveControl(options: { dataFolder: string; operations: ReadonlyMap<string, Operation>; log: { error: (fields: object, message: string) => void } }): Promise<{ close(): Promise<void> }> {
  const { dataFolder, operations, log } = options;
  const path = socketPath(dataFolder);
  const server = createServer((req, res) => {
    void answer(req).then(
      ({ status, body }) => reply(res, status, body),
      (error: unknown) => {
        if (isSentence(error)) return reply(res, 422, { problem: error.message });
        log.error({ err: error, operation: req.url }, 'an operation failed');
        reply(res, 500, { problem: 'Roundhouse failed at this; the log of the app has the reason.' });
      },
    );
  });

  async function answer(req: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const found = operations.get((req.url ?? '').slice(1));
    if (req.method !== 'POST' || !found) return { status: 404, body: { problem: 'this Roundhouse does not know that operation. Are the app and the command line of one version?' } };
    const { asker, input } = request.parse(JSON.parse(await textOf(req)));
    return { status: 200, body: await runOperation(found, input, asker) };
  }

  // Of a process that was killed.
  await rm(path, { force: true });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function textOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > mostBytes) throw new Refused('what was sent is larger than 16 MB.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function reply(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
