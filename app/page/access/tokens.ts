// With which tokens do people's programs come?

import type { KnownRepository, Person } from './access.ts';
import { bySecret, type BySecretOptions, type Kept } from './by-secret.ts';

export type TokenRecord = {
  version: 1;
  person: Person;
  /** What the person calls it. */
  name: string;
  /** `read`: what the person may read. `write`: through the API, also what somebody may do who may write there, if the person may. `badge`: the badges of a private repository, in an address that others see. `trigger`: starts pipelines of one repository, by an address that other programs call. */
  kind: TokenKind;
  /** null: all that the person may read. */
  repository: KnownRepository | null;
  createdAt: string;
  expiresAt: string;
};

export const tokenKinds = ['read', 'write', 'badge', 'trigger'] as const;
export type TokenKind = (typeof tokenKinds)[number];

export type Token = Kept<TokenRecord>;

export const tokenPrefix = 'rh_';
const dayMs = 24 * 3600_000;

export type Tokens = ReturnType<typeof keptTokens>;

export function keptTokens({ store, now }: Pick<BySecretOptions, 'store' | 'now'>) {
  const kept = bySecret<TokenRecord>({ store, folder: 'tokens', prefix: tokenPrefix, now });
  return {
    find: kept.find,
    use: kept.use,
    end: kept.end,
    list: kept.list,
    /** Answers the token, which nobody can read again. */
    make({ days, ...asked }: Pick<TokenRecord, 'person' | 'name' | 'kind' | 'repository'> & { days: number }): Promise<string> {
      return kept.make({ version: 1, ...asked, createdAt: new Date(now()).toISOString(), expiresAt: new Date(now() + days * dayMs).toISOString() });
    },
  };
}

/** By which people name it; enough of the hash to be one token's alone. */
export const idOf = ({ key }: { key: string }): string => key.slice(0, 12);
