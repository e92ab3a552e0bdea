// How long does Temporal take to answer?

import { bounded, type Metrics } from './metrics.ts';

/** For connectClient of activities/adapters/temporal.ts. `code` is gRPC's; 0 is well. */
export function temporalWatch(metrics: Metrics): (operation: string, code: number, ms: number) => void {
  const operations = bounded(100);
  return (operation, code, ms) => metrics.temporalRequests.observe({ operation: operations(operation), status: String(code) }, ms / 1000);
}
