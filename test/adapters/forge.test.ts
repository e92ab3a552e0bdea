import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { githubForge } from '../../activities/adapters/github.ts';
import { localForge } from '../../activities/adapters/local-forge.ts';
import type { CheckRun } from '../../activities/control/forge.ts';
import { noCommit, type Repository, type Trigger } from '../../config-schema/trigger.ts';
import { forgeContract } from '../contracts/forge.ts';
import { nodeId } from '../github/shapes.ts';
import { openGitHub } from './github/open.ts';

forgeContract('localForge', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forge-'));
  const git = (...args: string[]): string => execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  const repository: Repository = { id: 1, owner: 'o', name: 'r', private: true, defaultBranch: 'main', installationId: null };
  const reported = new Map<string, CheckRun & { id: number }>();
  return Promise.resolve({
    repository,
    async commit(files, message = 'x') {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await (text === null ? rm(join(folder, path)) : writeFile(join(folder, path), text));
      }
      git('add', '-A');
      git('commit', '-q', '-m', message);
      return { event: 'local', deliveryId: 'x', receivedAt: new Date().toISOString(), repository, ref: 'refs/heads/main', before: noCommit, sha: git('rev-parse', 'HEAD'), sender: { id: 0, login: 'me' }, commit: { subject: '', authorLogin: null }, pullRequest: null } satisfies Trigger;
    },
    forge: (() => {
      const forges = new Map<string, ReturnType<typeof localForge>>();
      return (sha: string) => {
        const forge = forges.get(sha) ?? localForge({ repositoryFolder: folder, sha, configPath: null, onReport: (check) => void reported.set(`${check.sha} ${check.id}`, check) });
        forges.set(sha, forge);
        return forge;
      };
    })(),
    checks: (sha) =>
      [...reported.values()].filter((check) => check.sha === sha).map(({ id, externalId, name, status, conclusion, output }) => ({ id, externalId, name, status, conclusion: conclusion ?? null, title: output?.title ?? null, summary: output?.summary ?? null, annotations: output?.annotations?.length ?? 0 })),
    close: async () => rmSync(folder, { recursive: true }),
  });
});

forgeContract('githubForge', async () => {
  const opened = await openGitHub();
  const forge = githubForge(opened.settings);
  return {
    repository: opened.repository,
    commit: (files, message) => opened.push(files, message),
    forge: () => forge,
    checks: (sha) =>
      opened.github.checkRuns(opened.fullName, sha).map(({ id, externalId, name, status, conclusion, output }) => ({ id: nodeId('CR', opened.repository.id, id), externalId, name, status, conclusion, title: output.title, summary: output.summary, annotations: output.annotations.length })),
    async close() {
      opened.github.assertNoFaults();
      await opened.close();
    },
  };
});
