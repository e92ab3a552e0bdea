// How do other processes speak to the temporal workflows?

import { createHash } from 'node:crypto';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { refused, type Answer, type Ask } from '../config-schema/ask.ts';
import { organizationWorkflowId, pipelineWorkflowId, repositoryWorkflowId, sliceWorkflowId, type SliceKey } from '../config-schema/address.ts';
import { controlQueue } from '../config-schema/queues.ts';
import { identitiesOf } from '../config-schema/swept.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import type { PipelineView, SliceView } from '../config-schema/view.ts';
import type { ControlActivities } from './activities.ts';
import { ask, disowned, known, openPipelines, pipelineView, serialJoin, serialLeave, sliceView, triggered, type Delivered, type SerialJoin } from './messages.ts';
import type { organization } from './organization.ts';
import type { repository } from './repository.ts';

/** Hands what happened to the single writer of its repository. When it resolves, the trigger is durable. */
export async function deliverTrigger(client: Client, trigger: Trigger, { pipelinesAtOnce = 0, askAfterSeconds = 60, autoCancel = 'off' }: Partial<Pick<Delivered, 'pipelinesAtOnce' | 'askAfterSeconds' | 'autoCancel'>> = {}): Promise<void> {
  const { id } = trigger.repository;
  await client.workflow.signalWithStart<typeof repository, [Delivered]>('repository', {
    workflowId: repositoryWorkflowId(id),
    taskQueue: controlQueue,
    args: [{ repositoryId: id, nextNumber: null, seen: [], pipelinesAtOnce, running: [], waiting: [], inbox: [] }],
    signal: triggered,
    signalArgs: [{ trigger, ...hashesOf(trigger), pipelinesAtOnce, askAfterSeconds, autoCancel }],
  });
}

