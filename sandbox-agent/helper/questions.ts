// Which questions does the helper answer?

import { artifactFiles } from './artifact-files.ts';
import { cachePlaces, makeParents } from './cache-places.ts';
import { checksums } from './checksums.ts';
import { keepFile } from './keep-file.ts';
import { readContinuation } from './read-continuation.ts';
import { testResults } from './test-results.ts';
import { workspaceFiles, workspaceTarget } from './workspace-files.ts';

/** Each with its function. */
export const questions = { artifactFiles, cachePlaces, checksums, keepFile, makeParents, readContinuation, testResults, workspaceFiles, workspaceTarget } as const;

export type Questions = typeof questions;
