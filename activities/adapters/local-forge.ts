// The Forge of `roundhouse run`: a folder with git in it, and nobody to ask.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import { secretsFolder, type CheckRun, type Forge } from '../control/forge.ts';

export type LocalForge = {
  /** A work tree or a bare repository. */
  repositoryFolder: string;
  /** What is built, whatever a trigger says. */
  sha: string;
  /** Where the config lies in the repository; null: wherever Roundhouse looks for it. */
  configPath: string | null;
  /** Hears every state of every check; `id` stays the same for one externalId. */
  onReport: (check: CheckRun & { id: number }) => void;
};

export function localForge({ repositoryFolder, sha, configPath, onReport }: LocalForge): Forge {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) throw new Error(`not a commit id: ${JSON.stringify(sha)}`);
  const ids = new Map<string, number>();
  const names = new Set<string>();
  return {
    async load(trigger, configPaths) {
      const commit = await git(repositoryFolder, ['cat-file', 'commit', sha]);
      return {
        config: await firstConfig(repositoryFolder, sha, configPath === null ? configPaths : [configPath]),
        refIsProtected: false,
        // Whoever runs it here may do with it what they like.
        senderPermission: 'admin',
        commit: { subject: messageOf(commit).split('\n', 1)[0] ?? '', authorLogin: null },
        commitBody: messageOf(commit).split('\n').slice(1).join('\n').trim(),
        repositoryUrl: `https://github.com/${trigger.repository.owner}/${trigger.repository.name}`,
        pullRequestNumbers: trigger.pullRequest ? [trigger.pullRequest.number] : [],
        pullRequest: null,
        ownerId: 0,
        secretFiles: await folderTexts(repositoryFolder, sha, secretsFolder),
        baseSha: null,
      };
    },

    // There is one commit here, whatever is asked for.
    listFiles: (_repository, _sha, path) => filesUnder(repositoryFolder, sha, path),

    readFolder: (_repository, _sha, path) => folderTexts(repositoryFolder, sha, path),

    readFile: async (_repository, _sha, path) => (await firstConfig(repositoryFolder, sha, [path]))?.text ?? null,

    changedPaths: (_repository, base, _sha) => changedSince(repositoryFolder, base, sha),

    credential: () => Promise.resolve({ url: repositoryFolder, authorization: null }),

    report(_repository, checks) {
      const told = checks.map((check) => {
        const isThere = check.unlessThere === true && !ids.has(check.externalId) && names.has(check.name);
        if (isThere) return { id: null };
        names.add(check.name);
        const id = ids.get(check.externalId) ?? ids.size + 1;
        ids.set(check.externalId, id);
        onReport({ ...check, id });
        return { id };
      });
      return Promise.resolve(told);
    },
  };
}

/** Of a commit object: headers, an empty line, the message. */
const messageOf = (commit: string): string => commit.slice(commit.indexOf('\n\n') + 2);

async function firstConfig(folder: string, sha: string, paths: readonly string[]): Promise<{ path: string; text: string } | null> {
  for (const path of paths) {
    // `ls-tree` instead of trying: what is missing is expected, any other failure of git is not.
    const entry = await git(folder, ['ls-tree', '-z', '--full-tree', sha, '--', `:(literal)${path}`]);
    const [, type, oid] = /^\d+ (\w+) ([0-9a-f]+)\t/.exec(entry) ?? [];
    if (type === 'blob' && oid !== undefined) return { path, text: await git(folder, ['cat-file', 'blob', oid]) };
  }
  return null;
}

async function filesUnder(folder: string, sha: string, path: string): Promise<string[]> {
  const entries = await git(folder, ['ls-tree', '-r', '-z', '--full-tree', sha, '--', `:(literal)${path}/`]);
  const paths = entries.split('\0').flatMap((entry) => /^100\d+ blob [0-9a-f]+\t([^]*)$/.exec(entry)?.[1] ?? []);
  return paths.map((file) => file.slice(path.length + 1)).filter((file) => file.split('/').length <= 3);
}

async function folderTexts(folder: string, sha: string, path: string): Promise<Record<string, string>> {
  const names = (await filesUnder(folder, sha, path)).filter((file) => !file.includes('/'));
  const texts: Record<string, string> = {};
  for (const name of names) texts[name] = (await firstConfig(folder, sha, [`${path}/${name}`]))!.text;
  return texts;
}

async function changedSince(folder: string, base: string, sha: string): Promise<ChangedPaths> {
  const start = await git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`])
    .then((commit) => git(folder, ['merge-base', commit.trim(), sha]))
    .catch(() => null);
  if (start === null) return { unknown: `git cannot compare ${base}...${sha}` };
  // Both names of a renamed file are changed.
  const names = await git(folder, ['diff-tree', '-r', '-z', '--no-renames', '--no-ext-diff', '--name-only', start.trim(), sha]);
  return { paths: names.split('\0').filter((name) => name !== '') };
}

const run = promisify(execFile);

/**
 * Plumbing that only reads objects. The folder may be somebody else's (`sudo roundhouse run`), so nothing may be asked of git here
 * that its config can turn into a command: no `log` (it may verify signatures), no lazy fetch.
 */
async function git(folder: string, args: string[]): Promise<string> {
  // A git hook that calls `roundhouse run` has GIT_DIR and more in its environment: they would win over the folder.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  try {
    const { stdout } = await run('git', ['-C', folder, '-c', 'safe.directory=*', ...args], { env: { ...env, GIT_NO_LAZY_FETCH: '1' }, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`git ${args[0]} failed in ${folder}: ${(stderr ?? String(error)).trim()}`, { cause: error });
  }
}
