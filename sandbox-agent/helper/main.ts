// What does the builder want to know of the files of a sandbox? One question as the argument, its parameters as JSON on standard input,
// the answer as JSON on standard output. It runs as the user of the steps, in their working directory.

import { json } from 'node:stream/consumers';
import { checksums } from './checksums.ts';

/** Each question with its function. */
const questions = { checksums } as const;

export type Questions = typeof questions;

async function answer(name: keyof Questions): Promise<void> {
  process.stdout.write(JSON.stringify(await questions[name]((await json(process.stdin)) as never)));
}

void answer(process.argv[2] as keyof Questions);
