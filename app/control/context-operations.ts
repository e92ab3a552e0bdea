// How are contexts and their restrictions set? Values go in, and never come out here.

import * as z from 'zod';
import { sampleValues } from '../../config-schema/pipeline-values.ts';
import { fullName, operation, Refused, repositoryOf, type Asker, type Operation, type OperationPorts } from './operation.ts';

export const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/);
/** The kernel takes no more as one variable. */
export const variableValue = z.string().min(1).refine((text) => !text.includes('\0') && Buffer.byteLength(text) <= 120 * 1024);

const owner = z.string().regex(/^[\w.-]+$/);
const context = z.string().trim().min(1).max(100);
const restrictions = z.strictObject({
  repositories: z.array(fullName).nullable().optional(),
  expression: z.string().max(1000).nullable().optional(),
  minTrust: z.enum(['T1', 'T2']).optional(),
  teams: z.array(z.string().regex(/^[\w.-]+$/)).nullable().optional(),
});

export function contextOperations(ports: OperationPorts): Record<string, Operation> {
  const { contexts, audit } = ports;
  const noted = (asker: Asker, action: string, login: string, name: string, details: Record<string, unknown> = {}): Promise<void> => audit.append({ ...asker, action, subject: `context ${name} of ${login}`, details });

  async function ownerOf(login: string): Promise<{ id: number; login: string }> {
    const found = await ports.findOwner(login);
    if (!found) throw new Refused(`there is no account ${login} on ${ports.host}. Correct the name.`);
    return found;
  }

  return {
    'contexts.list': operation(z.strictObject({ owner }), async (input) => {
      const { id } = await ownerOf(input.owner);
      const all = await contexts.list(id);
      return { contexts: await Promise.all(all.map(async (about) => ({ ...about, variables: await contexts.variables(id, about.name) }))) };
    }),

    'contexts.set': operation(z.strictObject({ owner, context, name: variableName, value: variableValue }), async (input, asker) => {
      const { id, login } = await ownerOf(input.owner);
      await noted(asker, 'context.set', login, input.context, { variable: input.name });
      await contexts.set(id, input.context, input.name, input.value, asker.who);
      return {};
    }),

    'contexts.unset': operation(z.strictObject({ owner, context, name: variableName }), async (input, asker) => {
      const { id, login } = await ownerOf(input.owner);
      await noted(asker, 'context.unset', login, input.context, { variable: input.name });
      if (!(await contexts.unset(id, input.context, input.name))) throw new Refused(`context ${input.context} of ${login} has no variable ${input.name}. See: roundhouse contexts list ${login}`);
      return {};
    }),

    'contexts.restrict': operation(z.strictObject({ owner, context, to: restrictions }), async (input, asker) => {
      const { id, login } = await ownerOf(input.owner);
      const before = (await contexts.list(id)).find(({ name }) => name === input.context);
      if (!before) throw new Refused(`there is no context ${input.context} in ${login}. Make it first: roundhouse contexts set ${login} ${input.context} NAME`);
      const { repositories, expression, minTrust, teams } = input.to;
      if (typeof expression === 'string') {
        const fault = ports.faultOfExpression(expression, sampleValues());
        if (fault !== null) throw new Refused(`--expression ${expression}: ${fault}`);
      }
      const named = repositories && (await Promise.all(repositories.map((name) => repositoryOf(ports, name))));
      const foreign = named?.find((repository) => repository.owner.toLowerCase() !== login.toLowerCase());
      if (foreign) throw new Refused(`${foreign.owner}/${foreign.name} does not belong to ${login}, whose context this is.`);
      const after = {
        repositories: repositories === undefined ? before.restrictions.repositories : (named?.map((repository) => ({ id: repository.id, fullName: `${repository.owner}/${repository.name}` })) ?? null),
        expression: expression === undefined ? before.restrictions.expression : expression,
        minTrust: minTrust ?? before.restrictions.minTrust,
        teams: teams === undefined ? before.restrictions.teams : teams,
      };
      await noted(asker, 'context.restricted', login, input.context, { from: before.restrictions, to: after });
      await contexts.restrict(id, input.context, after, asker.who);
      return { restrictions: after };
    }),

    'contexts.remove': operation(z.strictObject({ owner, context }), async (input, asker) => {
      const { id, login } = await ownerOf(input.owner);
      await noted(asker, 'context.removed', login, input.context);
      if (!(await contexts.remove(id, input.context))) throw new Refused(`there is no context ${input.context} in ${login}. See: roundhouse contexts list ${login}`);
      return {};
    }),
  };
}
