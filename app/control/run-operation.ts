// How is an operation run by its name, on input that somebody else wrote?

import { Refused, type Asker, type Operation } from './operation.ts';

/** Throws Refused with a sentence for the person where the input is not what the operation takes. */
export async function runOperation(operation: Operation, input: unknown, asker: Asker): Promise<unknown> {
  const read = operation.input.safeParse(input);
  // Without what was said: it may be a secret.
  if (!read.success) throw new Refused(read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  return (await operation.run(read.data as never, asker)) ?? {};
}

/** The errors of ForgeUnavailable are sentences too: GitHub is away, or asks for silence. */
export const isSentence = (error: unknown): error is Error => error instanceof Refused || (error instanceof Error && ['ForgeUnavailable', 'NoDeployKey'].includes(error.name));
