// Is this text a step's specification?

import type { StepSpec } from './protocol.ts';
import { Refused } from './refused.ts';

export function parseSpec(text: string): StepSpec {
  let spec: Partial<Record<keyof StepSpec, unknown>> | null;
  try {
    spec = JSON.parse(text) as typeof spec;
  } catch (error) {
    throw new Refused(`The step's specification is not JSON: ${(error as Error).message}`);
  }
  if (typeof spec !== 'object' || spec === null) throw new Refused("The step's specification is not an object.");
  const { index, argv, env, cwd, background, noOutputTimeoutSeconds: limit } = spec;
  check(Number.isSafeInteger(index) && Number(index) >= 0, 'index', 'a whole number');
  check(Array.isArray(argv) && argv.length > 0 && argv.every(isArgument), 'argv', 'a list of one or more texts without NUL');
  check(typeof env === 'object' && env !== null && Object.entries(env).flat().every(isArgument), 'env', 'an object of texts without NUL');
  check(typeof cwd === 'string' && /^(\/|~(\/|$))/.test(cwd) && isArgument(cwd), 'cwd', 'an absolute path, or one that begins with ~');
  check(typeof background === 'boolean', 'background', 'true or false');
  check(limit === null || (typeof limit === 'number' && limit > 0), 'noOutputTimeoutSeconds', 'a number above 0, or null');
  return spec as StepSpec;
}

function check(holds: boolean, field: keyof StepSpec, expected: string): void {
  if (!holds) throw new Refused(`The step's specification: ${field} must be ${expected}.`);
}

function isArgument(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}
