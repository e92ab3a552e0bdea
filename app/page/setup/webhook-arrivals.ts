// When did GitHub last reach this process?

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Counts what was accepted: signed with the App's secret, and handed on. */
export function webhookArrivals(webhookPath: string) {
  let last: string | null = null;
  return {
    /** For the server's `request`. */
    see(req: IncomingMessage, res: ServerResponse): void {
      if (req.method !== 'POST' || (req.url ?? '').split('?', 1)[0]!.replace(/\/+$/, '') !== webhookPath) return;
      res.once('finish', () => {
        if (res.statusCode < 300) last = new Date().toISOString();
      });
    },
    last: (): string | null => last,
  };
}
