// The one door through which temporal workflows see activities: as types.

import { proxyActivities, ActivityCancellationType } from '@temporalio/workflow';
import { failureTypes } from '../config-schema/queues.ts';
import type { BuilderActivities } from '../activities/builder/activities.ts';
import type { ControlActivities, Limits } from '../activities/control/activities.ts';

export type { Check, ControlActivities, Limits, LoadedPipeline, SerialPlace } from '../activities/control/activities.ts';
export type { BuilderActivities, OpenedSandbox } from '../activities/builder/activities.ts';

/** The forge may be away for hours: control activities are tried until they succeed. */
export const control = proxyActivities<ControlActivities>({
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' },
});

/** What a schedule does again anyway is not tried for hours. */
export const sweeping = proxyActivities<Pick<ControlActivities, 'redeliverFailed' | 'startMissed'>>({ startToCloseTimeout: '5m', retry: { maximumAttempts: 3 } });

/** Waits for room on any builder that offers the class. */
export function anyBuilder(queue: string, limits: Limits): Pick<BuilderActivities, 'openSandbox'> {
  return proxyActivities<BuilderActivities>({
    taskQueue: queue,
    scheduleToCloseTimeout: `${limits.queueTimeoutSeconds}s`,
    startToCloseTimeout: '1h',
    heartbeatTimeout: '5s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1s', backoffCoefficient: 1.2, maximumInterval: '5s', nonRetryableErrorTypes: [failureTypes.sandboxFailed, failureTypes.unknownImage] },
  });
}

/** Makes the sandbox where room was taken; an image may take long to come. */
export function takenBuilder(queue: string, limits: Limits): Pick<BuilderActivities, 'prepareSandbox'> {
  return proxyActivities<BuilderActivities>({
    taskQueue: queue,
    scheduleToStartTimeout: `${limits.builderLostSeconds}s`,
    startToCloseTimeout: '1h',
    heartbeatTimeout: '5s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1s', backoffCoefficient: 1.2, maximumAttempts: 5, nonRetryableErrorTypes: [failureTypes.sandboxFailed, failureTypes.unknownImage, failureTypes.sandboxLost] },
  });
}

/**
 * Work for the builder that holds the sandbox. A step is tried once: when its builder falls silent, the slice asks whether it is back
 * before it tries again, because a server goes on handing tasks to polls of a machine that is gone.
 */
export function thisBuilder(queue: string, limits: Limits, stepSeconds: number): Omit<BuilderActivities, 'openSandbox' | 'prepareSandbox'> {
  const common = { taskQueue: queue, heartbeatTimeout: '5s', cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;
  const { runStep } = proxyActivities<BuilderActivities>({
    ...common,
    scheduleToStartTimeout: `${limits.builderLostSeconds}s`,
    startToCloseTimeout: `${stepSeconds}s`,
    retry: { maximumAttempts: 1 },
  });
  const { claimSandbox, closeSandbox } = proxyActivities<BuilderActivities>({
    ...common,
    scheduleToCloseTimeout: `${Math.max(30, limits.builderLostSeconds)}s`,
    retry: { initialInterval: '500ms', backoffCoefficient: 1, nonRetryableErrorTypes: [failureTypes.sandboxLost] },
  });
  return { runStep, claimSandbox, closeSandbox };
}
