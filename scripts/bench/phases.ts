// Where does the time between a webhook and the first byte go? Temporal's histories have the time of every event.

import type { Client } from '@temporalio/client';
import { pipelineWorkflowId, repositoryWorkflowId, sliceWorkflowId } from '../../config-schema/address.ts';
import { median, type Bench } from './bench.ts';
import type { FirstByte } from './look-on.ts';
import type { Instance, Repository } from './instance.ts';

/** What ended, and when, in ms since 1970, in order. */
export type Moments = [string, number][];

export async function phasesOf({ client }: Instance, repository: Repository, { slice, delivered, written, shown }: FirstByte): Promise<Moments> {
  const [ofRepository, ofPipeline, ofSlice] = await Promise.all(
    [repositoryWorkflowId(repository.id), pipelineWorkflowId(repository.id, slice.pipeline), sliceWorkflowId(slice)].map((id) => historyOf(client, id)),
  );
  const signals = ofRepository!.filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'triggered');
  const activity = (events: Event[], name: string, what: string): Moments => {
    const scheduled = events.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name)!;
    const about = (attributes: { scheduledEventId?: unknown } | null | undefined): boolean => attributes != null && String(attributes.scheduledEventId) === String(scheduled.eventId);
    const started = events.find((event) => about(event.activityTaskStartedEventAttributes))!;
    const completed = events.find((event) => about(event.activityTaskCompletedEventAttributes))!;
    return [
      [`${what}: decided`, timeOf(scheduled)],
      [`${what}: taken by a worker`, timeOf(started)],
      [`${what}: done`, timeOf(completed)],
    ];
  };
  return [
    ['webhook at the app', delivered],
    ['signal in the repository workflow', timeOf(signals[slice.pipeline - 1]!)],
    ['pipeline workflow started', timeOf(ofPipeline![0]!)],
    ...activity(ofPipeline!, 'load', 'load'),
    ['slice workflow started', timeOf(ofSlice![0]!)],
    ...activity(ofSlice!, 'beginAttempt', 'beginAttempt'),
    ...activity(ofSlice!, 'openSandbox', 'openSandbox'),
    ...activity(ofSlice!, 'claimSandbox', 'claimSandbox'),
    // The activity ends after the first byte.
    ...activity(ofSlice!, 'runStep', 'runStep').slice(0, 2),
    ['first byte in the builder’s file', written],
    ['first byte on the page’s WebSocket', shown],
  ];
}

/** The median of each phase, and its share. */
export function sayPhases(bench: Bench, runs: readonly Moments[]): void {
  const names = runs[0]!.map(([name]) => name);
  const since = (i: number, j: number): number => median(runs.map((run) => run[i]![1] - run[j]![1]));
  bench.say('where the time goes, medians: ms since the webhook, ms of this phase');
  for (const [i, name] of names.entries()) bench.say(`${since(i, 0).toFixed(0).padStart(7)} ${(i === 0 ? 0 : since(i, i - 1)).toFixed(1).padStart(8)}  ${name}`);
}

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];

async function historyOf(client: Client, workflowId: string): Promise<Event[]> {
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

const timeOf = ({ eventTime }: Event): number => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
