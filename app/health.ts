// Is this app alive, and ready for work?

import type { Handler } from './server.ts';
import type { BuilderRegistry } from './registry.ts';

/** GET /healthz: the process answers. GET /readyz: a builder is connected that takes work. */
export function healthHandler(registry: BuilderRegistry): Handler {
  return async (req, res) => {
    const path = req.url?.split('?')[0];
    if (path === '/healthz') {
      res.end('ok\n');
      return true;
    }
    if (path !== '/readyz') return false;
    const ready = (await registry.sights()).some((sight) => sight.connected && !sight.draining);
    res.statusCode = ready ? 200 : 503;
    res.end(ready ? 'ok\n' : 'no builder is connected\n');
    return true;
  };
}
