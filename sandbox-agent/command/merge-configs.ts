// How do several configs become one to go on with? What the orb circleci/path-filtering asks when its mapping names more than one.

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { mergedConfigs } from '../../config-schema/merged-configs.ts';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';

/** LIST OUTPUT: a file with their paths, one a line, and where the one goes. A single one stays as it is written. */
export function mergeConfigs([list = '', output = '', more]: string[], { cwd }: Surroundings): number {
  if (output === '' || more !== undefined) throw new Refused('merge-configs: say LIST and OUTPUT: a file with the paths of configs, one a line, and where the one goes that is made of them.');
  const read = (file: string): string => readFileSync(resolve(cwd, file), 'utf8');
  try {
    const paths = read(list).split('\n').map((line) => line.trim()).filter(Boolean);
    writeFileSync(resolve(cwd, output), paths.length === 1 ? read(paths[0]!) : mergedConfigs(paths.map((path) => ({ path, text: read(path) }))));
    return 0;
  } catch (error) {
    throw new Refused(`merge-configs: ${(error as Error).message}`, { cause: error });
  }
}
