// How does a test see what came of something, and make trouble?

import { setTimeout as sleep } from 'node:timers/promises';
import { primaryRefusal, secondaryRefusal } from '../limits.ts';
import type { Serving } from '../server.ts';
import type { CheckRun, Status } from '../state.ts';
import type { GitHub } from '../contract.ts';
import { type Lookup, missing } from './lookup.ts';

type Watch = Pick<GitHub, 'deliveries' | 'redeliver' | 'waitForDelivery' | 'checkRuns' | 'statuses' | 'waitForCheck' | 'requests' | 'faults' | 'forgetFaults' | 'assertNoFaults' | 'settled'>;
type Trouble = Pick<GitHub, 'inject' | 'injectPrimaryLimit' | 'injectSecondaryLimit' | 'expireTokens'>;

export function watching({ world, api, faults, settled }: Serving, find: Lookup): Watch {
  const { state } = world;
  const checkRuns = (repository: string, sha: string): CheckRun[] => [...state.runs.values()].filter((run) => run.suite.repository === find.repository(repository) && run.sha === sha);
  return {
    deliveries: (filter = {}) => state.deliveries.filter((delivery) => (filter.event === undefined || delivery.event === filter.event) && (filter.action === undefined || delivery.action === filter.action)),
    redeliver: (id) => world.webhooks.redeliver(state.deliveries.find((delivery) => delivery.id === id) ?? missing(`delivery ${id}`)),
    waitForDelivery: (fits, timeoutMs = 10_000) =>
      poll(
        timeoutMs,
        () => state.deliveries.find((delivery) => delivery.status !== 'pending' && fits(delivery)),
        () => `no delivery fits; there were ${state.deliveries.map(({ event, action, status }) => `${event}${action === null ? '' : `.${action}`} (${status})`).join(', ') || 'none'}`,
      ),
    checkRuns,
    statuses: (repository, sha) => [...new Map(state.statuses.filter((status) => status.repository === find.repository(repository) && status.sha === sha).map((status): [string, Status] => [status.context, status])).values()],
    waitForCheck: (repository, sha, fits, timeoutMs = 30_000) =>
      poll(
        timeoutMs,
        () => checkRuns(repository, sha).find((run) => (typeof fits === 'string' ? run.name === fits && run.status === 'completed' : fits(run))),
        () => `no check run of ${repository} at ${sha.slice(0, 12)} fits ${typeof fits === 'string' ? `'${fits}'` : 'the condition'}; there were ${checkRuns(repository, sha).map((run) => `${run.name}: ${run.conclusion ?? run.status}`).join(', ') || 'none'}`,
      ),
    requests: () => [...api.requests],
    faults: () => [...faults],
    forgetFaults: () => faults.splice(0),
    assertNoFaults() {
      if (faults.length > 0) throw new Error(`the local GitHub found ${faults.length} fault(s):\n${faults.join('\n')}`);
    },
    settled,
  };
}

export function trouble({ world, troubles }: Serving): Trouble {
  return {
    inject: (injection) => troubles.inject(injection),
    injectPrimaryLimit({ match, resetInSeconds, times = 1, status = 403 }) {
      const { headers, message, documentation } = primaryRefusal(Math.floor(world.now().getTime() / 1000) + resetInSeconds, 'core');
      troubles.inject({ match, times, status, headers, body: { message, documentation_url: documentation } });
    },
    injectSecondaryLimit({ match, retryAfterSeconds, times = 1, status = 403 }) {
      const { headers, message, documentation } = secondaryRefusal(retryAfterSeconds);
      troubles.inject({ match, times, status, headers, body: { message, documentation_url: documentation } });
    },
    expireTokens() {
      for (const token of world.state.tokens.values()) if (token.kind === 'installation') token.expiresAt = new Date(0);
    },
  };
}

async function poll<T>(timeoutMs: number, find: () => T | undefined, what: () => string): Promise<T> {
  for (const end = performance.now() + timeoutMs; ; await sleep(20)) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`after ${timeoutMs} ms: ${what()}`);
  }
}
