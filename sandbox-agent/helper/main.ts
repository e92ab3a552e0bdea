// What does the builder want to know of the files of a sandbox? One question as the argument, its parameters as JSON on standard input,
// the answer as JSON on standard output. It runs as the user of the steps, in their working directory.

import { json } from 'node:stream/consumers';
import { artifactContents, artifactFiles } from './artifact-files.ts';
import { cachePlaces, makeParents } from './cache-places.ts';
import { checksums } from './checksums.ts';
import { keepFile } from './keep-file.ts';
import { testResults } from './test-results.ts';
import { workspaceFiles, workspaceTarget } from './workspace-files.ts';

/** Each question with its function. */
const questions = { artifactFiles, cachePlaces, checksums, makeParents, keepFile, testResults, workspaceFiles, workspaceTarget } as const;

export type Questions = typeof questions;

async function answer(name: keyof Questions | 'artifactContents'): Promise<void> {
  const input = (await json(process.stdin)) as never;
  // It has too much to say for JSON.
  if (name === 'artifactContents') await artifactContents(input, process.stdout);
  else process.stdout.write(JSON.stringify(await questions[name](input)));
}

void answer(process.argv[2] as keyof Questions);
