// What can be said to, and asked of, the temporal workflows?

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Answer, Ask } from '../config-schema/ask.ts';
import type { AutoCancel } from '../config-schema/choices.ts';
import type { Outcome } from '../config-schema/outcome.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import type { PipelineView, SliceView } from '../config-schema/view.ts';
import type { SerialPlace } from './activities.ts';

/** To the repository: something happened. */
export const triggered = defineSignal<[Delivered]>('triggered');
export type Delivered = {
  trigger: Trigger;
  /** What is remembered of it: of its `identitiesOf`. */
  hashes: string[];
  /** By what it is known when it was remembered before. Absent: by the same. */
  knownBy?: string[];
  /** The setting of now; 0: any number. */
  pipelinesAtOnce: number;
  /** Absent: off. */
  autoCancel?: AutoCancel;
  /** How long pipelines wait until the repository asks about those that run. */
  askAfterSeconds: number;
};
/** To the repository, and on to each of its open pipelines: nothing can be reported there any more, for this reason. */
export const disowned = defineSignal<[string]>('disowned');
/** To a pipeline that waits: there is room now. */
export const mayBegin = defineSignal('mayBegin');
/** To a pipeline, from the repository: a newer one, of this number, makes it superfluous. See Ask. */
export const superseded = defineSignal<[{ number: number; /** Only while it waits for a maintainer's word. */ unlessAllowed?: true }]>('superseded');
/** Of a pipeline: see Ask. */
export const ask = defineUpdate<Answer, [Ask]>('ask');
/** To the repository, from a pipeline: nothing of it runs until a person has approved something; or it goes on again. */
export const pipelineHeld = defineSignal<[{ number: number; held: boolean }]>('pipelineHeld');
/** To the repository, from a pipeline: it has ended. */
export const pipelineEnded = defineSignal<[{ number: number; outcome: Outcome }]>('pipelineEnded');
/** Of the repository: the numbers of its open pipelines, those that wait last. */
export const openPipelines = defineQuery<number[]>('openPipelines');
/** Of the repository: whether it remembers one of these hashes. */
export const known = defineQuery<boolean, [string[]]>('known');
/** Of a pipeline: all of it, but for the steps of running slices. */
export const pipelineView = defineQuery<PipelineView>('pipelineView');
/** Of a slice: itself, with its steps. */
export const sliceView = defineQuery<SliceView>('sliceView');
/** To a pipeline, from a slice: it runs, with something worth a line, or waits for longer than a moment and says why. */
export const sliceProgress = defineSignal<[SliceProgress]>('sliceProgress');
export type SliceProgress = { workflow: string; job: string; slice: number } & ({ state: 'running'; note?: string } | { state: 'waiting'; reason: string });
/** To the organization: a job asks for its turn in a serial group. A place that is there already stays where it is. */
export const serialJoin = defineSignal<[SerialJoin]>('serialJoin');
export type SerialJoin = {
  place: SerialPlace;
  /** How long others wait until the organization asks about whoever has the turn. */
  askAfterSeconds: number;
};
/** To the organization: the place is given back, whether it waits or has its turn. */
export const serialLeave = defineSignal<[SerialPlace]>('serialLeave');
/** To a pipeline, from the organization: what has become of a place that it asked for. */
export const serialTurn = defineSignal<[{ place: SerialPlace; turn: SerialTurn }]>('serialTurn');
/** true: it has the turn. `heldBy`: the pipeline that has it. `skipped`: why it never will. */
export type SerialTurn = true | { heldBy: string } | { skipped: string };
