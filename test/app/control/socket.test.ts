// The socket of the control process: its owner's alone, and clear about what it does not take.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { askControl } from '../../../app/control/ask.ts';
import { operation, Refused, type Asker } from '../../../app/control/operation.ts';
import { serveControl } from '../../../app/control/socket.ts';
import { socketPath } from '../../../app/control/socket-path.ts';
import { Problem } from '../../../app/cli/problem.ts';

let folder: string;
let server: Awaited<ReturnType<typeof serveControl>>;
const logged: string[] = [];
const askers: Asker[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-control-'));
  // Of a process that was killed.
  await writeFile(socketPath(folder), '');
  server = await serveControl({
    dataFolder: folder,
    operations: new Map(
      Object.entries({
        echo: operation(z.strictObject({ said: z.string() }), (input, asker) => {
          askers.push(asker);
          return Promise.resolve({ heard: input.said });
        }),
        refuse: operation(z.strictObject({}), () => Promise.reject(new Refused('not today'))),
        break: operation(z.strictObject({}), () => Promise.reject(new Error('the value was hunter2'))),
      }),
    ),
    log: { error: (_fields, message) => void logged.push(message) },
  });
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const ask = <Answer>(name: string, input: unknown): Promise<Answer> => askControl(folder)<Answer>(name, input);
const problem = (sentence: RegExp, exitCode: number) => (error: unknown) => error instanceof Problem && sentence.test(error.message) && error.exitCode === exitCode;

test('only the owner of the data folder can open it', async () => assert.equal((await stat(socketPath(folder))).mode & 0o777, 0o600));

test('an answer, and who asked from where', async () => {
  assert.deepEqual(await ask('echo', { said: 'ü' }), { heard: 'ü' });
  assert.match(askers[0]!.who, /^operator \S+$/);
  assert.match(askers[0]!.from, /^command line at \S+$/);
});

test('a refusal is a sentence, a fault of ours is none', async () => {
  await assert.rejects(ask('refuse', {}), problem(/^not today$/, 2));
  await assert.rejects(ask('break', {}), problem(/^Roundhouse failed at this; the log of the app has the reason\.$/, 3));
  assert.deepEqual(logged, ['an operation failed']);
});

test('what is not understood is said by its place, and not repeated', async () => {
  await assert.rejects(ask('echo', { said: 5 }), (error) => problem(/^said: /, 2)(error));
  await assert.rejects(ask('echo', { said: 'x', hunter2: 'hunter3' }), (error) => error instanceof Problem && !/hunter3/.test(error.message));
  await assert.rejects(ask('nothing', {}), problem(/does not know that operation/, 3));
});

test('what is no request at all is answered too', async () => {
  const status = await new Promise<number>((resolve, reject) => {
    const asking = request({ socketPath: socketPath(folder), path: '/echo', method: 'POST' }, (response) => void text(response).then(() => resolve(response.statusCode!)));
    asking.on('error', reject);
    asking.end('{no json');
  });
  assert.equal(status, 500);
  assert.deepEqual(await ask('echo', { said: 'still here' }), { heard: 'still here' });
});

test('without an app the sentence says how to start it', async () => {
  await assert.rejects(askControl(join(folder, 'nowhere'))('echo', {}), problem(/no Roundhouse app runs with this data folder .*roundhouse up/, 3));
});
