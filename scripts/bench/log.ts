// How fast does the output of a step come into the store, and what does it take in memory?

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { stepLogKey } from '../../config-schema/address.ts';
import { readManifest } from '../../config-schema/read-log.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';
import type { Instance } from './instance.ts';
import { oneJob } from './one-job.ts';

const GiB = 1024 ** 3;

/**
 * From the start of the step to the moment when its log is complete in the store, over the same command on the host into /dev/null.
 * The command is the quickest printer there is, so that the ratio tells of our pipeline and not of the command. `builderPeakMB`
 * and `appPeakMB` are the most resident memory of these processes while it ran.
 */
export async function benchLog(bench: Bench, instance: Instance): Promise<void> {
  const bytes = bench.quick ? GiB / 16 : GiB;
  // Without pipefail: `yes` is to be ended by the closed pipe.
  const command = `set +o pipefail; yes 'compiling src/of/some/module/or/other.c with all warnings, as a build would say' | head -c ${bytes}`;
  const repository = await instance.repository('log', { '.circle.yml': oneJob(`      - run: ${JSON.stringify(command)}`) });
  const processes = { app: instance.app, builder: instance.builder };

  const ours = async (): Promise<{ ms: number; appPeakMB: number; builderPeakMB: number }> => {
    const push = await repository.commit();
    await Promise.all(Object.values(processes).map(forgetPeak));
    await Promise.all([push.send(), push.concluded()]);
    const view = await push.ended();
    const key = stepLogKey({ repositoryId: repository.id, pipeline: push.number, workflow: 'all', job: 'job', slice: 0 }, 1, 0);
    const manifest = await readManifest(instance.store, key);
    if (!manifest?.complete || manifest.totalBytes !== bytes) throw new Error(`the log has ${manifest?.totalBytes} bytes instead of ${bytes}`);
    // Written for the last time when it became complete.
    const completeAt = (await instance.store.head(`${key}/manifest.json`))!.modified.getTime();
    const startedAt = Date.parse(view.workflows[0]!.jobs[0]!.slices[0]!.steps[0]!.startedAt!);
    return { ms: completeAt - startedAt, appPeakMB: await peakMB(processes.app), builderPeakMB: await peakMB(processes.builder) };
  };
  const baseline = (): Promise<number> => timed(() => promisify(execFile)('bash', ['-eo', 'pipefail', '-c', `{ ${command}; } >/dev/null`], { signal: bench.signal }));

  const n = bench.quick ? 1 : 3;
  bench.say(`log: ${n} of ${bytes} bytes, each followed by the same command into /dev/null …`);
  const pairs = await inPairs(bench, n, ours, baseline);
  const ms = median(pairs.map(({ ours }) => ours.ms));
  bench.print({
    figure: 'log-1gib',
    value: rounded(median(pairs.map(({ ours, baseline }) => ours.ms / baseline)), 2),
    unit: 'ratio',
    baseline: 'the same command to /dev/null',
    n,
    bytes,
    ms: rounded(ms),
    baselineMs: rounded(median(pairs.map(({ baseline }) => baseline))),
    MBs: rounded(bytes / 1e3 / ms),
    builderPeakMB: Math.max(...pairs.map(({ ours }) => ours.builderPeakMB)),
    appPeakMB: Math.max(...pairs.map(({ ours }) => ours.appPeakMB)),
  });
}

/** The kernel counts the peak of resident memory anew from here (proc(5), clear_refs). */
const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

async function peakMB(pid: number): Promise<number> {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return rounded((Number(kilobytes) * 1024) / 1e6);
}
