// What does speaking to GitHub add to the metrics?

import type { Metrics } from './metrics.ts';

/** Told by activities/adapters/github-client.ts. */
export type GitHubWatch = {
  /** `status` is null when there was no answer. `installation` is null for the App as itself. */
  answered(answer: { installation: number | null; method: string; status: number | null; ms: number; header: (name: string) => string | null }): void;
  /** A request waited here for so long; or, with `putOff`, was sent back to be tried later. */
  waited(ms: number, putOff: boolean): void;
};

/** Of more installations, those that were heard of last count. */
const mostInstallations = 200;
/** GitHub's names of its limits. */
const resources: ReadonlySet<string> = new Set(['core', 'search', 'code_search', 'graphql', 'integration_manifest', 'dependency_snapshots', 'code_scanning_upload', 'actions_runner_registration', 'source_import']);
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']);

type Limit = { resource: string; remaining: number; limit: number; resetsAt: number };

export function githubWatch(metrics: Metrics): GitHubWatch {
  const limits = new Map<string, Limit>();

  /** Of each resource the one that is nearest to its end. */
  const show = (): void => {
    const lowest = new Map<string, Limit>();
    for (const limit of limits.values()) if (limit.remaining <= (lowest.get(limit.resource)?.remaining ?? Infinity)) lowest.set(limit.resource, limit);
    for (const { resource, remaining, limit, resetsAt } of lowest.values()) {
      metrics.githubRemaining.set({ resource }, remaining);
      metrics.githubLimit.set({ resource }, limit);
      metrics.githubReset.set({ resource }, resetsAt);
    }
  };

  return {
    answered({ installation, method, status, ms, header }) {
      metrics.githubRequests.observe({ method: methods.has(method) ? method : 'other', status: status === null ? 'error' : String(status) }, ms / 1000);
      const [remaining, limit, resetsAt] = ['x-ratelimit-remaining', 'x-ratelimit-limit', 'x-ratelimit-reset'].map((name) => header(name)).map((text) => (text === null ? NaN : Number(text))) as [number, number, number];
      if (![remaining, limit, resetsAt].every(Number.isFinite)) return;
      const said = header('x-ratelimit-resource') ?? 'core';
      const resource = resources.has(said) ? said : 'other';
      // A limit that was reset since says nothing any more.
      for (const [key, known] of limits) if (known.resetsAt * 1000 < Date.now()) limits.delete(key);
      const key = `${installation} ${resource}`;
      limits.delete(key);
      limits.set(key, { resource, remaining, limit, resetsAt });
      if (limits.size > mostInstallations) limits.delete(limits.keys().next().value!);
      show();
    },
    waited(ms, putOff) {
      if (putOff) metrics.githubPutOff.inc();
      else metrics.githubWait.observe(ms / 1000);
    },
  };
}
