// What can an operator ask of the control process, which alone opens what is encrypted?

import { builderOperations } from './builder-operations.ts';
import { contextOperations } from './context-operations.ts';
import { forgetOperations } from './forget-operations.ts';
import { keyOperations } from './key-operations.ts';
import type { Operation, OperationPorts } from './operation.ts';
import { pageOperations } from './page-operations.ts';
import { pipelineOperations, type PipelineOperationPorts } from './pipeline-operations.ts';
import { projectOperations } from './project-operations.ts';
import { repositoryOperations } from './repository-operations.ts';
import { scheduleOperations, type ScheduleOperationPorts } from './schedule-operations.ts';
import { secretOperations } from './secret-operations.ts';
import { tokenOperations } from './token-operations.ts';
import { triggerOperations, type TriggerOperationPorts } from './trigger-operations.ts';
import { whyOperations, type WhyPorts } from './why-operations.ts';

/** Every operation by its name. Each one that changes something leaves an entry in the audit log. */
export function operations(ports: OperationPorts & PipelineOperationPorts & TriggerOperationPorts & ScheduleOperationPorts & WhyPorts): ReadonlyMap<string, Operation> {
  return new Map(Object.entries({ ...secretOperations(ports), ...contextOperations(ports), ...projectOperations(ports), ...keyOperations(ports), ...forgetOperations(ports), ...repositoryOperations(ports), ...builderOperations(ports), ...pageOperations(ports), ...pipelineOperations(ports), ...tokenOperations(ports), ...triggerOperations(ports), ...scheduleOperations(ports), ...whyOperations(ports) }));
}
