// How does a webhook reach the temporal workflows, and what does GitHub hear?

import type { ApplicationFunction } from 'probot';
import type { Trigger } from '../../config-schema/trigger.ts';
import type { Command } from './command.ts';
import { translate, type Translation } from './translate.ts';

export type WebhookPorts = {
  appId: number;
  /**
   * Resolves when the trigger is durable: only then GitHub hears "ok". Called again for a repeated delivery: the repository's temporal
   * workflow drops what it knows. The signal is aborted when GitHub has been told to come again.
   */
  deliver: (trigger: Trigger, signal: AbortSignal) => Promise<void>;
  /** Whether the repository is built at all: one that nobody follows starts nothing, and GitHub hears "ok". Without this, all are. */
  isBuilt?: (repositoryId: number) => Promise<boolean>;
  /** Somebody asked something of a pipeline. Kept to the same promise as `deliver`. */
  commanded?: (command: Command, signal: AbortSignal) => Promise<void>;
  /** A repository was renamed or has gone, an installation came or went. Kept to the same promise as `deliver`. */
  changed?: (change: Change, signal: AbortSignal) => Promise<void>;
};

export type Change = Extract<Translation, { kind: 'repository' | 'installation' }>;

/** GitHub waits 10 s, Probot says 202 by itself after 9 s. DESIGN promises an answer within 5 s. */
const answerWithinMs = 4_500;

export function webhookApp({ appId, deliver, commanded, changed, isBuilt = () => Promise.resolve(true) }: WebhookPorts): ApplicationFunction {
  return (probot) => {
    probot.onAny(async ({ id, name, payload }) => {
      const translation = translate({ name, deliveryId: id, receivedAt: new Date().toISOString(), payload }, appId);
      const log = probot.log.child({ delivery: id, event: name });
      switch (translation.kind) {
        case 'ignored':
          log.debug({ reason: translation.reason }, 'webhook ignored');
          return;
        case 'unreadable':
          log.error({ reason: translation.reason }, 'webhook is signed but unreadable');
          throw withStatus(422, translation.reason);
        case 'trigger': {
          const { repository, ref, sha } = translation.trigger;
          const delivered = await inTime(async (signal) => {
            if (!(await isBuilt(repository.id))) return false;
            await deliver(translation.trigger, signal);
            return true;
          });
          const fields = { repository: `${repository.owner}/${repository.name}`, repositoryId: repository.id, ref, sha };
          if (delivered) log.info(fields, 'webhook delivered');
          else log.info(fields, 'nothing is built: nobody follows this repository');
          return;
        }
        case 'command':
          if (commanded) await inTime((signal) => commanded(translation.command, signal));
          return;
        case 'repository':
        case 'installation':
          if (changed) await inTime((signal) => changed(translation, signal));
      }
    });
  };
}

/** Rejects with 503 when the work fails, or has not ended in time; GitHub then keeps the delivery as failed, to be sent again. */
async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const { promise: lateness, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`not done within ${answerWithinMs} ms`));
    late.abort();
  }, answerWithinMs);
  try {
    return await Promise.race([work(late.signal), lateness]);
  } catch (cause) {
    // The sender reads this message; the operator's log has the cause.
    throw withStatus(503, 'The webhook could not be handed on. Deliver it again later.', cause);
  } finally {
    clearTimeout(timer);
  }
}

/** Probot answers with the `status` of what a handler throws. */
const withStatus = (status: number, message: string, cause?: unknown): Error => Object.assign(new Error(message, { cause }), { status });
