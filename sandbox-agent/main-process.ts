// How does a container's main process run beside the steps, and where does its output stay?

import { closeSync, constants, existsSync, openSync, readdirSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch } from './launch.ts';
import type { SystemCalls } from './pipe.ts';
import { keptHeaderBytes, keptOutputBytes, mainOutput, type MainProcess } from './protocol.ts';
import { Refused } from './refused.ts';
import { completeEnvironment, stepUser } from './user.ts';

/** The primary's. Its end ends nothing else. Resolves when steps may come. */
export async function startMainProcess(text: string, folder: string, { actAs }: SystemCalls): Promise<void> {
  const { argv, env, cwd, user: asked, makes } = JSON.parse(text) as MainProcess;
  // To read it as well: nobody who prints dies of a lost reader.
  const output = openSync(join(folder, mainOutput(0).pipe), 'r+');
  const say = (line: string): void => void writeSync(output, `${line}\n`);
  try {
    const user = stepUser(asked);
    let isOver = false;
    void launch({ argv, env: completeEnvironment(env, user, cwd), cwd, user }, output, actAs).exit.then((end) => {
      if ('reason' in end) say(end.reason);
      closeSync(output);
      isOver = true;
    });
    const deadline = performance.now() + 10_000;
    while (makes !== null && !existsSync(makes) && !isOver && performance.now() < deadline) await sleep(5);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
}

/** Of all containers of the sandbox for which the host made a pipe. */
export function keepMainOutputs(folder: string): void {
  const containers = readdirSync(folder).flatMap((name) => /^main-(\d+)\.pipe$/.exec(name)?.[1] ?? []);
  for (const container of containers) {
    const { pipe, files } = mainOutput(Number(container));
    void keep(join(folder, pipe), files.map((file) => join(folder, file)));
  }
}

async function keep(pipe: string, files: string[]): Promise<void> {
  let file: FileHandle | undefined;
  let [written, end, turn] = [0, 0, 0];
  // Opened for writing, too, it never ends.
  const chunks = new Socket({ fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    try {
      if (file === undefined || written + chunk.length > end) {
        await file?.close();
        file = undefined;
        file = await open(files[turn++ % 2]!, 'w', 0o600);
        await file.write(String(written).padStart(keptHeaderBytes, '0'));
        end = written + keptOutputBytes / 2;
      }
      await file.writeFile(chunk);
    } catch {
      // The disk is full. The next file begins after the gap.
      end = 0;
    }
    written += chunk.length;
  }
}
