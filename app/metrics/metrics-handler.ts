// Who may read the metrics, and how?

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refusal } from '../page/access/local.ts';
import type { Handler } from '../server.ts';
import type { Metrics } from './metrics.ts';

/** GET /metrics in Prometheus' text format: for programs of this machine, and for those that bring the token. To all others it is not there. */
export function metricsHandler(metrics: Metrics, refresh: () => Promise<void>, token: string | null): Handler {
  return async (req, res) => {
    if ((req.url ?? '').split('?', 1)[0] !== '/metrics') return false;
    res.setHeader('cache-control', 'no-store');
    const said = bearer(req);
    const allowed = said === null ? refusal(req) === null : token !== null && same(said, token);
    if (!allowed) {
      const status = token === null ? 404 : 401;
      res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...(status === 401 && { 'www-authenticate': 'Bearer' }) }).end(status === 401 ? 'Bring the token of the setting metricsToken.\n' : 'There is nothing here.\n');
      return true;
    }
    await refresh();
    res.writeHead(200, { 'content-type': metrics.registry.contentType }).end(await metrics.registry.metrics());
    return true;
  };
}

const bearer = ({ headers }: IncomingMessage): string | null => /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;

/** In the same time however much of it is right. */
const same = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