/** Whether its repository has heard of it already. */
export async function isTriggerKnown(client: Client, trigger: Trigger): Promise<boolean> {
  try {
    return await client.workflow.getHandle(repositoryWorkflowId(trigger.repository.id)).query(known, hashesOf(trigger).knownBy);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function hashesOf(trigger: Trigger): { hashes: string[]; knownBy: string[] } {
  const { remembered, knownBy } = identitiesOf(trigger);
  return { hashes: remembered.map(hashOf), knownBy: knownBy.map(hashOf) };
}

/** 96 bits: too many for somebody who could choose a ref's name so that another's push passes for known. */
const hashOf = (identity: string): string => createHash('sha256').update(identity).digest('base64url').slice(0, 16);

/** How a job's place reaches the single writer of its organization. When these resolve, that is durable. */
export const serialGroups = (client: Client, { askAfterSeconds = 60 }: { askAfterSeconds?: number } = {}): Pick<ControlActivities, 'joinSerialGroup' | 'leaveSerialGroup'> => ({
  async joinSerialGroup(place) {
    await client.workflow.signalWithStart<typeof organization, [SerialJoin]>('organization', {
      workflowId: organizationWorkflowId(place),
      taskQueue: controlQueue,
      args: [{ groups: [], inbox: [] }],
      signal: serialJoin,
      signalArgs: [{ place, askAfterSeconds }],
    });
  },

  async leaveSerialGroup(place) {
    try {
      await client.workflow.getHandle(organizationWorkflowId(place)).signal(serialLeave, place);
    } catch (error) {
      // An operator terminated it, and with it every place.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  },
});

/** Ends the open pipelines of a repository that we can report nothing to any more, without a word to GitHub. When it resolves, that is durable. */
export async function disownRepository(client: Client, repositoryId: number, reason: string): Promise<void> {
  try {
    await client.workflow.getHandle(repositoryWorkflowId(repositoryId)).signal(disowned, reason);
  } catch (error) {
    // Nothing ever happened in it.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Numbers of the repository's open pipelines, as its single writer knows them. */
export async function openPipelinesOf(client: Client, repositoryId: number): Promise<number[]> {
  try {
    return await client.workflow.getHandle(repositoryWorkflowId(repositoryId)).query(openPipelines);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** An open pipeline with the steps of its running slices; null when Temporal has none. */
export async function viewPipeline(client: Client, repositoryId: number, number: number): Promise<PipelineView | null> {
  const view = await glanceAtPipeline(client, repositoryId, number);
  await Promise.all(
    (view?.workflows ?? []).flatMap((workflow) =>
      workflow.jobs.flatMap((job) =>
        job.slices.map(async (slice, index) => {
          if (slice.state === 'ended' || job.state === 'ended') return;
          const key = { repositoryId, pipeline: number, workflow: workflow.name, job: job.name, slice: index };
          job.slices[index] = (await viewSlice(client, key)) ?? slice;
        }),
      ),
    ),
  );
  return view;
}

/** As viewPipeline, by one question: without the steps of slices that run. */
export async function glanceAtPipeline(client: Client, repositoryId: number, number: number): Promise<PipelineView | null> {
  try {
    return await client.workflow.getHandle(pipelineWorkflowId(repositoryId, number)).query(pipelineView);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

export async function viewSlice(client: Client, key: SliceKey): Promise<SliceView | null> {
  try {
    return await client.workflow.getHandle(sliceWorkflowId(key)).query(sliceView);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** All pipelines that Temporal holds open, newest first. */
export async function listOpenPipelines(client: Client): Promise<{ repositoryId: number; number: number }[]> {
  const found: { repositoryId: number; number: number }[] = [];
  for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = 'pipeline' AND ExecutionStatus = 'Running'` })) {
    const match = /^pipeline\/(\d+)\/(\d+)$/.exec(workflowId);
    if (match) found.push({ repositoryId: Number(match[1]), number: Number(match[2]) });
  }
  return found;
}

export async function isPipelineOpen(client: Client, repositoryId: number, number: number): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(pipelineWorkflowId(repositoryId, number)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Asks something of an open pipeline. Refused, by `ended`, of one that is not open (any more). What is asked again by the same id is answered as before. */
export async function askPipeline(client: Client, repositoryId: number, number: number, asked: Ask, id?: string): Promise<Answer> {
  const ended = refused(`pipeline #${number} has ended`);
  if (!(await isPipelineOpen(client, repositoryId, number))) return ended;
  try {
    return await client.workflow.getHandle(pipelineWorkflowId(repositoryId, number)).executeUpdate(ask, { args: [asked], ...(id !== undefined && { updateId: id }) });
  } catch (error) {
    // It may end while it is asked.
    if (error instanceof WorkflowNotFoundError || !(await isPipelineOpen(client, repositoryId, number))) return ended;
    throw error;
  }
}

/** Answers false when the pipeline is not open. */
export async function cancelPipeline(client: Client, repositoryId: number, number: number): Promise<boolean> {
  // The server takes a cancellation of an ended workflow without a word.
  if (!(await isPipelineOpen(client, repositoryId, number))) return false;
  try {
    await client.workflow.getHandle(pipelineWorkflowId(repositoryId, number)).cancel();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Waits for the end. Rejects with WorkflowNotFoundError when there is no such pipeline in Temporal. */
export const pipelineOutcome = (client: Client, repositoryId: number, number: number): Promise<unknown> =>
  client.workflow.getHandle(pipelineWorkflowId(repositoryId, number)).result();

/** Sweeps now and from now on, in place of what an earlier start of the app has arranged. */
export async function scheduleSweep(client: Client, everySeconds: number): Promise<void> {
  const id = 'sweep';
  const schedule = {
    spec: { intervals: [{ every: everySeconds * 1000 }] },
    action: { type: 'startWorkflow' as const, workflowType: 'sweep', workflowId: id, taskQueue: controlQueue },
    policies: { overlap: 'SKIP' as const, catchupWindow: '1m' as const },
  };
  try {
    await client.schedule.create({ scheduleId: id, ...schedule });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(id).update((before) => ({ ...before, ...schedule }));
  }
  await client.schedule.getHandle(id).trigger();
}

/** Where there is no GitHub App any more, nothing is to be swept. */
export async function endSweep(client: Client): Promise<void> {
  await client.schedule
    .getHandle('sweep')
    .delete()
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
}
