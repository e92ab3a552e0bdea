// What has the operator set, on this machine?

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dataFolder, resolveSettings, type Env, type Settings } from '../config-schema/settings.ts';

/** All that is wrong with the settings, as sentences for the operator. */
export class BadSettings extends Error {
  override name = 'BadSettings';
  readonly sentences: string[];
  constructor(sentences: string[]) {
    super(sentences.join('\n'));
    this.sentences = sentences;
  }
}

/** From `roundhouse.yml` in the data folder, overridden by the environment. Throws BadSettings. */
export async function readSettings(env: Env = process.env): Promise<Settings> {
  const machine = { hostName: hostname(), isRoot: process.getuid?.() === 0 };
  const data = dataFolder(env, machine);
  const result = resolveSettings(env, data === undefined ? null : await readFileOf(data), machine);
  if ('errors' in result) throw new BadSettings(result.errors);
  return result.settings;
}

async function readFileOf(data: string): Promise<unknown> {
  const path = join(data, 'roundhouse.yml');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new BadSettings([`${path} cannot be read: ${(error as Error).message}. Run as the user who owns it.`]);
  }
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new BadSettings([`${path}: ${(error as Error).message}`]);
  }
}
