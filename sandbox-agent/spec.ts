// Is this text what a builder may ask for?

import type { MountSpec, StepSpec, ToolSpec } from './protocol.ts';
import { Refused } from './refused.ts';

export function parseSpec(text: string): StepSpec {
  const spec = parseObject<StepSpec>(text);
  const { index, argv, env, cwd, user, background, noOutputTimeoutSeconds: limit } = spec;
  check(Number.isSafeInteger(index) && Number(index) >= 0, 'index', 'a whole number');
  check(Array.isArray(argv) && argv.length > 0 && argv.every(isArgument), 'argv', 'a list of one or more texts without NUL');
  check(typeof env === 'object' && env !== null && Object.entries(env).flat().every(isArgument), 'env', 'an object of texts without NUL');
  checkPlace(cwd, user);
  check(typeof background === 'boolean', 'background', 'true or false');
  check(limit === null || (typeof limit === 'number' && limit > 0), 'noOutputTimeoutSeconds', 'a number above 0, or null');
  return spec as StepSpec;
}

export function parseTool(text: string): ToolSpec {
  const spec = parseObject<ToolSpec>(text);
  const { program, args, cwd, user, stream } = spec;
  check(program === 'tar' || program === 'helper', 'program', 'tar or helper');
  check(Array.isArray(args) && args.every(isArgument), 'args', 'a list of texts without NUL');
  checkPlace(cwd, user);
  check(stream === 'in' || stream === 'out' || stream === 'both', 'stream', 'in, out or both');
  return spec as ToolSpec;
}

export function parseMount(text: string): MountSpec {
  const spec = parseObject<MountSpec>(text);
  const { lower, target, user } = spec;
  check(isArgument(lower), 'lower', 'a path');
  checkPlace(target, user);
  return spec as MountSpec;
}

function parseObject<T>(text: string): Partial<Record<keyof T, unknown>> {
  let spec: Partial<Record<keyof T, unknown>> | null;
  try {
    spec = JSON.parse(text) as typeof spec;
  } catch (error) {
    throw new Refused(`The specification is not JSON: ${(error as Error).message}`);
  }
  if (typeof spec !== 'object' || spec === null) throw new Refused('The specification is not an object.');
  return spec;
}

function checkPlace(path: unknown, user: unknown): void {
  check(typeof path === 'string' && /^(\/|~(\/|$))/.test(path) && isArgument(path), 'cwd', 'an absolute path, or one that begins with ~');
  check(user === undefined || isArgument(user), 'user', 'a text without NUL');
}

function check(holds: boolean, field: string, expected: string): void {
  if (!holds) throw new Refused(`The specification: ${field} must be ${expected}.`);
}

function isArgument(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}
