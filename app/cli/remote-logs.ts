// `roundhouse logs` of a Roundhouse elsewhere.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import type { jobDetailsAnswer } from '../api/answers.ts';
import type { Remote } from './login.ts';
import { Problem } from './problem.ts';
import { callApi, fetchFrom } from './remote.ts';
import { remoteJob } from './remote-job.ts';

type Details = z.infer<typeof jobDetailsAnswer>;
type Slice = Details['slices'][number];

const lookEveryMs = 500;

export async function printRemoteLogs(remote: Remote, text: string, { follow, step: onlyStep }: { follow?: true; step?: number }): Promise<void> {
  const { path, slice: onlySlice, attempt } = await remoteJob(remote, text);
  const look = (): Promise<Details> => callApi(remote, 'GET', path);
  const { slices } = await look();
  const wanted = slices.filter(({ index }) => onlySlice === undefined || index === onlySlice);
  if (onlySlice !== undefined && wanted.length === 0) throw new Problem(`${text}: the job has slices 0 to ${slices.length - 1}.`, 2);
  for (const first of wanted) {
    for (let [slice, step] = [first, 0]; ; ) {
      step = await printSteps(remote, slice, step, { follow, onlyStep, attempt, isOneOf: wanted.length });
      if (!follow || slice.state === 'ended') break;
      await sleep(lookEveryMs);
      slice = (await look()).slices.find(({ index }) => index === first.index)!;
    }
  }
}

type Printed = { follow: true | undefined; onlyStep: number | undefined; attempt: number | undefined; isOneOf: number };

/** Those that have begun, from step `from` on; answers with which to go on. */
async function printSteps(remote: Remote, slice: Slice, from: number, { follow, onlyStep, attempt, isOneOf }: Printed): Promise<number> {
  for (const [step, { name, state, log_url }] of slice.steps.entries()) {
    if (step < from || (onlyStep !== undefined && step !== onlyStep - 1)) continue;
    if (state === 'waiting') {
      if (slice.state === 'ended') continue;
      return step;
    }
    process.stderr.write(`--- ${isOneOf > 1 ? `slice ${slice.index}, ` : ''}step ${step + 1}: ${name}\n`);
    // Under the address at which we were asked to look: the other one may be for browsers.
    const { body } = await fetchFrom(remote, `${new URL(log_url).pathname}?${[...(follow ? ['follow'] : []), ...(attempt !== undefined ? [`attempt=${attempt}`] : [])].join('&')}`);
    for await (const bytes of body ?? []) if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }
  return slice.steps.length;
}
