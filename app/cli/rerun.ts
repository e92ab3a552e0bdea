// `roundhouse rerun`: the same commit once more, all of a pipeline or a part of it.

import { parseAddress } from '../../config-schema/address.ts';
import type { RerunOf } from '../../config-schema/trigger.ts';
import type { Ask } from '../control/ask.ts';
import { Problem } from './problem.ts';

export async function rerun(ask: Ask, text: string, { failed = false }: { failed?: boolean }): Promise<void> {
  const address = parseAddress(text);
  if (!address || address.attempt !== undefined) throw new Problem(`${text} cannot be run again. Write OWNER/NAME#PIPELINE, and after it /WORKFLOW, /WORKFLOW/JOB or /WORKFLOW/JOB/SLICE for a part of it.`, 2);
  if (failed && address.job !== undefined) throw new Problem(`${text} is one job, which runs again however it ended. Leave out --failed.`, 2);
  const repository = `${address.owner}/${address.name}`;
  const { number } = await ask<{ number: number | null }>('pipelines.rerun', { repository, number: address.pipeline, what: whatOf(address, failed) });
  process.stdout.write(number === null ? `${text} will run again. See: roundhouse builds ${repository}\n` : `${repository}#${number}\n`);
}

function whatOf({ workflow, job, slice }: NonNullable<ReturnType<typeof parseAddress>>, failed: boolean): RerunOf {
  if (failed) return { kind: 'failed', ...(workflow !== undefined && { workflow }) };
  if (workflow === undefined) return { kind: 'all' };
  if (job === undefined) return { kind: 'workflow', workflow };
  return { kind: 'job', workflow, job, ...(slice !== undefined && { slice }) };
}
