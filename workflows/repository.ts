// The single writer of one repository: which of what happened becomes a pipeline, and under which number?

import {
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { pipelineWorkflowId } from '../config-schema/address.ts';
import { triggerIdentities, type Trigger } from '../config-schema/trigger.ts';
import { control } from './activities.ts';
import { openPipelines, pipelineEnded, triggered } from './messages.ts';
import type { pipeline } from './pipeline.ts';

/** Deliveries are remembered for longer than GitHub offers to redeliver them (3 days). */
const rememberedMs = 4 * 24 * 60 * 60 * 1000;
const eventsBeforeContinuing = 4000;

export type RepositoryState = {
  repositoryId: number;
  /** Null: ask the history. */
  nextNumber: number | null;
  /** Identity of a trigger -> when it was seen (ms). */
  seen: [string, number][];
  /** Pipelines that have not ended. */
  open: number[];
  /** Came in while the last run was closing. */
  waiting: Trigger[];
};

export async function repository(state: RepositoryState): Promise<void> {
  const waiting = [...state.waiting];
  const open = new Set(state.open);
  const seen = new Map(state.seen);
  let nextNumber = state.nextNumber;

  setHandler(triggered, (trigger) => void waiting.push(trigger));
  setHandler(pipelineEnded, ({ number }) => void open.delete(number));
  setHandler(openPipelines, () => [...open]);

  const mustContinue = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > eventsBeforeContinuing;

  while (!mustContinue()) {
    await condition(() => waiting.length > 0 || mustContinue());
    const trigger = waiting.shift();
    if (!trigger) continue;
    forgetOld(seen);
    const identities = triggerIdentities(trigger);
    if (identities.some((identity) => seen.has(identity))) {
      log.info('dropped a repeated delivery', { deliveryId: trigger.deliveryId });
      continue;
    }
    for (const identity of identities) seen.set(identity, Date.now());
    nextNumber ??= await control.nextPipelineNumber(state.repositoryId);
    const started = await startPipeline(trigger, nextNumber);
    open.add(started);
    nextNumber = started + 1;
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof repository>({ repositoryId: state.repositoryId, nextNumber, seen: [...seen], open: [...open], waiting });
}

/** Starts the pipeline and waits for its start only. Answers its number, which is higher than asked when that was taken. */
async function startPipeline(trigger: Trigger, number: number): Promise<number> {
  for (;;) {
    try {
      await startChild<typeof pipeline>('pipeline', {
        workflowId: pipelineWorkflowId(trigger.repository.id, number),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [{ trigger, number }],
      });
      return number;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      number += 1;
    }
  }
}

function forgetOld(seen: Map<string, number>): void {
  const oldest = Date.now() - rememberedMs;
  for (const [identity, at] of seen) if (at < oldest) seen.delete(identity);
}
