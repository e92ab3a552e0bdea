// A forge in memory: configs by commit, check runs as they were last reported.

import type { CheckRun, Forge } from '../../activities/control/forge.ts';

export type MemoryForge = Forge & { configs: Map<string, string>; /** By path, the same at every commit. */ files: Map<string, string>; checks: Map<string, CheckRun>; reports: CheckRun[] };

export function memoryForge(): MemoryForge {
  const configs = new Map<string, string>();
  const files = new Map<string, string>();
  const checks = new Map<string, CheckRun>();
  const reports: CheckRun[] = [];
  return {
    configs,
    files,
    checks,
    reports,
    load: (trigger, [path]) =>
      Promise.resolve({
        config: configs.has(trigger.sha) ? { path: path!, text: configs.get(trigger.sha)! } : null,
        refIsProtected: false,
        senderPermission: 'write',
        commit: trigger.commit,
        commitBody: '',
        repositoryUrl: `https://github.com/${trigger.repository.owner}/${trigger.repository.name}`,
        pullRequestNumbers: [],
      }),
    listFiles: (_repository, _sha, folder) => Promise.resolve([...files.keys()].flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []))),
    readFile: (_repository, _sha, path) => Promise.resolve(files.get(path) ?? null),
    credential: () => Promise.resolve({ url: '/nonexistent', authorization: null }),
    report(_repository, check) {
      reports.push(check);
      checks.set(check.externalId, check);
      return Promise.resolve({ id: check.externalId });
    },
  };
}
