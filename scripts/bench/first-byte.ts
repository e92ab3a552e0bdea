// How long does somebody who pushes wait for the first byte?

import { debianImages } from '../../activities/adapters/images/debian.ts';
import { bareContainer } from './bare-container.ts';
import { inPairs, median, percentile, rounded, type Bench } from './bench.ts';
import { emptyRoundTrips } from './empty-round-trip.ts';
import type { Instance } from './instance.ts';
import { lookOn } from './look-on.ts';
import { image, oneJob } from './one-job.ts';
import { phasesOf, sayPhases, type Moments } from './phases.ts';

/**
 * From the webhook at the app to the first byte of the first step on the page's WebSocket. The ratio is over what nobody can go below who
 * uses LXC and Temporal: one bare container started, and one empty temporal workflow.
 */
export async function benchFirstByte(bench: Bench, instance: Instance): Promise<void> {
  const repository = await instance.repository('first-byte', { '.circle.yml': oneJob(`      - run: echo hello`) });
  const bare = bareContainer(bench, (await debianImages({ cacheFolder: instance.settings.cache }).image(image)).folder);
  const emptyRoundTrip = await emptyRoundTrips(bench, instance);
  const phases: Moments[] = [];
  const connectedMs: number[] = [];

  const ours = async (): Promise<number> => {
    const times = await lookOn(bench, instance, repository);
    phases.push(await phasesOf(instance, repository, times));
    connectedMs.push(times.connected - times.delivered);
    return times.shown - times.delivered;
  };
  const baseline = async (): Promise<{ lxcMs: number; temporalMs: number }> => {
    const lxcMs = await bare.start();
    const temporalMs = await emptyRoundTrip();
    await bare.stop();
    return { lxcMs, temporalMs };
  };

  bench.say('first byte: to warm up …');
  await inPairs(bench, bench.quick ? 1 : 3, ours, baseline);
  phases.length = connectedMs.length = 0;
  const n = bench.quick ? 4 : 25;
  bench.say(`first byte: ${n} pushes, each followed by a bare container and an empty temporal workflow …`);
  const pairs = await inPairs(bench, n, ours, baseline);

  const ms = pairs.map(({ ours }) => ours);
  const of = (pick: (baseline: { lxcMs: number; temporalMs: number }) => number): number => rounded(median(pairs.map(({ baseline }) => pick(baseline))));
  const ratio = median(pairs.map(({ ours, baseline }) => ours / (baseline.lxcMs + baseline.temporalMs)));
  bench.print({ figure: 'first-byte-p50', value: rounded(median(ms)), unit: 'ms', n });
  bench.print({ figure: 'first-byte-p95', value: rounded(percentile(ms, 95)), unit: 'ms', n });
  bench.print({ figure: 'first-byte-ratio', value: rounded(ratio, 2), unit: 'ratio', baseline: 'lxc-start and an empty temporal workflow', n, lxcMs: of(({ lxcMs }) => lxcMs), temporalMs: of(({ temporalMs }) => temporalMs) });
  sayPhases(bench, phases);
  bench.say(`(the WebSocket was open since ${median(connectedMs).toFixed(0)} ms)`);
}
