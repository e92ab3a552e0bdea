// How does a work tree, as it stands, become one commit, without touching the repository that it belongs to?

import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '../cli/problem.ts';

const run = promisify(execFile);

export type Snapshot = {
  /** A bare repository that holds the commit; the objects of the work tree's repository are its alternate. */
  folder: string;
  sha: string;
  /** Top of the work tree. */
  top: string;
  /** null: HEAD is detached. */
  branch: string | null;
};

/** Tracked files as they stand and untracked ones that are not ignored. `folder` is made; nothing else is written. */
export async function takeSnapshot(cwd: string, folder: string): Promise<Snapshot> {
  const top = await ask(cwd, ['rev-parse', '--show-toplevel']).catch((cause: unknown) => {
    throw new Problem(`${cwd} is in no git work tree. Change to your repository, or make it one: git init`, 2, { cause });
  });
  const [objects, index] = (await ask(top, ['rev-parse', '--path-format=absolute', '--git-path', 'objects', '--git-path', 'index'])).split('\n') as [string, string];
  const head = await ask(top, ['rev-parse', '-q', '--verify', 'HEAD']).catch(() => null);
  const branch = await ask(top, ['symbolic-ref', '-q', '--short', 'HEAD']).catch(() => null);

  await run('git', ['init', '-q', '--bare', folder]);
  await mkdir(join(folder, 'objects/info'), { recursive: true });
  await writeFile(join(folder, 'objects/info/alternates'), `${objects}\n`);
  const ownIndex = join(folder, 'snapshot-index');
  // With the index comes what git knows of unchanged files: it need not read them again.
  await copyFile(index, ownIndex).catch(() => undefined);
  const env = { GIT_INDEX_FILE: ownIndex, GIT_OBJECT_DIRECTORY: join(folder, 'objects'), GIT_ALTERNATE_OBJECT_DIRECTORIES: objects, ...author };
  await ask(top, ['add', '-A'], env);
  const tree = await ask(top, ['write-tree'], env);
  const sha = await ask(top, ['commit-tree', tree, ...(head === null ? [] : ['-p', head]), '-m', 'The work tree as it stands'], env);
  await ask(folder, ['--git-dir', folder, 'update-ref', 'refs/heads/snapshot', sha]);
  return { folder, sha, top, branch };
}

/** A config that was named relative to `cwd`, relative to the top. */
export function insideTree(top: string, cwd: string, file: string): string {
  const path = relative(top, resolve(cwd, file));
  if (path.startsWith('..') || isAbsolute(path)) throw new Problem(`${file} is not in the work tree ${top}. Name a config in it.`, 2);
  return path;
}

const author = { GIT_AUTHOR_NAME: 'roundhouse run', GIT_AUTHOR_EMAIL: 'run@localhost', GIT_COMMITTER_NAME: 'roundhouse run', GIT_COMMITTER_EMAIL: 'run@localhost' };

async function ask(cwd: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  // A git hook that calls us has GIT_DIR and more in its environment: they would win over the folder.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const { stdout } = await run('git', ['-c', 'safe.directory=*', ...args], { cwd, env: { ...inherited, ...env }, maxBuffer: 1 << 26 });
  return stdout.trim();
}
