// What do the files of test results below a path say? Read in the sandbox: their XML is hostile until it is a list of tests.

import { constants, type Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseJunit, type TestCase } from '../../config-schema/junit.ts';
import { expandHome } from '../user.ts';

export type FoundResults = {
  /** Whether there is such a path at all. */
  exists: boolean;
  files: number;
  cases: TestCase[];
  /** A sentence for each file that could not be read. */
  problems: string[];
};

const mostFiles = 10_000;
const mostCases = 100_000;
/** Stack traces are what is long. */
const mostDetails = 2_000;
const mostProblems = 20;
const mostBytes = 64 * 1024 * 1024;

export async function testResults({ path }: { path: string }): Promise<FoundResults> {
  const found: FoundResults = { exists: false, files: 0, cases: [], problems: [] };
  const root = expandHome(path, process.env['HOME'] ?? '/');
  let bytes = 0;
  for await (const file of xmlFiles(root)) {
    found.exists = true;
    if (file === null) continue;
    const shown = relative(process.cwd(), file);
    if (found.files === mostFiles || found.cases.length >= mostCases || bytes > mostBytes) {
      found.problems.push(`${shown}: this file and those after it were not read, they are too many`);
      break;
    }
    const read = await readText(file, mostBytes - bytes);
    bytes += read.length;
    found.files += 1;
    const parsed = parseJunit(read, { workingDirectory: process.cwd() });
    if ('problem' in parsed) found.problems.push(`${shown}: ${parsed.problem}`);
    else found.cases.push(...parsed.cases.slice(0, mostCases - found.cases.length));
  }
  found.problems = found.problems.slice(0, mostProblems);
  let details = 0;
  for (const each of found.cases) if (each.detail !== null && (details += 1) > mostDetails) each.detail = null;
  return found;
}

/** The file itself, or those that end in .xml below the folder; no hidden folders, as in the original. null: the path is there. */
async function* xmlFiles(path: string): AsyncGenerator<string | null> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error);
  if (entries instanceof Error) {
    if (entries.code === 'ENOTDIR') yield path;
    return;
  }
  yield null;
  for (const entry of entries.sort((a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1))) {
    const file = join(path, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* xmlFiles(file);
    else if (entry.isFile() && /\.xml$/i.test(entry.name)) yield file;
  }
}

/** No FIFO holds us, and no file that grows while it is read. */
async function readText(path: string, most: number): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.min(size, most));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0).catch(() => ({ bytesRead: 0 }));
  return bytes.toString('utf8', 0, bytesRead);
}
