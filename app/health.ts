// Is this app alive, and ready for work?

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ObjectStore } from '../activities/object-store.ts';
import type { BuilderRegistry } from './registry.ts';
import type { Handler } from './server.ts';

/** Answers null when it is well, else a sentence for anybody: no address, no name. Rejects when that cannot be known. */
export type Probe = () => Promise<string | null>;

export type Check = { name: string; ok: boolean; why: string | null };

export type ReadinessPorts = {
  client: Client;
  namespace: string;
  store: Pick<ObjectStore, 'head'>;
  /** The worker of temporal workflows and control activities. */
  worker: { getState(): string };
  registry: Pick<BuilderRegistry, 'sights'>;
};

export const allDrained = 'every connected builder is drained; resume one: roundhouse resume NAME';

/** What must be well for a push to be built. */
export const readinessProbes = ({ client, namespace, store, worker, registry }: ReadinessPorts): Record<string, Probe> => ({
  temporal: async () => {
    await client.workflowService.describeNamespace({ namespace });
    return null;
  },
  store: async () => {
    await store.head('doctor/reached');
    return null;
  },
  worker: async () => (worker.getState() === 'RUNNING' ? null : 'the worker of this app does not run'),
  builders: async () => {
    const connected = (await registry.sights()).filter((sight) => sight.connected);
    return connected.length === 0 ? 'no builder is connected' : connected.every(({ draining }) => draining) ? allDrained : null;
  },
});

/**
 * GET /healthz: the process answers. GET /readyz: 200 when every probe is well, else 503; what each says is in the body, as text or,
 * with `?format=json` or where JSON is accepted, as `{ready, checks}`. Probes are given 2 s; answers are of a second ago at most.
 */
export function healthHandler(probes: Record<string, Probe>, { deadlineMs = 2_000, keepMs = 1_000, now = Date.now, log }: { deadlineMs?: number; keepMs?: number; now?: () => number; log: { warn(fields: object, message: string): void } }): Handler {
  const failing = new Set<string>();
  const check = async (name: string, probe: Probe): Promise<Check> => {
    const give = new AbortController();
    const late = sleep(deadlineMs, undefined, { signal: give.signal }).then(() => Promise.reject(new Error(`no answer within ${deadlineMs} ms`)));
    late.catch(() => undefined);
    try {
      const why = await Promise.race([probe(), late]);
      failing.delete(name);
      return { name, ok: why === null, why };
    } catch (error) {
      // The cause may name what is nobody's business; the operator's log has it, once.
      if (!failing.has(name)) log.warn({ error, probe: name }, 'a probe of readiness fails');
      failing.add(name);
      return { name, ok: false, why: 'does not answer' };
    } finally {
      give.abort();
    }
  };

  let looked: { at: number; checks: Promise<Check[]> } | null = null;
  const look = (): Promise<Check[]> => {
    if (!looked || now() - looked.at >= keepMs) looked = { at: now(), checks: Promise.all(Object.entries(probes).map(([name, probe]) => check(name, probe))) };
    return looked.checks;
  };

  return async (req, res) => {
    const [path, query = ''] = (req.url ?? '').split('?', 2);
    if (path !== '/healthz' && path !== '/readyz') return false;
    res.setHeader('cache-control', 'no-store');
    if (path === '/healthz') {
      res.end('ok\n');
      return true;
    }
    const checks = await look();
    const ready = checks.every(({ ok }) => ok);
    res.statusCode = ready ? 200 : 503;
    const asJson = new URLSearchParams(query).get('format') === 'json' || /\bapplication\/json\b/.test(req.headers.accept ?? '');
    res.setHeader('content-type', asJson ? 'application/json' : 'text/plain; charset=utf-8');
    res.end(asJson ? `${JSON.stringify({ ready, checks })}\n` : `${ready ? 'ready' : 'not ready'}\n${checks.map(({ name, ok, why }) => `${ok ? 'ok  ' : 'FAIL'} ${name}${why === null ? '' : `: ${why}`}\n`).join('')}`);
    return true;
  };
}
