// What is done every few minutes, whatever happens?

import { log } from '@temporalio/workflow';
import { sweeping } from './activities.ts';

export async function sweep(): Promise<void> {
  const redelivered = await sweeping.redeliverFailed();
  if (redelivered > 0) log.warn('webhooks had not arrived; GitHub was asked to send them again', { redelivered });
  const started = await sweeping.startMissed();
  if (started > 0) log.warn('branches had moved without a webhook; their pipelines were started', { started });
}
