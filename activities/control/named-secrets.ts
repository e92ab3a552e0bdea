// Which files of committed secrets does a plan need?

import { secretsOf, type Plan } from '../../config-schema/plan.ts';

/** By name, without the ending. They stay encrypted: only when a job starts are they opened. */
export function namedSecrets(plan: Plan, files: Record<string, string>): Record<string, string> {
  const names = new Set(Object.values(plan.jobs).flatMap(secretsOf));
  return Object.fromEntries([...names].flatMap((name) => (files[`${name}.asc`] === undefined ? [] : [[name, files[`${name}.asc`]!]])));
}
