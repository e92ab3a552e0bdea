// How is the data of a repository or a person deleted?

import * as z from 'zod';
import type { Forgotten } from '../../activities/control/forget.ts';
import { fullName, operation, Refused, type Operation, type OperationPorts } from './operation.ts';

const id = z.int().positive();

export function forgetOperations(ports: OperationPorts): Record<string, Operation> {
  return {
    /** By number where GitHub does not know it any more. */
    'forget.repository': operation(z.strictObject({ repository: fullName, id: id.optional() }), async (input, asker) => {
      const [owner = '', name = ''] = input.repository.split('/');
      const number = input.id ?? (await ports.findRepository(owner, name))?.id;
      if (number === undefined) throw new Refused(`GitHub does not know ${input.repository} (any more). Say its number: --id N`);
      return refusedOr(await ports.forgetRepository({ ...asker, repositoryId: number }));
    }),

    /** The number is asked for: a name may have passed to somebody else. */
    'forget.person': operation(z.strictObject({ login: z.string().regex(/^[\w.-]+(\[bot\])?$/), id }), async (input, asker) => refusedOr(await ports.forgetPerson({ ...asker, personId: input.id, login: input.login }))),
  };
}

function refusedOr(forgotten: Forgotten): Forgotten {
  if ('refused' in forgotten) throw new Refused(forgotten.refused);
  return forgotten;
}
