// A run of a data step with a real agent, without a builder around it.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { answerOf, type DataRun, type DataSandbox } from '../../../activities/builder/data-step.ts';
import { builtIn, type StepPlace } from '../../../activities/builder/environment.ts';
import { planJob } from '../../config-schema/plan-parts.ts';
import { startAgent } from '../../sandbox-agent/agent.ts';

export type TestRun = { run: DataRun; said: string[]; /** The job's working directory on this machine. */ folder: string; root: string };

/** `change` is laid over the run. The sandbox is a folder of this machine. */
export async function startRun(t: TestContext, change: Partial<DataRun> = {}, placeChange: Partial<StepPlace> = {}): Promise<TestRun> {
  const { client, root } = await startAgent(t);
  const folder = join(root, 'project');
  const said: string[] = [];
  await mkdir(folder);
  const place: StepPlace = {
    trigger: {
      event: 'push',
      deliveryId: 'd',
      receivedAt: '2026-01-01T00:00:00Z',
      repository: { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 },
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      sha: 'a'.repeat(40),
      sender: { id: 1, login: 'ada' },
      commit: { subject: '', authorLogin: null },
      pullRequest: null,
    },
    pipeline: 12,
    workflow: 'ci',
    job: planJob({ workingDirectory: folder }),
    jobName: 'test',
    slice: 0,
    sliceTotal: 1,
    publicUrl: 'http://ci.example',
    repositoryUrl: 'https://github.example/acme/shop',
    pullRequestUrls: [],
    ...placeChange,
  };
  const signal = change.signal ?? new AbortController().signal;
  const tool: DataSandbox['tool'] = (spec) => client.tool({ cwd: folder, ...spec }, signal);
  const run: DataRun = {
    place,
    slice: { repositoryId: place.trigger.repository.id, pipeline: place.pipeline, workflow: place.workflow, job: place.jobName, slice: place.slice },
    attempt: 1,
    trust: 'T2',
    index: 0,
    environment: builtIn(place),
    user: undefined,
    signal,
    sandbox: {
      tool,
      ask: async (question, input) => (await answerOf(await tool({ program: 'helper', args: [question], stream: 'both' }), input)) as never,
      mount: (spec) => client.mount(spec),
    },
    say: (line) => {
      said.push(line);
      return Promise.resolve();
    },
    checkFence: () => Promise.resolve(),
    ...change,
  };
  return { run, said, folder, root };
}
