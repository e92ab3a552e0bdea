// What does an operation answer that only reads, when GitHub has to be asked for it?

import { isSentence } from '../../control/run-operation.ts';
import { GitHubIsAway } from '../access/access.ts';
import { askerOf, type PageContext } from '../env.ts';
import type { CommonPorts } from '../ports.ts';

/** `refused`: the sentence that there is no such thing. Throws GitHubIsAway. */
export async function lookUp<Answer extends object>(c: PageContext, ports: CommonPorts, operation: string, input: object): Promise<Answer | { refused: string }> {
  try {
    return await ports.ask<Answer>(operation, input, askerOf(c));
  } catch (error) {
    if (!isSentence(error)) throw error;
    if (error.name === 'Refused') return { refused: error.message };
    throw new GitHubIsAway(error.message, { cause: error });
  }
}
