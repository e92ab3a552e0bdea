// How does a command ask the control process?

import { request } from 'node:http';
import { hostname, userInfo } from 'node:os';
import { json } from 'node:stream/consumers';
import { Problem } from '../cli/problem.ts';
import { socketPath } from './socket-path.ts';

export type Ask = <Answer>(operation: string, input: unknown) => Promise<Answer>;

/** Throws Problem with the sentence that it was refused with, or when no app runs here. */
export function askControl(dataFolder: string): Ask {
  return async <Answer>(operation: string, input: unknown): Promise<Answer> => {
    const asker = { who: `operator ${process.env.SUDO_USER ?? userInfo().username}`, from: `command line at ${hostname()}` };
    const { status, body } = await post(socketPath(dataFolder), operation, JSON.stringify({ asker, input }));
    if (status === 200) return body as Answer;
    throw new Problem((body as { problem?: string }).problem ?? `the app answered ${status}`, status === 422 ? 2 : 3);
  };
}

/** Of what the command line does by itself: the audit log is the app's to write. */
export async function noteInAudit(ask: Ask, event: { action: string; subject: string; repositoryId?: number; details: Record<string, unknown> }): Promise<void> {
  try {
    await ask('audit.note', event);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`This is not in the audit log: ${error.message}\n`);
  }
}

function post(path: string, operation: string, text: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: path, path: `/${operation}`, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode ?? 500, body }), reject);
    });
    asking.on('error', (cause: NodeJS.ErrnoException) => reject(new Problem(sentenceFor(cause, path), 3, { cause })));
    asking.end(text);
  });
}

function sentenceFor({ code, message }: NodeJS.ErrnoException, path: string): string {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `no Roundhouse app runs with this data folder (${path} does not answer). Start it: roundhouse up`;
  if (code === 'EACCES') return `${path} may not be opened by this user. Run the command as the user of the app, such as with sudo.`;
  return `the app does not answer at ${path}: ${message}`;
}
