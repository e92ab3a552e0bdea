// The single writer of one repository: which of what happened becomes a pipeline, under which number, and when may it begin?

import { ParentClosePolicy, allHandlersFinished, condition, continueAsNew, getExternalWorkflowHandle, isCancellation, log, setHandler, startChild, workflowInfo } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError, type SignalDefinition } from '@temporalio/common';
import { pipelineWorkflowId } from '../config-schema/address.ts';
import { control } from './activities.ts';
import { disowned, known, mayBegin, openPipelines, pipelineEnded, pipelineHeld, superseded, triggered, type Delivered } from './messages.ts';
import type { pipeline } from './pipeline.ts';
import { memoryOf, type Seen } from './seen.ts';
import { headOf, superseded as supersededBy, type Head } from './superseding.ts';

const eventsBeforeContinuing = 4000;

export type RepositoryState = {
  repositoryId: number;
  /** Null: ask the history. */
  nextNumber: number | null;
  seen: Seen;
  /** As it was last said; 0: any number. */
  pipelinesAtOnce: number;
  /** Likewise: how soon those that hold up others are asked about again. */
  askAfterSeconds?: number;
  /** Pipelines that have begun and not ended. */
  running: number[];
  /** Of those that have begun: nothing of them runs until a person says so, and meanwhile they take no place. */
  held?: number[];
  /** Started, and waiting to begin, in their order. */
  waiting: number[];
  /** Of the open pipelines: what the newer ones supersede. */
  heads?: [number: number, Head][];
  /** Came in while the last run was closing. */
  inbox: Message[];
};

type Message = ({ kind: 'triggered' } & Delivered) | { kind: 'disowned'; reason: string };

export async function repository(state: RepositoryState): Promise<void> {
  const { repositoryId } = state;
  const inbox = [...state.inbox];
  const running = new Set(state.running);
  const held = new Set(state.held);
  const waiting = new Set(state.waiting);
  const heads = new Map(state.heads);
  const memory = memoryOf(state.seen);
  let { nextNumber, pipelinesAtOnce, askAfterSeconds = 60 } = state;
  let lookAgainAt = 0;

  setHandler(triggered, (delivered) => void inbox.push({ kind: 'triggered', ...delivered }));
  setHandler(disowned, (reason) => void inbox.push({ kind: 'disowned', reason }));
  setHandler(pipelineEnded, ({ number }) => forget(number));
  setHandler(pipelineHeld, (news) => void (news.held && running.has(news.number) ? held.add(news.number) : held.delete(news.number)));
  setHandler(known, (hashes) => hashes.some(memory.has));
  setHandler(openPipelines, () => [...running, ...waiting]);

  const mustContinue = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > eventsBeforeContinuing;
  const hasRoom = (): boolean => pipelinesAtOnce === 0 || running.size - held.size < pipelinesAtOnce;
  const nextMayBegin = (): boolean => waiting.size > 0 && hasRoom();
  const hasWork = (): boolean => inbox.length > 0 || nextMayBegin() || mustContinue();

  while (!mustContinue()) {
    if (!hasWork() && waiting.size === 0) await condition(hasWork);
    if (!hasWork() && Date.now() < lookAgainAt) await condition(hasWork, lookAgainAt - Date.now());
    if (waiting.size > 0 && !nextMayBegin() && Date.now() >= lookAgainAt) await askAboutRunning();
    if (nextMayBegin()) await beginNext();
    const message = inbox.shift();
    if (message?.kind === 'triggered') await accept(message);
    if (message?.kind === 'disowned') await tellAll(message.reason);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof repository>({ repositoryId, nextNumber, seen: memory.all(), pipelinesAtOnce, askAfterSeconds, running: [...running], held: [...held], waiting: [...waiting], heads: [...heads], inbox });

  async function accept(delivered: Delivered): Promise<void> {
    const { trigger, hashes, knownBy = hashes } = delivered;
    ({ pipelinesAtOnce, askAfterSeconds } = delivered);
    if (memory.knows(knownBy, Date.now(), hashes)) return log.info('dropped a repeated delivery', { deliveryId: trigger.deliveryId });
    nextNumber ??= await control.nextPipelineNumber(repositoryId);
    const waits = waiting.size > 0 || !hasRoom();
    if (waits && waiting.size === 0) lookAgainAt = Date.now() + askAfterSeconds * 1000;
    // A number that is taken, by a pipeline that is in no history yet, is passed over.
    for (let started = false; !started; nextNumber++) started = await start(delivered, nextNumber, waits);
    const head = headOf(trigger);
    if (head) await supersede(head, nextNumber - 1, delivered);
  }

  async function supersede(head: Head, number: number, { trigger, autoCancel = 'off' }: Delivered): Promise<void> {
    // Of a fork's pull request one commit is asked about at a time, whatever the setting.
    const unlessAllowed = autoCancel === 'off' && trigger.pullRequest !== null;
    const older = supersededBy(head, heads, unlessAllowed ? 'branches' : autoCancel, trigger.repository.defaultBranch);
    for (const each of older) heads.delete(each);
    if (running.has(number) || waiting.has(number)) heads.set(number, head);
    await Promise.all(older.map((each) => tell(each, superseded, [{ number, ...(unlessAllowed && { unlessAllowed }) }])));
  }

  function forget(number: number): void {
    for (const kept of [running, held, waiting, heads]) kept.delete(number);
  }

  /** Starts the pipeline and waits for its start only. False when the number is taken. */
  async function start({ trigger }: Delivered, number: number, waits: boolean): Promise<boolean> {
    // Noted first: the news of its end may come together with that of its start.
    const place = waits ? waiting : running;
    const reason = `waits: ${running.size - held.size} pipelines of this repository run, and no more may run at once`;
    place.add(number);
    try {
      await startChild<typeof pipeline>('pipeline', {
        workflowId: pipelineWorkflowId(repositoryId, number),
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [{ trigger, number, ...(waits && { waits: reason }) }],
      });
      if (waits) log.info('a pipeline waits', { number, running: running.size, pipelinesAtOnce });
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      place.delete(number);
      return false;
    }
  }

  async function beginNext(): Promise<void> {
    const number = [...waiting][0]!;
    waiting.delete(number);
    running.add(number);
    lookAgainAt = Date.now() + askAfterSeconds * 1000;
    if (!(await tell(number, mayBegin, []))) forget(number);
  }

  /** A pipeline that an operator terminated never told that it ended. */
  async function askAboutRunning(): Promise<void> {
    const asked = [...running];
    const answer = await control.stillOpen({ repositoryId, numbers: asked });
    for (const number of asked) {
      if (answer.open.includes(number)) continue;
      forget(number);
      log.warn('a pipeline ended without a word; its place is free', { number });
    }
    ({ pipelinesAtOnce } = answer);
    lookAgainAt = Date.now() + askAfterSeconds * 1000;
  }

  async function tellAll(reason: string): Promise<void> {
    const open = [...running, ...waiting];
    log.warn('the repository cannot be reported to any more; its open pipelines are canceled', { reason, pipelines: open });
    await Promise.all(open.map((number) => tell(number, disowned, [reason])));
  }

  /** False when the pipeline is not open. */
  async function tell<Args extends unknown[]>(number: number, signal: SignalDefinition<Args>, args: Args): Promise<boolean> {
    try {
      await getExternalWorkflowHandle(pipelineWorkflowId(repositoryId, number)).signal(signal, ...args);
      return true;
    } catch (error) {
      if (isCancellation(error)) throw error;
      return false;
    }
  }
}
