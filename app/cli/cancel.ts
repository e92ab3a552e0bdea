// `roundhouse cancel`: stop a pipeline, a workflow or a job, and everything of it.

import { parseAddress } from '../../config-schema/address.ts';
import type { Ask } from '../control/ask.ts';
import { Problem } from './problem.ts';

export async function cancel(ask: Ask, text: string): Promise<void> {
  const address = parseAddress(text);
  if (!address || address.slice !== undefined) throw new Problem(`${text} cannot be canceled. Write OWNER/NAME#PIPELINE, and after it /WORKFLOW or /WORKFLOW/JOB for a part of it.`, 2);
  const { owner, name, pipeline: number, ...part } = address;
  await ask('pipelines.cancel', { repository: `${owner}/${name}`, number, ...part });
  process.stderr.write(`${text} is being canceled.\n`);
}
