// `roundhouse why`: why something ran, did not run, waits or failed.

import { parseAddress } from '../../config-schema/address.ts';
import type { Ask } from '../control/ask.ts';
import type { Why } from '../why.ts';
import { printable } from './printable.ts';
import { Problem } from './problem.ts';

export async function explain(ask: Ask, text: string, { repository }: { repository?: string }): Promise<void> {
  const address = parseAddress(text);
  if (!address && !/^[0-9a-f]{7,64}$/.test(text)) throw new Problem(`${text} is neither a commit (7 hexadecimal digits or more) nor OWNER/NAME#PIPELINE/WORKFLOW/JOB, of which the later parts may be left out.`, 2);
  const { answers } = address
    ? await ask<{ answers: Why[] }>('pipelines.why', { repository: `${address.owner}/${address.name}`, number: address.pipeline, ...(address.workflow !== undefined && { workflow: address.workflow }), ...(address.job !== undefined && { job: address.job }) })
    : await ask<{ answers: Why[] }>('commits.why', { sha: text, ...(repository !== undefined && { repository }) });
  for (const { subject, answer } of answers) process.stdout.write(`${printable(subject)}: ${printable(answer)}\n`);
}
