// What does a sandbox cost over a bare container?

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { clearMachine, machineHost } from '../../activities/adapters/machine.ts';
import { plainContainer } from '../../activities/builder/sandbox.ts';
import { debianImages } from '../../activities/adapters/images/debian.ts';
import { readSettings } from '../../app/read-settings.ts';
import { bareContainer } from './bare-container.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';
import { image } from './one-job.ts';

/**
 * Ours, from nothing: folders, id range, mounts, keys, network, limits, LXC, until the agent inside has answered over ssh; then its
 * destruction until no trace is left. The same for the bare container, see there.
 */
export async function benchSandbox(bench: Bench): Promise<void> {
  const builderState = join(bench.folder, 'builder');
  const settings = { ...(await readSettings({ ...process.env, ROUNDHOUSE_DATA: join(bench.folder, 'data') })), builderState };
  const { host, pool } = await machineHost(settings);
  bench.atEnd(() => clearMachine(settings));
  const limits = { ...settings.classes['medium']!, ...(!pool.hasQuotas && { diskBytes: null }) };

  const sandbox = async (): Promise<{ createMs: number; destroyMs: number }> => {
    const name = randomBytes(5).toString('hex');
    const createMs = await timed(() => host.create({ name, primary: plainContainer(image), sidecars: [], nesting: false, trust: 'T1', limits, mirrorObjects: null, cacheFolders: {} }));
    return { createMs, destroyMs: await timed(() => host.destroy(name)) };
  };
  const bare = bareContainer(bench, (await debianImages({ cacheFolder: settings.cache }).image(image)).folder);
  const bareOnce = async (): Promise<{ createMs: number; destroyMs: number }> => ({ createMs: await bare.start(), destroyMs: await bare.stop() });

  bench.say('sandbox: once to warm up …');
  await sandbox();
  await bareOnce();
  const n = bench.quick ? 5 : 31;
  bench.say(`sandbox: ${n} of ours and ${n} bare ones, in turn …`);
  const pairs = await inPairs(bench, n, sandbox, bareOnce);

  const whole = ({ createMs, destroyMs }: { createMs: number; destroyMs: number }): number => createMs + destroyMs;
  const ratio = median(pairs.map(({ ours, baseline }) => whole(ours) / whole(baseline)));
  const ms = (of: (pair: (typeof pairs)[number]) => number): number => rounded(median(pairs.map(of)));
  bench.print({ figure: 'sandbox', value: rounded(ratio, 2), unit: 'ratio', baseline: 'lxc-start', n, ms: ms(({ ours }) => whole(ours)), baselineMs: ms(({ baseline }) => whole(baseline)) });
  bench.print({ figure: 'sandbox-create-ms', value: ms(({ ours }) => ours.createMs), unit: 'ms', n, baselineMs: ms(({ baseline }) => baseline.createMs) });
  bench.print({ figure: 'sandbox-destroy-ms', value: ms(({ ours }) => ours.destroyMs), unit: 'ms', n, baselineMs: ms(({ baseline }) => baseline.destroyMs) });
}
