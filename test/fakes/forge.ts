// A forge in memory: configs by commit, check runs as they were last reported.

import type { CheckRun, Forge } from '../../activities/control/forge.ts';

export type MemoryForge = Forge & { configs: Map<string, string>; checks: Map<string, CheckRun>; reports: CheckRun[] };

export function memoryForge(): MemoryForge {
  const configs = new Map<string, string>();
  const checks = new Map<string, CheckRun>();
  const reports: CheckRun[] = [];
  return {
    configs,
    checks,
    reports,
    load: (trigger, [path]) =>
      Promise.resolve({
        config: configs.has(trigger.sha) ? { path: path!, text: configs.get(trigger.sha)! } : null,
        refIsProtected: false,
        senderPermission: 'write',
        commit: trigger.commit,
        pullRequestNumbers: [],
      }),
    credential: () => Promise.resolve({ url: '/nonexistent', authorization: null }),
    report(_repository, check) {
      reports.push(check);
      checks.set(check.externalId, check);
      return Promise.resolve({ id: check.externalId });
    },
  };
}
