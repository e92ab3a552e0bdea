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
  const childStarted = ofPipeline!.findIndex((event) => event.startChildWorkflowExecutionInitiatedEventAttributes != null);
  return [
    ['webhook at the app', delivered],
    ['signal in the repository workflow', timeOf(signals[slice.pipeline - 1]!)],
    ['pipeline workflow started', timeOf(ofPipeline![0]!)],
    ...activities(ofPipeline!, ofPipeline![childStarted]!),
    ['slice workflow started', timeOf(ofSlice![0]!)],
    // Of the step itself the first byte comes before its end.
    ...activities(ofSlice!, ofSlice!.at(-1)!).filter(([, time]) => time < written),
    ['first byte in the builder’s file', written],
    ['first byte on the page’s WebSocket', shown],
  ];
}

/** Every activity that was done, or at least taken, before this event was decided on. */
function activities(events: readonly Event[], before: Event): Moments {
  return events.flatMap((scheduled): Moments => {
    const name = scheduled.activityTaskScheduledEventAttributes?.activityType?.name;
    if (name == null) return [];
    const about = (attributes: { scheduledEventId?: unknown } | null | undefined): boolean => attributes != null && String(attributes.scheduledEventId) === String(scheduled.eventId);
    const started = events.find((event) => about(event.activityTaskStartedEventAttributes));
    const completed = events.find((event) => about(event.activityTaskCompletedEventAttributes));
    if (!started || !completed || timeOf(started) > timeOf(before)) return [];
    return [
      [`${name}: decided`, timeOf(scheduled)],
      [`${name}: taken by a worker`, timeOf(started)],
      [`${name}: done`, timeOf(completed)],
    ];
  });
}

/** The median of each phase, and its share. */
export function sayPhases(bench: Bench, runs: readonly Moments[]): void {
  // A retry, here and there, has moments of its own.
  const names = runs[0]!.map(([name]) => name).filter((name) => runs.every((run) => timeIn(run, name) !== undefined));
  const since = (name: string, earlier: string): number => median(runs.map((run) => timeIn(run, name)! - timeIn(run, earlier)!));
  bench.say('where the time goes, medians: ms since the webhook, ms of this phase');
  for (const [i, name] of names.entries()) bench.say(`${since(name, names[0]!).toFixed(0).padStart(7)} ${since(name, names[Math.max(0, i - 1)]!).toFixed(1).padStart(8)}  ${name}`);
}

const timeIn = (run: Moments, wanted: string): number | undefined => run.find(([name]) => name === wanted)?.[1];

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];

async function historyOf(client: Client, workflowId: string): Promise<Event[]> {
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

const timeOf = ({ eventTime }: Event): number => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
