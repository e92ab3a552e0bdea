// What does git say about a bare repository?

import { execFile } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const zeroSha = '0'.repeat(40);
export const shaPattern = /^[0-9a-f]{40}$/;

/** The environment in which every git runs: nobody's own settings, and no questions. */
export const gitEnvironment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C.UTF-8',
});

export async function git(path: string, args: string[], options: { input?: string; env?: Record<string, string> } = {}): Promise<string> {
  return (await gitBytes(path, args, options)).toString('utf8');
}

export function gitBytes(path: string, args: string[], options: { input?: string; env?: Record<string, string> } = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile('git', ['--git-dir', path, ...args], { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024, env: { ...gitEnvironment(), ...options.env } }, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(' ')} in ${path}: ${stderr.toString('utf8').trim() || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** null instead of a failure: for questions whose answer may be "there is none". */
const gitOrNull = (path: string, args: string[]): Promise<string | null> => git(path, args).then((out) => out.trimEnd(), () => null);

/**
 * A bare repository like GitHub's: any reachable commit and partial clones can be fetched, refs/pull is the server's own, protected
 * branches are guarded, and what a push changed is reported to the file that the environment names.
 */
export async function createBareRepository(path: string, defaultBranch: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await git(path, ['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`]);
  await appendFile(join(path, 'config'), settings);
  await mkdir(join(path, 'hooks'), { recursive: true });
  await writeFile(join(path, 'hooks', 'update'), updateHook, { mode: 0o755 });
  await writeFile(join(path, 'hooks', 'post-receive'), postReceiveHook, { mode: 0o755 });
}

const settings = `[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[receive]
	hideRefs = refs/pull
	autogc = false
[http]
	receivepack = true
[gc]
	auto = 0
`;

/** `protected-refs`: one line per branch, `REF FORCE DELETE` with yes or no. */
const updateHook = `#!/bin/sh
# Protected branches: neither forced nor deleted, unless their rule says so.
[ -f "$GIT_DIR/protected-refs" ] || exit 0
while read -r ref force delete; do
  [ "$ref" = "$1" ] || continue
  case $3 in *[!0]*) ;; *)
    [ "$delete" = yes ] && exit 0
    echo "error: GH006: Protected branch update failed for $1." >&2; echo "error: Cannot delete a protected branch" >&2; exit 1 ;;
  esac
  case $2 in *[!0]*) git merge-base --is-ancestor "$2" "$3" && exit 0 ;; *) exit 0 ;; esac
  [ "$force" = yes ] && exit 0
  echo "error: GH006: Protected branch update failed for $1." >&2; echo "error: Cannot force-push to this branch" >&2; exit 1
done <"$GIT_DIR/protected-refs"
exit 0
`;

const postReceiveHook = `#!/bin/sh
[ -z "$PUSH_REPORT" ] || cat >"$PUSH_REPORT"
`;

export type RefChange = { ref: string; before: string; after: string };

/** Lines of a post-receive hook. */
export function readPushReport(text: string): RefChange[] {
  return text.split('\n').filter(Boolean).map((line) => {
    const [before = zeroSha, after = zeroSha, ...ref] = line.split(' ');
    return { before, after, ref: ref.join(' ') };
  });
}

/** Every ref below `prefix`, with the commit that it stands for (an annotated tag is peeled). */
export async function listRefs(path: string, prefix: string): Promise<{ ref: string; sha: string; commit: string; type: string }[]> {
  const out = await git(path, ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)', '--', prefix]);
  return out.split('\n').filter(Boolean).map((line) => {
    const [ref = '', sha = '', peeled = '', type = ''] = line.split('\0');
    return { ref, sha, commit: peeled || sha, type };
  });
}

/** A full sha, an abbreviated one, a full ref, `heads/x`, `tags/x`, a branch or a tag; no other spelling of git's. */
export async function resolveCommit(path: string, name: string, defaultBranch: string): Promise<string | null> {
  if (name === '' || name.startsWith('-') || /[\s~^:?*[\\]|\.\.|@\{/.test(name)) return null;
  if (name === 'HEAD') return gitOrNull(path, ['rev-parse', '--verify', '--quiet', `refs/heads/${defaultBranch}^{commit}`]);
  const candidates = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`, ...(/^[0-9a-f]{7,40}$/.test(name) ? [name] : [])];
  for (const candidate of candidates) {
    const sha = await gitOrNull(path, ['rev-parse', '--verify', '--quiet', `${candidate}^{commit}`]);
    if (sha !== null) return sha;
  }
  return null;
}

export type Person = { name: string; email: string; date: string };
export type Commit = { sha: string; tree: string; parents: string[]; author: Person; committer: Person; message: string; added: string[]; removed: string[]; modified: string[] };

const commitFormat = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

/**
 * Commits of a range, in the order and with the limits that `args` ask for, with the paths that each changed against its first parent.
 * A rename is a removal and an addition, as in GitHub's payloads.
 */
export async function log(path: string, args: string[]): Promise<Commit[]> {
  const out = await git(path, ['log', '-z', `--format=%x01${commitFormat}%x02`, '--name-status', '--no-renames', '--diff-merges=first-parent', '--root', ...args]);
  return out.split('\u0001').slice(1).map((entry) => {
    const [head = '', tail = ''] = entry.split('\u0002');
    const [sha = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', ...message] = head.split('\0');
    const commit: Commit = {
      sha,
      tree,
      parents: parents.split(' ').filter(Boolean),
      author: { name: an, email: ae, date: ad },
      committer: { name: cn, email: ce, date: cd },
      message: message.join('\0').trimEnd(),
      added: [],
      removed: [],
      modified: [],
    };
    const fields = tail.split('\0').map((field) => field.replace(/^\n/, '')).filter(Boolean);
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [status = '', file = ''] = [fields[i], fields[i + 1]];
      (status === 'A' ? commit.added : status === 'D' ? commit.removed : commit.modified).push(file);
    }
    return commit;
  });
}

export async function readCommit(path: string, sha: string): Promise<Commit | null> {
  if (!shaPattern.test(sha) || (await gitOrNull(path, ['rev-parse', '--verify', '--quiet', `${sha}^{commit}`])) !== sha) return null;
  return (await log(path, ['-1', sha]))[0] ?? null;
}

export async function isAncestor(path: string, older: string, newer: string): Promise<boolean> {
  return (await gitOrNull(path, ['merge-base', '--is-ancestor', older, newer])) !== null;
}

export async function mergeBase(path: string, a: string, b: string): Promise<string | null> {
  return gitOrNull(path, ['merge-base', a, b]);
}

export async function countCommits(path: string, range: string[]): Promise<number> {
  return Number(await git(path, ['rev-list', '--count', ...range]));
}

export type TreeEntry = { mode: string; type: 'blob' | 'tree' | 'commit'; sha: string; size: number | null; name: string; path: string };

/** The object at a path of a commit's tree: '' is the root. */
export async function readPath(path: string, commit: string, file: string): Promise<TreeEntry | null> {
  const clean = file.replace(/^\/+|\/+$/g, '');
  if (clean === '') return { mode: '040000', type: 'tree', sha: await git(path, ['rev-parse', `${commit}^{tree}`]).then((out) => out.trim()), size: null, name: '', path: '' };
  const [entry] = await listTree(path, commit, ['--', clean], '');
  return entry?.path === clean ? { ...entry, name: clean.slice(clean.lastIndexOf('/') + 1) } : null;
}

/** Entries of a tree. `parent` is put before their names to make their paths. */
export async function listTree(path: string, treeish: string, args: string[], parent: string): Promise<TreeEntry[]> {
  const out = await git(path, ['--literal-pathspecs', 'ls-tree', '-z', '--long', '--full-tree', treeish, ...args]);
  return out.split('\0').filter(Boolean).map((line) => {
    const tab = line.indexOf('\t');
    const [mode = '', type = '', sha = '', size = ''] = line.slice(0, tab).split(/ +/);
    const name = line.slice(tab + 1);
    return { mode, type: type as TreeEntry['type'], sha, size: size === '-' ? null : Number(size), name, path: parent === '' ? name : `${parent}/${name}` };
  });
}

export const readBlob = (path: string, sha: string): Promise<Buffer> => gitBytes(path, ['cat-file', 'blob', sha]);

export async function objectType(path: string, sha: string): Promise<string | null> {
  return shaPattern.test(sha) ? gitOrNull(path, ['cat-file', '-t', sha]) : null;
}

/** `previous`: of a renamed file, what it was called before. */
export type FileChange = { path: string; previous?: string; status: 'added' | 'removed' | 'modified' | 'renamed'; additions: number; deletions: number; sha: string; patch: string | null };

/** What changed between two trees or commits. */
export async function diff(path: string, from: string, to: string): Promise<FileChange[]> {
  const [raw, numbers] = await Promise.all([
    git(path, ['diff-tree', '-r', '-z', '-M', '--raw', '--full-index', from, to]),
    git(path, ['diff-tree', '-r', '-z', '-M', '--numstat', from, to]),
  ]);
  const lines = numbers.split('\0').filter(Boolean);
  const counts = new Map<string, { additions: number; deletions: number }>();
  for (let i = 0; i < lines.length; i++) {
    const [additions = '0', deletions = '0', ...file] = lines[i]!.split('\t');
    // The two names of a renamed file stand alone behind it.
    const name = file.join('\t') || lines[(i += 2)]!;
    counts.set(name, { additions: Number(additions) || 0, deletions: Number(deletions) || 0 });
  }
  const fields = raw.split('\0').filter(Boolean);
  const changes: FileChange[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, , before = '', after = '', letter = ''] = (fields[i] ?? '').split(' ');
    const isRenamed = letter.startsWith('R');
    const previous = fields[i + 1] ?? '';
    if (isRenamed) i += 1;
    const file = fields[i + 1] ?? '';
    const status = isRenamed ? 'renamed' : letter === 'A' ? 'added' : letter === 'D' ? 'removed' : 'modified';
    changes.push({ path: file, ...(isRenamed && { previous }), status, ...(counts.get(file) ?? { additions: 0, deletions: 0 }), sha: status === 'removed' ? before : after, patch: null });
  }
  return changes;
}

/** The commit that merging would make, or null where the two conflict. No branch is moved. */
export async function testMerge(path: string, base: string, head: string, message: string, when: Date): Promise<string | null> {
  const tree = await gitOrNull(path, ['merge-tree', '--write-tree', base, head]);
  if (tree === null) return null;
  const date = `${Math.floor(when.getTime() / 1000)} +0000`;
  const env = { GIT_AUTHOR_NAME: 'GitHub', GIT_AUTHOR_EMAIL: 'noreply@github.com', GIT_AUTHOR_DATE: date, GIT_COMMITTER_NAME: 'GitHub', GIT_COMMITTER_EMAIL: 'noreply@github.com', GIT_COMMITTER_DATE: date };
  return (await git(path, ['commit-tree', tree.split('\n')[0] ?? tree, '-p', base, '-p', head, '-m', message], { env })).trim();
}
