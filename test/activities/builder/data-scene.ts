// A data step as the builder runs it: a real agent without walls, a real store in a folder, a log that is kept.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { answerOf, type DataRun, type DataSandbox } from '../../../activities/builder/data-step.ts';
import type { DataStepPorts } from '../../../activities/builder/data-steps.ts';
import { spoolIn } from '../../../activities/builder/spool.ts';
import { checkFence } from '../../../activities/fence.ts';
import { putJson, type ObjectStore } from '../../../activities/object-store.ts';
import { planKey } from '../../../config-schema/address.ts';
import { compileConfig } from '../../../config-schema/compile.ts';
import type { Plan } from '../../../config-schema/plan.ts';
import { startAgent } from '../../sandbox-agent/agent.ts';

export type DataScene = {
  store: ObjectStore;
  ports: Pick<DataStepPorts, 'store' | 'spool' | 'limits'>;
  spoolFolder: string;
  plan: Plan;
  /** The working directory of every job, on this machine. */
  work: string;
  root: string;
  abort: AbortController;
  /** A run of a job's step, and what it says. */
  run(job: string, index: number, change?: Partial<Pick<DataRun, 'attempt' | 'user'>> & { slice?: number; work?: string }): DataRun & { said: string[] };
};

/** Workflow `ci` of this config. `change` is laid over the store, as the steps see it. */
export async function dataScene(t: TestContext, config: string, change: (store: ObjectStore) => Partial<ObjectStore> = () => ({})): Promise<DataScene> {
  const { client, root } = await startAgent(t);
  const folder = mkdtempSync(join(tmpdir(), 'data-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const stored = fileStore(join(folder, 'store'));
  const store: ObjectStore = { ...stored, ...change(stored) };
  const compiled = compileConfig(config, { path: '.circle.yml' });
  if ('errors' in compiled) throw new Error(JSON.stringify(compiled.errors));
  const { plan } = compiled;
  await putJson(stored, planKey(42, 7), { version: 1, plan });
  const work = join(root, 'work');
  mkdirSync(work);
  const spoolFolder = join(folder, 'spool');
  const abort = new AbortController();
  return {
    store: stored,
    ports: { store, spool: spoolIn(spoolFolder), limits: { workspaceBytes: 50_000_000, artifactBytes: 5_000_000 } },
    spoolFolder,
    plan,
    work,
    root,
    abort,
    run(job, index, { slice: sliceIndex = 0, attempt = 1, user, work: cwd = work } = {}) {
      const said: string[] = [];
      const slice = { repositoryId: 42, pipeline: 7, workflow: 'ci', job, slice: sliceIndex };
      const tool: DataSandbox['tool'] = (spec) => client.tool({ cwd, ...(user !== undefined && { user }), ...spec }, abort.signal);
      return {
        place: { job: plan.jobs[job]! } as DataRun['place'],
        slice,
        attempt,
        trust: 'T1',
        index,
        environment: {},
        user,
        signal: abort.signal,
        sandbox: { tool, ask: async (question, input) => (await answerOf(await tool({ program: 'helper', args: [question], stream: 'both' }), input)) as never, mount: (spec) => client.mount(spec) },
        say: (line) => {
          said.push(line);
          return Promise.resolve();
        },
        checkFence: () => checkFence(store, slice, attempt),
        said,
      };
    },
  };
}
