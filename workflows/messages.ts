// What can be said to, and asked of, the temporal workflows?

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Answer, Ask } from '../config-schema/ask.ts';
import type { Outcome } from '../config-schema/outcome.ts';
import type { Trigger } from '../config-schema/trigger.ts';
import type { PipelineView, SliceView } from '../config-schema/view.ts';

/** To the repository: something happened. */
export const triggered = defineSignal<[Delivered]>('triggered');
export type Delivered = {
  trigger: Trigger;
  /** By which it is known again: of its `triggerIdentities`. */
  hashes: string[];
  /** The setting of now; 0: any number. */
  pipelinesAtOnce: number;
  /** How long pipelines wait until the repository asks about those that run. */
  askAfterSeconds: number;
};
/** To the repository, and on to each of its open pipelines: nothing can be reported there any more, for this reason. */
export const disowned = defineSignal<[string]>('disowned');
/** To a pipeline that waits: there is room now. */
export const mayBegin = defineSignal('mayBegin');
/** Of a pipeline: see Ask. */
export const ask = defineUpdate<Answer, [Ask]>('ask');
/** To the repository, from a pipeline: nothing of it runs until a person has approved something; or it goes on again. */
export const pipelineHeld = defineSignal<[{ number: number; held: boolean }]>('pipelineHeld');
/** To the repository, from a pipeline: it has ended. */
export const pipelineEnded = defineSignal<[{ number: number; outcome: Outcome }]>('pipelineEnded');
/** Of the repository: the numbers of its open pipelines, those that wait last. */
export const openPipelines = defineQuery<number[]>('openPipelines');
/** Of a pipeline: all of it, but for the steps of running slices. */
export const pipelineView = defineQuery<PipelineView>('pipelineView');
/** Of a slice: itself, with its steps. */
export const sliceView = defineQuery<SliceView>('sliceView');
/** To a pipeline, from a slice: it runs, with something worth a line, or waits for longer than a moment and says why. */
export const sliceProgress = defineSignal<[SliceProgress]>('sliceProgress');
export type SliceProgress = { workflow: string; job: string; slice: number } & ({ state: 'running'; note?: string } | { state: 'waiting'; reason: string });
