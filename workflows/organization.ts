// The single writer of an organization: which of its jobs has the turn in which serial group?

import { allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, isCancellation, log, setHandler, workflowInfo } from '@temporalio/workflow';
import { pipelineWorkflowId } from '../config-schema/address.ts';
import { control, type SerialPlace } from './activities.ts';
import { serialJoin, serialLeave, serialTurn, type SerialTurn } from './messages.ts';
import { joined, left, type SerialQueue } from './serial-queue.ts';

const eventsBeforeContinuing = 4000;

export type OrganizationState = {
  groups: [name: string, queue: SerialQueue][];
  /** As it was last said: how soon those that hold up others are asked about again. */
  askAfterSeconds?: number;
  /** Came in while the last run was closing. */
  inbox: Message[];
};

type Message = { kind: 'join' | 'leave'; place: SerialPlace };

export async function organization(state: OrganizationState): Promise<void> {
  const groups = new Map(state.groups);
  const inbox = [...state.inbox];
  /** What each place was last told. The next run tells it once more, which does no harm. */
  const told = new WeakMap<SerialPlace, string>();
  let { askAfterSeconds = 60 } = state;
  let lookAgainAt = 0;

  setHandler(serialJoin, (join) => {
    ({ askAfterSeconds } = join);
    inbox.push({ kind: 'join', place: join.place });
  });
  setHandler(serialLeave, (place) => void inbox.push({ kind: 'leave', place }));

  const mustContinue = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > eventsBeforeContinuing;
  const hasWork = (): boolean => inbox.length > 0 || mustContinue();
  const awaited = (): SerialQueue[] => [...groups.values()].filter((queue) => queue.length > 1);

  while (!mustContinue()) {
    if (!hasWork() && awaited().length === 0) await condition(hasWork);
    if (!hasWork() && Date.now() < lookAgainAt) await condition(hasWork, lookAgainAt - Date.now());
    if (awaited().length > 0 && Date.now() >= lookAgainAt) await askAboutHolders();
    const message = inbox.shift();
    if (message?.kind === 'join') await join(message.place);
    if (message?.kind === 'leave') await replace(message.place.group, left(queueOf(message.place.group), message.place));
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof organization>({ groups: [...groups], askAfterSeconds, inbox });

  async function join(place: SerialPlace): Promise<void> {
    if (awaited().length === 0) lookAgainAt = Date.now() + askAfterSeconds * 1000;
    const { queue, skipped } = joined(queueOf(place.group), place);
    for (const { place: superfluous, reason } of skipped) await tell(superfluous, { skipped: reason });
    await replace(place.group, queue);
  }

  /** Everybody in the group hears what has become of the wait. Whose pipeline is not open any more leaves. */
  async function replace(group: string, queue: SerialQueue): Promise<void> {
    if (queue.length === 0) groups.delete(group);
    else groups.set(group, queue);
    const hear = await Promise.all(queue.map((place) => tellOnce(place, place === queue[0] ? true : { heldBy: nameOf(queue[0]!) })));
    if (hear.includes(false)) await replace(group, queue.filter((_, index) => hear[index]));
  }

  /** A pipeline that an operator terminated never gave its places back. */
  async function askAboutHolders(): Promise<void> {
    const holders = awaited().map(([holder]) => holder!);
    for (const [repositoryId, places] of Map.groupBy(holders, ({ repository }) => repository.id)) {
      const { open } = await control.stillOpen({ repositoryId, numbers: [...new Set(places.map(({ pipeline }) => pipeline))] });
      for (const place of places.filter(({ pipeline }) => !open.includes(pipeline))) {
        log.warn('a pipeline ended without a word; its serial group is free', { pipeline: nameOf(place), group: place.group });
        await replace(place.group, left(queueOf(place.group), place));
      }
    }
    lookAgainAt = Date.now() + askAfterSeconds * 1000;
  }

  async function tellOnce(place: SerialPlace, turn: SerialTurn): Promise<boolean> {
    const news = JSON.stringify(turn);
    if (told.get(place) === news) return true;
    told.set(place, news);
    return tell(place, turn);
  }

  /** False when the pipeline is not open. */
  async function tell(place: SerialPlace, turn: SerialTurn): Promise<boolean> {
    try {
      await getExternalWorkflowHandle(pipelineWorkflowId(place.repository.id, place.pipeline)).signal(serialTurn, { place, turn });
      return true;
    } catch (error) {
      if (isCancellation(error)) throw error;
      return false;
    }
  }

  function queueOf(group: string): SerialQueue {
    return groups.get(group) ?? [];
  }
}

const nameOf = ({ repository: { owner, name }, pipeline }: SerialPlace): string => `${owner}/${name}#${pipeline}`;
