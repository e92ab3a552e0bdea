// `roundhouse allow`: the commit of a fork waits for a maintainer no longer.

import { parseAddress } from '../../config-schema/address.ts';
import type { Ask } from '../control/ask.ts';
import { Problem } from './problem.ts';

export async function allow(ask: Ask, text: string): Promise<void> {
  const address = parseAddress(text);
  if (!address || address.workflow !== undefined) throw new Problem(`${text} is no pipeline. Write OWNER/NAME#PIPELINE.`, 2);
  const { owner, name, pipeline: number } = address;
  await ask('pipelines.allow', { repository: `${owner}/${name}`, number });
  process.stderr.write(`${text} is allowed to run.\n`);
}
