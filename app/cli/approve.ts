// `roundhouse approve`: a job that waits for a person waits no longer.

import { parseAddress } from '../../config-schema/address.ts';
import type { Ask } from '../control/ask.ts';
import { Problem } from './problem.ts';

export async function approve(ask: Ask, text: string): Promise<void> {
  const address = parseAddress(text);
  if (address?.job === undefined || address.slice !== undefined) throw new Problem(`${text} is no job. Write OWNER/NAME#PIPELINE/WORKFLOW/JOB.`, 2);
  const { owner, name, pipeline: number, workflow, job } = address;
  await ask('pipelines.approve', { repository: `${owner}/${name}`, number, workflow, job });
  process.stderr.write(`${text} is approved.\n`);
}
