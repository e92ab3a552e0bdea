// What if the forge does not take a report?

import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { controlActivities, type ControlPorts } from '../../../activities/control/control.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { memoryForge } from '../../fakes/forge.ts';

const repository = { id: 7, owner: 'acme', name: 'shop', private: false, defaultBranch: 'main', installationId: 1 };
const report = { repository, sha: 'a'.repeat(40), pipeline: 1, checks: [{ check: { kind: 'config-errors' as const, path: '.circle.yml', errors: [] } }] };

/** How the activity fails at its nth try; `goneForGood`: Temporal tries no more. */
async function failure(thrown: Error, attempt: number): Promise<{ message: string; goneForGood: boolean; nextTry: unknown }> {
  const forge = { ...memoryForge(), report: () => Promise.reject(thrown) };
  const activities = controlActivities({ forge, publicUrl: 'http://ci.example' } as Partial<ControlPorts> as ControlPorts);
  const error = await new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') }).run(() => activities.report(report)).then(
    () => assert.fail('it was taken'),
    (caught: Error) => caught,
  );
  const { nonRetryable = false, nextRetryDelay } = error as Partial<ApplicationFailure>;
  return { message: error.message, goneForGood: nonRetryable === true, nextTry: nextRetryDelay };
}

const notFound = Object.assign(new Error('Not Found'), { status: 404 });
const cases = [
  { title: 'what the forge refuses is tried again', thrown: notFound, attempt: 1, goneForGood: false },
  { title: 'and given up after about an hour, so that the pipeline can end', thrown: notFound, attempt: 64, goneForGood: true },
  { title: 'a forge that is away is waited for, however long', thrown: new ForgeUnavailable('Not Found', 30), attempt: 640, goneForGood: false },
];
for (const { title, thrown, attempt, goneForGood } of cases) {
  test(title, async () => {
    const { message, ...rest } = await failure(thrown, attempt);
    assert.equal(message, 'Not Found');
    assert.deepEqual(rest, { goneForGood, nextTry: thrown instanceof ForgeUnavailable ? '30s' : undefined });
  });
}
