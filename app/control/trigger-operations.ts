// How does the command line start a pipeline without a push?

import * as z from 'zod';
import { givenParameters, refName, type StartPipeline } from '../trigger.ts';
import { fullName, operation, type Operation } from './operation.ts';

export type TriggerOperationPorts = {
  /** See app/trigger.ts. */
  trigger: StartPipeline;
};

/** An operator at the machine is nobody on GitHub, and no account there has such a name. */
const operator = { id: 0, login: 'roundhouse[operator]' };

export function triggerOperations({ trigger }: TriggerOperationPorts): Record<string, Operation> {
  return {
    'pipelines.trigger': operation(z.strictObject({ repository: fullName, branch: refName.optional(), tag: refName.optional(), parameters: givenParameters }), async (asked, asker) => ({
      number: await trigger(asked, { event: 'api', by: operator }, asker),
    })),
  };
}
