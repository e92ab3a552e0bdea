// Which people are operators of this installation?

import type { Person } from './access.ts';
import type { GitHubPermissions } from './permissions.ts';
import { remembered } from './remembered.ts';

export type Operators = {
  /** What is known, of a quarter of an hour ago at most; undefined: nothing. Has it looked up anew in the background when it is older than five minutes. */
  known(person: Person): boolean | undefined;
  /** False too when GitHub cannot be asked. */
  is(person: Person): Promise<boolean>;
};

const freshMs = 5 * 60_000;
const staleMs = 15 * 60_000;

export function operatorsOf({ github, named, now, log }: { github: Pick<GitHubPermissions, 'ownsApp'>; named: readonly string[]; now: () => number; log: { warn(fields: object, message: string): void } }): Operators {
  const owners = remembered<boolean>({ freshMs, staleMs, now });
  const isNamed = ({ id, login }: Person): boolean => named.some((name) => (/^\d+$/.test(name) ? Number(name) === id : name.toLowerCase() === login.toLowerCase()));

  async function is(person: Person): Promise<boolean> {
    if (isNamed(person)) return true;
    try {
      return await owners.get(`${person.id}`, () => github.ownsApp(person));
    } catch (error) {
      log.warn({ error }, 'GitHub did not say whether somebody is an operator');
      return false;
    }
  }

  return {
    is,
    known(person) {
      if (isNamed(person)) return true;
      if (owners.peek(`${person.id}`, freshMs) === undefined) void is(person);
      return owners.peek(`${person.id}`, staleMs);
    },
  };
}
