// A forge in memory: configs by commit, check runs as they were last reported.

import { secretsFolder, type CheckRun, type Forge } from '../../activities/control/forge.ts';

export type MemoryForge = Forge & { configs: Map<string, string>; /** By path, the same at every commit. */ files: Map<string, string>; /** By `BASE...SHA`; what is not here is unknown. */ changed: Map<string, string[]>; checks: Map<string, CheckRun>; reports: CheckRun[] };

export function memoryForge(): MemoryForge {
  const configs = new Map<string, string>();
  const files = new Map<string, string>();
  const changed: MemoryForge['changed'] = new Map();
  const checks = new Map<string, CheckRun>();
  const reports: CheckRun[] = [];
  const folder = (path: string): Record<string, string> =>
    Object.fromEntries([...files].flatMap(([file, text]) => (file.startsWith(`${path}/`) && !file.slice(path.length + 1).includes('/') ? [[file.slice(path.length + 1), text]] : [])));
  return {
    configs,
    files,
    changed,
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
        pullRequest: null,
        ownerId: 583_231,
        secretFiles: folder(secretsFolder),
        baseSha: null,
      }),
    listFiles: (_repository, _sha, folder) => Promise.resolve([...files.keys()].flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []))),
    readFolder: (_repository, _sha, path) => Promise.resolve(folder(path)),
    readFile: (_repository, _sha, path) => Promise.resolve(files.get(path) ?? null),
    changedPaths(_repository, base, sha) {
      const paths = changed.get(`${base}...${sha}`);
      return Promise.resolve(paths ? { paths } : { unknown: `nobody has compared ${base}...${sha}` });
    },
    credential: () => Promise.resolve({ url: '/nonexistent', authorization: null }),
    report(_repository, told) {
      const isThere = ({ unlessThere, sha, name, externalId }: CheckRun): boolean => unlessThere === true && [...checks.values()].some((other) => other.sha === sha && other.name === name && other.externalId !== externalId);
      for (const check of told) {
        if (isThere(check)) continue;
        reports.push(check);
        checks.set(check.externalId, check);
      }
      return Promise.resolve(told.map(({ externalId }) => ({ id: externalId })));
    },
  };
}
