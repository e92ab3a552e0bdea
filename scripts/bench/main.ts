// The process of `npm run bench`: which figures are asked for, and everything cleaned up at the end.

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../app/cli/problem.ts';
import { endOnTrouble, whenAsked } from '../../app/process.ts';
import type { Bench } from './bench.ts';
import { benchCache } from './bytes-cache.ts';
import { benchCheckout } from './checkout.ts';
import { benchConfig } from './config.ts';
import { benchDecrypt } from './decrypt.ts';
import { benchFirstByte } from './first-byte.ts';
import { benchImage } from './image.ts';
import { startInstance } from './instance.ts';
import { benchLogLatency } from './log-latency.ts';
import { benchLogViewer } from './log-viewer.ts';
import { benchLog } from './log.ts';
import { benchMasking } from './masking.ts';
import { benchOrchestration } from './orchestration.ts';
import { benchPage } from './page.ts';
import { benchSandbox } from './sandbox.ts';
import { benchScale } from './scale.ts';
import { benchSplit } from './split.ts';
import { benchWholeBuild } from './whole-build.ts';

/** Those of the second kind share one running instance. Those of the last need no machine of ours, and the very last may lack its data. */
const groups = { sandbox: [benchSandbox], bytes: [benchCache, benchCheckout, benchImage, benchSplit] };
const groupsOnAnInstance = { latency: [benchFirstByte, benchWholeBuild], log: [benchLog], page: [benchLogLatency], scale: [benchScale] };
const groupsAtTheEnd = { keys: [benchMasking, benchDecrypt], page: [benchPage, benchLogViewer], scale: [benchOrchestration], config: [benchConfig] };

await endOnTrouble(async () => {
  const args = process.argv.slice(2);
  const names = [...new Set([groups, groupsOnAnInstance, groupsAtTheEnd].flatMap((each) => Object.keys(each)))];
  const unknown = args.filter((arg) => arg !== '--quick' && !names.includes(arg));
  if (unknown.length > 0) throw new Problem(`bench: there is no group ${unknown.join(', ')}. Groups are ${names.join(', ')}; the only option is --quick.`, 2);
  const withoutMachine = args.every((arg) => arg === '--quick' || (arg in groupsAtTheEnd && !(arg in groupsOnAnInstance))) && args.some((arg) => arg in groupsAtTheEnd);
  if (!withoutMachine && process.getuid?.() !== 0) throw new Problem('sandboxes need root on this machine. Run: sudo npm run bench', 2);
  const wanted = <T>(all: Record<string, T[]>): T[] => Object.entries(all).flatMap(([name, measures]) => (args.includes(name) || args.every((arg) => arg === '--quick') ? measures : []));

  // What nobody caught must not end the process before everything that it started.
  const broken = new AbortController();
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, (error) => broken.abort(error));
  const signal = AbortSignal.any([whenAsked(), broken.signal]);
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  // The container's root, nobody here, walks through it.
  await chmod(folder, 0o711);
  const ending: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const bench: Bench = {
    quick: args.includes('--quick'),
    signal,
    print: (figure) => void process.stdout.write(`${JSON.stringify(figure)}\n`),
    say,
    folder,
    atEnd: (action) => void ending.push(action),
  };
  try {
    for (const measure of wanted(groups)) await measure(bench);
    const onAnInstance = wanted(groupsOnAnInstance);
    const instance = onAnInstance.length > 0 ? await startInstance(bench) : null;
    for (const measure of onAnInstance) await measure(bench, instance!);
    for (const measure of wanted(groupsAtTheEnd)) await measure(bench);
  } catch (error) {
    if (broken.signal.aborted) throw broken.signal.reason;
    if (!signal.aborted) throw error;
    say('ended before the end');
    return 130;
  } finally {
    for (const end of ending.toReversed()) await end().catch((error: unknown) => say(`while ending: ${String(error)}`));
  }
});
