// An audit log in memory: the events in the order in which they came.

import type { Audit, AuditEvent } from '../../activities/control/audit.ts';

export type MemoryAudit = Audit & { events: readonly AuditEvent[] };

export function memoryAudit(): MemoryAudit {
  const events: AuditEvent[] = [];
  return {
    events,
    append(event) {
      // As JSON carries it: a caller that goes on changing its object changes nothing here.
      events.push(JSON.parse(JSON.stringify(event)) as AuditEvent);
      return Promise.resolve();
    },
  };
}
