// What can an operator ask of the control process, which alone opens what is encrypted?

import { contextOperations } from './context-operations.ts';
import { forgetOperations } from './forget-operations.ts';
import { keyOperations } from './key-operations.ts';
import type { Operation, OperationPorts } from './operation.ts';
import { projectOperations } from './project-operations.ts';
import { secretOperations } from './secret-operations.ts';

/** Every operation by its name. Each one that changes something leaves an entry in the audit log. */
export function operations(ports: OperationPorts): ReadonlyMap<string, Operation> {
  return new Map(Object.entries({ ...secretOperations(ports), ...contextOperations(ports), ...projectOperations(ports), ...keyOperations(ports), ...forgetOperations(ports) }));
}
