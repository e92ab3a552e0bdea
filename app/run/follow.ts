// How does the log of every running step get to the terminal, line by line, while it runs?

import { setTimeout as sleep } from 'node:timers/promises';
import { stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import { gapSentence, readChunks, readManifest, type LogCodec } from '../../config-schema/read-log.ts';
import { streamPaths } from '../../config-schema/uplink.ts';
import type { PipelineView, SliceView, StepView } from '../../config-schema/view.ts';
import type { ObjectStore } from '../../activities/object-store.ts';
import type { SshPort } from '../ssh-port.ts';

export type FollowPorts = { store: ObjectStore; sshPort: Pick<SshPort, 'open'>; logCodec: LogCodec };

/** Called for each line, without its newline, and when a step begins and ends. */
export type Heard = {
  began(slice: SliceKey, step: StepView): void;
  line(slice: SliceKey, text: string): void;
  ended(slice: SliceKey, step: StepView): void;
};

const lookEveryMs = 150;

/** Follows the pipeline until `look` answers one that has ended; then every line of it has been heard. */
export async function followPipeline(ports: FollowPorts, look: () => Promise<PipelineView | null>, heard: Heard): Promise<PipelineView> {
  const following = new Map<string, Promise<void>>();
  const newest = new Map<string, StepView>();
  let current = new Set<string>();
  for (;;) {
    const view = await look();
    if (view) current = new Set([...stepsOf(view)].map(([key, slice, index]) => stepLogKey(key, slice.attempt, index)));
    for (const [key, slice, index] of view ? stepsOf(view) : []) {
      const step = slice.steps[index]!;
      const name = stepLogKey(key, slice.attempt, index);
      newest.set(name, step);
      if (step.state === 'waiting' || step.result?.outcome === 'skipped' || following.has(name)) continue;
      // The steps of an attempt whose builder was lost never end: the next attempt takes their place.
      const hasEnded = (): boolean => !current.has(name) || newest.get(name)!.state === 'ended';
      following.set(name, followStep(ports, name, key, slice.builder ?? '', step, hasEnded, heard).then(() => heard.ended(key, newest.get(name)!)));
    }
    if (view?.state === 'ended') {
      await Promise.all(following.values());
      return view;
    }
    await sleep(lookEveryMs);
  }
}

function* stepsOf(view: PipelineView): Generator<[SliceKey, SliceView, number]> {
  for (const workflow of view.workflows) {
    for (const job of workflow.jobs) {
      for (const slice of job.slices) {
        const key = { repositoryId: view.repository.id, pipeline: view.number, workflow: workflow.name, job: job.name, slice: slice.index };
        for (const index of slice.steps.keys()) yield [key, slice, index];
      }
    }
  }
}

/** Live from the builder while it can, the rest from the store. */
async function followStep({ store, sshPort, logCodec }: FollowPorts, logKey: string, slice: SliceKey, builder: string, step: StepView, hasEnded: () => boolean, heard: Heard): Promise<void> {
  let offset = 0;
  let rest = '';
  const decoder = new TextDecoder();
  const take = (bytes: Uint8Array): void => {
    offset += bytes.length;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) heard.line(slice, line);
  };
  heard.began(slice, step);
  for (;;) {
    const ended = hasEnded();
    const stream = await sshPort.open(builder, streamPaths.log(logKey, offset));
    if (stream) for await (const bytes of stream) take(bytes as Buffer);
    const manifest = await readManifest(store, logKey);
    if (manifest && manifest.totalBytes > offset) {
      for await (const part of readChunks(store, logKey, manifest, { from: offset }, logCodec)) {
        if (part.kind === 'bytes') take(part.bytes);
        else heard.line(slice, gapSentence(part));
      }
      offset = manifest.totalBytes;
    }
    if (manifest?.complete || ended) break;
    await sleep(lookEveryMs);
  }
  if (rest !== '') heard.line(slice, rest);
  while (!hasEnded()) await sleep(lookEveryMs);
}
