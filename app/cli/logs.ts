// `roundhouse logs`: what did the steps of a job print?

import { setTimeout as sleep } from 'node:timers/promises';
import { stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import { ranIn } from '../../config-schema/carry-over.ts';
import { gapSentence, readChunks, readManifest } from '../../config-schema/read-log.ts';
import type { JobView, SliceView } from '../../config-schema/view.ts';
import { readPipeline } from '../builds.ts';
import { findAddress, type Ports } from './ports.ts';
import { Problem } from './problem.ts';

const lookEveryMs = 500;

export async function printLogs(ports: Ports, text: string, { follow, step: onlyStep }: { follow?: true; step?: number }): Promise<void> {
  const address = await findAddress(ports, text);
  const look = async (): Promise<{ workflow: string; job: JobView }> => {
    const view = await readPipeline(ports, address.owner, address.name, address.pipeline);
    if (!view) throw new Problem(`there is no pipeline ${address.owner}/${address.name}#${address.pipeline}. See: roundhouse builds`, 2);
    return findJob(view, address.workflow, address.job, text);
  };
  const { workflow, job } = await look();
  const slices = address.slice === undefined ? job.slices.map(({ index }) => index) : [address.slice];
  for (const index of slices) {
    let { job: current } = await look();
    let slice = sliceOf(current, index, text);
    const key: SliceKey = { repositoryId: address.repositoryId, pipeline: ranIn(address.pipeline, current, slice), workflow, job: job.name, slice: index };
    const position = { step: 0, offset: 0 };
    for (;;) {
      const ended = slice.state === 'ended';
      await printSteps(ports, key, slice, address.attempt ?? slice.attempt, position, ended, onlyStep, slices.length > 1);
      if (!follow || ended) break;
      await sleep(lookEveryMs);
      ({ job: current } = await look());
      slice = sliceOf(current, index, text);
    }
  }
}

/** Prints what is new since `position`, which it moves on. A step is left behind when its log is complete, or the slice has ended. */
async function printSteps({ store, logCodec }: Ports, key: SliceKey, slice: SliceView, attempt: number, position: { step: number; offset: number }, ended: boolean, onlyStep: number | undefined, manySlices: boolean): Promise<void> {
  for (; position.step < slice.steps.length; position.step++, position.offset = 0) {
    const step = slice.steps[position.step]!;
    if (onlyStep !== undefined && position.step !== onlyStep - 1) continue;
    if (step.state === 'waiting') {
      if (ended) continue;
      return;
    }
    if (position.offset === 0) process.stderr.write(`--- ${manySlices ? `slice ${slice.index}, ` : ''}step ${position.step + 1}: ${step.name}\n`);
    const logKey = stepLogKey(key, attempt, position.step);
    const manifest = await readManifest(store, logKey);
    if (manifest && manifest.totalBytes > position.offset) {
      for await (const part of readChunks(store, logKey, manifest, { from: position.offset }, logCodec)) {
        if (part.kind === 'bytes') process.stdout.write(part.bytes);
        else process.stderr.write(`${gapSentence(part)}\n`);
      }
      position.offset = manifest.totalBytes;
    }
    if (!manifest?.complete && !ended && step.state === 'running') return;
  }
}

export function findJob<Job extends { name: string }>(view: { workflows: { name: string; jobs: Job[] }[] }, workflow: string | undefined, job: string | undefined, text: string): { workflow: string; job: Job } {
  const found = view.workflows.flatMap(({ name, jobs }) => jobs.filter((candidate) => (workflow === undefined || name === workflow) && (job === undefined || candidate.name === job)).map((candidate) => ({ workflow: name, job: candidate })));
  if (found.length === 1) return found[0]!;
  const names = view.workflows.flatMap(({ name, jobs }) => jobs.map((candidate) => `${name}/${candidate.name}`));
  if (names.length === 0) throw new Problem(`${text} ran no job. See: roundhouse builds`, 2);
  throw new Problem(found.length === 0 ? `${text}: there is no such job. Its jobs are ${names.join(', ')}.` : `${text} has several jobs. Add one of /${names.join(', /')}.`, 2);
}

function sliceOf(job: JobView, index: number, text: string): SliceView {
  const slice = job.slices[index];
  if (!slice) throw new Problem(`${text}: the job has slices 0 to ${job.slices.length - 1}.`, 2);
  return slice;
}
