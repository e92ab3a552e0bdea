// What do caches cost over plain tar and zstd?

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { clearMachine, machineHost } from '../../activities/adapters/machine.ts';
import { readSettings } from '../../app/read-settings.ts';
import { cacheScene, type Said } from '../../test/activities/builder/caches/scene.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';

const files = 14_000;

/**
 * About 1 GB, like the packages of a large project. Ours: the steps themselves, in a real sandbox, with the store on the same disk; what is
 * restored is usable at the end, mounted or copied. `cache-restore` is for a builder that never had it, `cache-restore-local` for one that has.
 */
export async function benchCache(bench: Bench): Promise<void> {
  const builderState = join(bench.folder, 'caches');
  const settings = { ...(await readSettings({ ...process.env, ROUNDHOUSE_DATA: join(bench.folder, 'caches-data') })), builderState };
  const { host, pool } = await machineHost(settings);
  bench.atEnd(() => clearMachine(settings));
  const limits = { ...settings.classes['large']!, ...(!pool.hasQuotas && { diskBytes: null }) };
  const n = bench.quick ? 3 : 5;
  const [source, packed, target] = ['source', 'packed.tar.zst', 'target'].map((name) => join(bench.folder, name)) as [string, string, string];
  bench.say(`cache: making ${files} files of about 1 GB …`);
  await makeFiles(source);
  const scene = cacheScene({ after: (end) => bench.atEnd(async () => (end as () => Promise<void>)()) }, host);
  const job = await scene.job({ limits, on: scene.newBuilder({ maxBytes: 10e9 }) });
  const { stream, ended } = await job.run.sandbox.tool({ program: 'tar', args: ['-x', '-C', '/root'], stream: 'in', cwd: '/' });
  await shell('tar -c source', bench.folder, stream);
  if ((await ended).exitCode !== 0) throw new Error('the files did not come into the sandbox');

  let saves = 0;
  const save = (): Promise<number> => timed(async () => must(await job.save(`k${(saves += 1)}`, ['/root/source'], { mount: false }), /^Saved/m));
  const plainSave = (): Promise<number> => timed(() => shell(`tar -c source | zstd -1 -q -f -o ${packed}`, bench.folder));
  const restore = async (): Promise<{ restoreMs: number; localMs: number }> => {
    const on = scene.newBuilder({ maxBytes: 10e9 });
    const [first, second] = [await scene.job({ limits, on }), await scene.job({ limits, on })];
    const restoreMs = await timed(async () => must(await first.restore(['k1']), /^Mounted/m));
    const localMs = await timed(async () => must(await second.restore(['k1']), /^Mounted/m));
    return { restoreMs, localMs };
  };
  const plainRestore = async (): Promise<number> => {
    await rm(target, { recursive: true, force: true });
    await mkdir(target);
    return timed(() => shell(`zstd -dc -q ${packed} | tar -x -C ${target}`, bench.folder));
  };

  bench.say(`cache: once to warm up, then ${n} times saved and restored, and by tar and zstd in turn …`);
  await save();
  await plainSave();
  const saved = await inPairs(bench, n, save, plainSave);
  const restored = await inPairs(bench, n, restore, plainRestore);
  const print = (figure: string, baseline: string, pairs: { ours: number; baseline: number }[]): void =>
    bench.print({ figure, value: rounded(median(pairs.map(({ ours, baseline: plain }) => ours / plain)), 3), unit: 'ratio', baseline, n, ms: rounded(median(pairs.map(({ ours }) => ours))), baselineMs: rounded(median(pairs.map(({ baseline: plain }) => plain))) });
  print('cache-save', 'tar | zstd -1', saved);
  print('cache-restore', 'zstd -d | tar', restored.map(({ ours, baseline }) => ({ ours: ours.restoreMs, baseline })));
  print('cache-restore-local', 'zstd -d | tar', restored.map(({ ours, baseline }) => ({ ours: ours.localMs, baseline })));
}

function must({ log }: Said, pattern: RegExp): void {
  if (!pattern.test(log)) throw new Error(`the step went another way:\n${log}`);
}

async function shell(command: string, cwd: string, into?: Socket): Promise<void> {
  const child = spawn('sh', ['-ec', command], { cwd, stdio: ['ignore', into ?? 'inherit', 'inherit'] });
  into?.destroy();
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

/** Text as programs have it, of which zstd -1 leaves about a third. */
async function makeFiles(folder: string): Promise<void> {
  const words = Array.from({ length: 4000 }, () => Math.random().toString(36).slice(2, 2 + Math.ceil(Math.random() * 9)));
  const text = Buffer.from(Array.from({ length: 1_500_000 }, () => words[Math.floor(Math.random() ** 2 * words.length)]).join(' '));
  for (let i = 0; i < files; i++) {
    const into = join(folder, `package-${i % 400}`, `lib-${i % 7}`);
    await mkdir(into, { recursive: true });
    const length = Math.floor(-Math.log(1 - Math.random()) * 72_000);
    const from = Math.floor(Math.random() * Math.max(1, text.length - length));
    await writeFile(join(into, `${i}.js`), text.subarray(from, from + length));
  }
}
