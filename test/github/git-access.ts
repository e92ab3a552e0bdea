// Who may fetch from or push to which repository, and how does git serve it?

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from './world.ts';
import type { Account, Repository } from './state.ts';
import { findRepository } from './state.ts';
import { gitEnvironment, readPushReport } from './git.ts';
import { announcePush } from './push.ts';

/** `/OWNER/NAME.git` or `/OWNER/NAME`, and what follows it. */
export function findGitRepository(world: World, pathname: string): { repository: Repository; rest: string } | null {
  const found = /^\/?([^/]+)\/([^/]+?)(?:\.git)?(\/.*)?$/.exec(pathname);
  const repository = found && findRepository(world.state, found[1] ?? '', found[2] ?? '');
  return repository ? { repository, rest: found?.[3] ?? '' } : null;
}

/**
 * Runs one of git's server programs. When it has ended, what it pushed is announced in `pusher`'s name: the repository's own hook
 * writes the changed refs to a file of this run, so two pushes at once are told apart.
 */
export async function serveGit(
  world: World,
  repository: Repository,
  pusher: Account | null,
  run: { command: string; args: string[]; env: Record<string, string>; children: Set<ChildProcess> },
  use: (child: ChildProcess) => Promise<number>,
): Promise<number> {
  const folder = await mkdtemp(join(world.folder, 'push-'));
  try {
    const report = join(folder, 'report');
    const child = spawn(run.command, run.args, { env: { ...gitEnvironment(), ...run.env, PUSH_REPORT: report }, stdio: ['pipe', 'pipe', 'pipe'] });
    run.children.add(child);
    const code = await use(child).finally(() => run.children.delete(child));
    const changes = readPushReport(await readFile(report, 'utf8').catch(() => ''));
    if (changes.length > 0 && pusher !== null) world.track(`announcing a push to ${repository.name}`, announcePush(world, repository, changes, pusher));
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
