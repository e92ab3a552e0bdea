// Which tokens have people made, and how does an operator take one away?

import * as z from 'zod';
import { idOf, type TokenKind } from '../page/access/tokens.ts';
import { operation, Refused, type Operation, type OperationPorts } from './operation.ts';
import type { PageOperationPorts } from './page-operations.ts';

/** `usedAt` is null until something used it; `repository` where it reads all that its person may read. */
export type ListedToken = { id: string; login: string; name: string; kind: TokenKind; repository: string | null; createdAt: string; expiresAt: string; usedAt: string | null };

export function tokenOperations({ door: { tokens }, audit }: PageOperationPorts & Pick<OperationPorts, 'audit'>): Record<string, Operation> {
  return {
    'tokens.list': operation(z.strictObject({}), async (): Promise<{ tokens: ListedToken[] }> => ({
      tokens: (await tokens.list()).map((token) => {
        const { person, name, kind, repository, createdAt, expiresAt, usedAt } = token;
        return { id: idOf(token), login: person.login, name, kind, repository: repository && `${repository.owner}/${repository.name}`, createdAt, expiresAt, usedAt: usedAt === createdAt ? null : usedAt };
      }),
    })),

    'tokens.revoke': operation(z.strictObject({ id: z.string() }), async ({ id }, asker) => {
      const token = (await tokens.list()).find((one) => idOf(one) === id);
      if (!token) throw new Refused(`there is no token ${id}. See: roundhouse tokens list`);
      await audit.append({ ...asker, action: 'token.revoked', subject: 'the page', personId: token.person.id, details: { login: token.person.login, name: token.name } });
      await tokens.end(token.key);
      return { name: token.name, login: token.person.login };
    }),
  };
}
