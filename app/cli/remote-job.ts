// Which job of a Roundhouse elsewhere does an address name?

import type * as z from 'zod';
import { parseAddress } from '../../config-schema/address.ts';
import type { jobAnswer, workflowAnswer } from '../api/answers.ts';
import type { Remote } from './login.ts';
import { findJob } from './logs.ts';
import { Problem } from './problem.ts';
import { callApi, projectPath } from './remote.ts';

/** `path` is below /api/v2. Where the address names no job, the pipeline must have one alone. Throws Problem. */
export async function remoteJob(remote: Remote, text: string): Promise<{ path: string; slice: number | undefined; attempt: number | undefined }> {
  const address = parseAddress(text);
  if (!address) throw new Problem(`${text} is no address. Write OWNER/NAME#PIPELINE/WORKFLOW/JOB, and after it /SLICE for one slice.`, 2);
  const pipeline = `${projectPath(`${address.owner}/${address.name}`)}/pipeline/${address.pipeline}`;
  const { workflow, job } = await namesOf(remote, pipeline, address, text);
  return { path: `${pipeline}/workflow/${encodeURIComponent(workflow)}/job/${encodeURIComponent(job)}`, slice: address.slice, attempt: address.attempt };
}

async function namesOf(remote: Remote, pipeline: string, { workflow, job }: { workflow?: string; job?: string }, text: string): Promise<{ workflow: string; job: string }> {
  if (workflow !== undefined && job !== undefined) return { workflow, job };
  const { items } = await callApi<{ items: z.infer<typeof workflowAnswer>[] }>(remote, 'GET', `${pipeline}/workflow`);
  const workflows = await Promise.all(items.map(async ({ name }) => ({ name, jobs: (await callApi<{ items: z.infer<typeof jobAnswer>[] }>(remote, 'GET', `${pipeline}/workflow/${encodeURIComponent(name)}/job`)).items })));
  const found = findJob({ workflows }, workflow, job, text);
  return { workflow: found.workflow, job: found.job.name };
}
