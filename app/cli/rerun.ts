// `roundhouse rerun`: the same commit once more, as a pipeline of its own.

import { parseAddress } from '../../config-schema/address.ts';
import type { Ask } from '../control/ask.ts';
import { Problem } from './problem.ts';

export async function rerun(ask: Ask, text: string): Promise<void> {
  const address = parseAddress(text);
  if (!address || address.workflow !== undefined) throw new Problem(`${text} is no pipeline. Write OWNER/NAME#PIPELINE.`, 2);
  const repository = `${address.owner}/${address.name}`;
  const { number } = await ask<{ number: number | null }>('pipelines.rerun', { repository, number: address.pipeline });
  process.stdout.write(number === null ? `${text} will run again. See: roundhouse builds ${repository}\n` : `${repository}#${number}\n`);
}
