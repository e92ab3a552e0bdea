// Cache steps in real sandboxes: LXC containers, a store in a folder, and one builder's own caches or several's.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../../activities/adapters/file-store.ts';
import { removeTree } from '../../../../activities/adapters/remove-tree.ts';
import { confinedUnpacker } from '../../../../activities/adapters/unpack.ts';
import { LocalCaches, type LocalCachesPorts } from '../../../../activities/builder/caches/local-caches.ts';
import { cacheSteps } from '../../../../activities/builder/caches/steps.ts';
import { answerOf, type DataEnd, type DataRun, type DataSandbox } from '../../../../activities/builder/data-step.ts';
import type { DataStepPorts } from '../../../../activities/builder/data-steps.ts';
import { sandboxName } from '../../../../activities/builder/held.ts';
import type { SandboxHost, SandboxLimits } from '../../../../activities/builder/sandbox.ts';
import type { ObjectStore } from '../../../../activities/object-store.ts';
import { readable, type TrustLevel } from '../../../../config-schema/trigger.ts';
import { planJob } from '../../../config-schema/plan-parts.ts';
import { reach, runInside, specOf } from '../../adapters/lxc/machine.ts';

export type Job = {
  sandbox: string;
  /** A script as root of the sandbox; answers what it prints. Fails the test unless it ends with 0. */
  sh(script: string): Promise<string>;
  save(key: string, paths: string[], options?: { mount?: boolean }): Promise<Said>;
  restore(keys: string[], options?: { mount?: boolean }): Promise<Said>;
  run: DataRun;
};

export type Said = DataEnd & { log: string };

export type CacheScene = {
  store: ObjectStore;
  folder: string;
  ports: DataStepPorts;
  /** Another builder's caches, which lie elsewhere. */
  newBuilder(change?: Partial<LocalCachesPorts>): DataStepPorts;
  job(options?: JobOptions): Promise<Job>;
};

export type JobOptions = { trust?: TrustLevel; user?: string; on?: DataStepPorts; environment?: Record<string, string>; retentionDays?: number; signal?: AbortSignal; workingDirectory?: string; limits?: Partial<SandboxLimits> };

let pipelines = 0;

export function cacheScene(t: Pick<TestContext, 'after'>, host: SandboxHost, change: (store: ObjectStore) => Partial<ObjectStore> = () => ({})): CacheScene {
  const folder = mkdtempSync('/tmp/rh-test-caches-');
  const stored = fileStore(join(folder, 'store'));
  const store = { ...stored, ...change(stored) };
  const log = { warn: () => undefined };
  const builders: LocalCaches[] = [];
  const sandboxes: string[] = [];
  const newBuilder: CacheScene['newBuilder'] = (ports = {}) => {
    const caches = new LocalCaches(join(folder, `builder-${builders.length}`), { unpack: confinedUnpacker, maxBytes: 1e9, diskBytes: 2e9, stallMs: 60_000, log, ...ports });
    builders.push(caches);
    return { store, caches, cacheDays: 15, log } as Partial<DataStepPorts> as DataStepPorts;
  };
  t.after(async () => {
    for (const name of sandboxes) await host.destroy(name);
    for (const caches of builders) await caches.stop();
    await removeTree(folder);
  });
  const ports = newBuilder();

  return {
    store: stored,
    folder,
    ports,
    newBuilder,
    async job({ trust = 'T2', user, on = ports, environment = {}, retentionDays, signal = new AbortController().signal, workingDirectory = '/root/project', limits = {} } = {}) {
      const pipeline = (pipelines += 1);
      const slice = { repositoryId: 7, pipeline, workflow: 'ci', job: 'build', slice: 0 };
      const sandbox = sandboxName({ ...slice, repositoryId: process.pid }, 1);
      const cacheFolders = Object.fromEntries(await Promise.all(readable(trust).map(async (level) => [level, await on.caches.shared(7, level)] as const)));
      const handle = await host.create(specOf({ name: sandbox, trust, cacheFolders, limits: limits as SandboxLimits }));
      sandboxes.push(sandbox);
      const agent = await reach(handle);
      const said: string[] = [];
      const tool: DataSandbox['tool'] = (spec) => agent.tool({ cwd: workingDirectory, ...(user !== undefined && { user }), ...spec }, signal);
      const run: DataRun = {
        place: {
          pipeline,
          job: planJob({ workingDirectory, cacheRetentionDays: retentionDays ?? null }),
          trigger: { ref: trust === 'T2' ? 'refs/heads/main' : 'refs/heads/work', sha: 'a'.repeat(40), repository: { id: 7 } },
        } as DataRun['place'],
        slice,
        attempt: 1,
        trust,
        index: 0,
        environment,
        user,
        signal,
        sandbox: { tool, ask: async (question, input) => (await answerOf(await tool({ program: 'helper', args: [question], stream: 'both' }), input)) as never, mount: (spec) => agent.mount(spec) },
        say: (line) => {
          said.push(line);
          return Promise.resolve();
        },
        checkFence: () => Promise.resolve(),
      };
      const told = async (step: Promise<DataEnd>): Promise<Said> => {
        said.length = 0;
        const end = await step;
        return { ...end, log: [...said, ...(end.reason === undefined ? [] : [end.reason])].join('\n') };
      };
      const steps = cacheSteps(on);
      return {
        sandbox,
        run,
        async sh(script) {
          const { exitCode, output } = await runInside(handle, script);
          assert.equal(exitCode, 0, output);
          return output;
        },
        save: (key, paths, { mount = true } = {}) => told(steps.save_cache(run, { kind: 'save_cache', name: 'Saving cache', when: 'always', key, paths, mount })),
        restore: (keys, { mount = true } = {}) => told(steps.restore_cache(run, { kind: 'restore_cache', name: 'Restoring cache', when: 'always', keys, mount })),
      };
    },
  };
}
