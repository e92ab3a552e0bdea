// What does the builder want to know of the files of a sandbox? One question as the argument, its parameters as JSON on standard input,
// the answer as JSON on standard output. It runs as the user of the steps, in their working directory.

import { json } from 'node:stream/consumers';
import { artifactContents } from './artifact-files.ts';
import { questions, type Questions } from './questions.ts';

async function answer(name: keyof Questions | 'artifactContents'): Promise<void> {
  const input = (await json(process.stdin)) as never;
  // It has too much to say for JSON.
  if (name === 'artifactContents') await artifactContents(input, process.stdout);
  else process.stdout.write(JSON.stringify(await questions[name](input)));
}

void answer(process.argv[2] as keyof Questions);
