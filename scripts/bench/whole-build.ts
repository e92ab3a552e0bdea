// How long does a trivial build take, over the same by hand?

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';
import type { Instance } from './instance.ts';
import { oneJob } from './one-job.ts';

/** From `git push` to the check's conclusion at GitHub, over what the same takes by hand on the host: `git clone`, from the same server, and the command. */
export async function benchWholeBuild(bench: Bench, instance: Instance): Promise<void> {
  const repository = await instance.repository('whole-build', { '.circle.yml': oneJob(`      - checkout\n      - run: ./build.sh`), 'build.sh': `#!/bin/sh\nset -e\nmkdir -p out\nwc -c build.sh >out/size\ncat out/size\n` });
  const byHand = join(bench.folder, 'by-hand');

  const ours = async (): Promise<{ ms: number; fromWebhookMs: number }> => {
    const push = await repository.commit();
    const [began, delivered, concluded] = await Promise.all([push.send(), push.delivered(), push.concluded()]);
    await push.ended();
    return { ms: concluded - began, fromWebhookMs: concluded - delivered };
  };
  const baseline = async (): Promise<number> => {
    await rm(byHand, { recursive: true, force: true });
    return timed(() => promisify(execFile)('sh', ['-c', 'git clone -q "$1" "$2" && cd "$2" && ./build.sh', 'sh', repository.url, byHand], { env: repository.gitEnv, signal: bench.signal }));
  };

  bench.say('whole build: once to warm up …');
  await inPairs(bench, 1, ours, baseline);
  const n = bench.quick ? 3 : 25;
  bench.say(`whole build: ${n} pushes, each followed by the same by hand …`);
  const pairs = await inPairs(bench, n, ours, baseline);
  const ratio = median(pairs.map(({ ours, baseline }) => ours.ms / baseline));
  bench.print({
    figure: 'whole-build',
    value: rounded(ratio, 2),
    unit: 'ratio',
    baseline: 'git clone && ./build.sh',
    n,
    ms: rounded(median(pairs.map(({ ours }) => ours.ms))),
    fromWebhookMs: rounded(median(pairs.map(({ ours }) => ours.fromWebhookMs))),
    baselineMs: rounded(median(pairs.map(({ baseline }) => baseline))),
  });
  bench.print({ figure: 'whole-build-ms', value: rounded(median(pairs.map(({ ours, baseline }) => ours.ms - baseline))), unit: 'ms', baseline: 'git clone && ./build.sh', n });
}
