// The one door through which temporal workflows see activities: as types.

import { proxyActivities, ActivityCancellationType } from '@temporalio/workflow';
import { failureTypes } from '../config-schema/queues.ts';
import type { BuilderActivities } from '../activities/builder/activities.ts';
import type { ControlActivities, Limits } from '../activities/control/activities.ts';

export type { CheckReport, ControlActivities, Limits, LoadedPipeline } from '../activities/control/activities.ts';
export type { BuilderActivities, OpenedSandbox } from '../activities/builder/activities.ts';

/** The forge may be away for hours: control activities are tried until they succeed. */
export const control = proxyActivities<ControlActivities>({
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s' },
});

/** Waits for room on any builder that offers the class. */
export function anyBuilder(queue: string, limits: Limits): Pick<BuilderActivities, 'openSandbox'> {
  return proxyActivities<BuilderActivities>({
    taskQueue: queue,
    scheduleToCloseTimeout: `${limits.queueTimeoutSeconds}s`,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '5s',
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: '1s', backoffCoefficient: 1.2, maximumInterval: '5s', nonRetryableErrorTypes: [failureTypes.sandboxFailed, failureTypes.unknownImage] },
  });
}

/** Work for the builder that holds the sandbox. Its silence for `builderLostSeconds` fails as schedule-to-start timeout. */
export function thisBuilder(queue: string, limits: Limits, startToClose: `${number}s`): Omit<BuilderActivities, 'openSandbox'> {
  return proxyActivities<BuilderActivities>({
    taskQueue: queue,
    scheduleToStartTimeout: `${limits.builderLostSeconds}s`,
    startToCloseTimeout: startToClose,
    heartbeatTimeout: '5s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1s', backoffCoefficient: 1, maximumAttempts: 100, nonRetryableErrorTypes: [failureTypes.sandboxLost] },
  });
}
