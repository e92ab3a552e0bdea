// What do images of a registry cost, over fetching and unpacking them by hand, and over a bare container of what is there?

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { imageStore } from '../../activities/adapters/images/images.ts';
import { clearMachine, machineHost } from '../../activities/adapters/machine.ts';
import { plainContainer } from '../../activities/builder/sandbox.ts';
import { removeTree } from '../../activities/adapters/remove-tree.ts';
import { readSettings } from '../../app/read-settings.ts';
import { startRegistry } from '../../test/registry.ts';
import { bareContainer } from './bare-container.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';

const run = promisify(execFile);

/**
 * `image-first`: until the agent answers in a sandbox of an image that the builder does not have, over `skopeo copy && umoci unpack`.
 * `image-second`: the same when it has it, over `lxc-start` of the unpacked folder. The registry is on this machine.
 */
export async function benchImage(bench: Bench): Promise<void> {
  const registry = await startRegistry();
  bench.atEnd(() => registry.stop());
  const reference = await registry.push('acme/build', 'cimg');
  const base = await readSettings({ ...process.env, ROUNDHOUSE_DATA: join(bench.folder, 'data') });
  const n = bench.quick ? 2 : 5;
  const newBuilder = async (): Promise<{ start: () => Promise<unknown>; stop: () => Promise<void>; folder: () => Promise<string>; clear: () => Promise<void> }> => {
    const name = randomBytes(4).toString('hex');
    const folder = join(bench.folder, `${name}-images`);
    const settings = { ...base, builderState: join(bench.folder, name), insecureRegistries: [registry.host] };
    const images = imageStore({ ...settings, cache: folder });
    const { host } = await machineHost(settings, images);
    const limits = { ...settings.classes['medium']!, diskBytes: null };
    let sandbox = '';
    return {
      async start() {
        sandbox = randomBytes(5).toString('hex');
        await host.create({ name: sandbox, primary: plainContainer(reference), sidecars: [], nesting: false, trust: 'T1', limits, mirrorObjects: null, cacheFolders: {} });
      },
      stop: () => host.destroy(sandbox),
      folder: async () => (await images.image(reference)).folder,
      async clear() {
        await clearMachine(settings);
        await removeTree(folder);
      },
    };
  };
  const first = async (): Promise<number> => {
    const builder = await newBuilder();
    const ms = await timed(builder.start);
    await builder.clear();
    return ms;
  };
  const byHand = async (): Promise<number> => {
    const folder = join(bench.folder, 'by-hand');
    await mkdir(folder);
    const ms = await timed(async () => {
      await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${reference}`, `oci:${folder}/oci:x`]);
      await run('umoci', ['unpack', '--image', `${folder}/oci:x`, `${folder}/bundle`]);
    });
    await removeTree(folder);
    return ms;
  };
  bench.say(`image: ${n} first uses of an image, each beside skopeo and umoci by hand …`);
  const firsts = await inPairs(bench, n, first, byHand);
  const ratioOf = (pairs: { ours: number; baseline: number }[]): object => ({
    value: rounded(median(pairs.map(({ ours, baseline }) => ours / baseline)), 2),
    unit: 'ratio',
    n: pairs.length,
    ms: rounded(median(pairs.map(({ ours }) => ours))),
    baselineMs: rounded(median(pairs.map(({ baseline }) => baseline))),
  });
  bench.print({ figure: 'image-first', baseline: 'skopeo copy && umoci unpack', ...ratioOf(firsts) } as never);

  const builder = await newBuilder();
  bench.atEnd(builder.clear);
  await builder.start();
  const bare = bareContainer(bench, await builder.folder());
  const times = bench.quick ? 5 : 21;
  bench.say(`image: ${times} second uses, each beside a bare container …`);
  const second = async ({ start, stop }: { start: () => Promise<unknown>; stop: () => Promise<unknown> }): Promise<number> => {
    const ms = await timed(start);
    await stop();
    return ms;
  };
  await builder.stop();
  const seconds = await inPairs(bench, times, () => second(builder), () => second(bare));
  bench.print({ figure: 'image-second', baseline: 'lxc-start of the same folder', ...ratioOf(seconds) } as never);
}
