// How is the key-encryption key changed, and what was opened so far?

import * as z from 'zod';
import { operation, type Operation, type OperationPorts } from './operation.ts';

export function keyOperations({ vault, audit, rotateKeyEncryptionKey }: OperationPorts): Record<string, Operation> {
  return {
    'keys.uses': operation(z.strictObject({}), () => Promise.resolve({ uses: vault.uses() })),

    /** For what the command line does without the app. */
    'audit.note': operation(
      z.strictObject({ action: z.enum(['backup.made', 'backup.restored']), subject: z.string().max(1000), repositoryId: z.int().optional(), details: z.record(z.string(), z.unknown()) }),
      ({ repositoryId, ...event }, asker) => audit.append({ ...asker, ...event, ...(repositoryId !== undefined && { repositoryId }) }),
    ),

    'keys.rotate': operation(z.strictObject({}), async (_input, asker) => {
      await audit.append({ ...asker, action: 'key-encryption-key.rotated', subject: 'this installation' });
      return rotateKeyEncryptionKey();
    }),
  };
}
