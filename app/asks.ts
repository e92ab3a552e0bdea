// How do people approve, cancel, and let a fork's commit run, in a pipeline that is open?

import type { Client } from '@temporalio/client';
import type { Audit } from '../activities/control/audit.ts';
import { encodeName } from '../config-schema/address.ts';
import { trustLevel } from '../config-schema/trigger.ts';
import type { PipelineView } from '../config-schema/view.ts';
import { askPipeline } from '../workflows/client.ts';
import { Refused, type Asker } from './control/operation.ts';

export type AskPorts = { client: Client; audit: Audit };

/** All of a pipeline, one workflow of it, or one job. */
export type Part = { workflow?: string; job?: string };

/** As the command line writes it: OWNER/NAME#N, or with /WORKFLOW/JOB. */
export const addressOf = ({ repository: { owner, name }, number }: PipelineView, { workflow, job }: Part = {}): string =>
  [`${owner}/${name}#${number}`, ...[workflow, job].flatMap((part) => (part === undefined ? [] : [encodeName(part)]))].join('/');

/** What others see of an asker: `ada` for `github:583231 ada`. */
export const shownName = ({ who }: Asker): string => who.replace(/^github:\d+ /, '');

/** Whoever calls it has looked whether the asker may. Throws Refused: it does not wait for that (any more). */
export async function approveAsked({ client, audit }: AskPorts, view: PipelineView, { workflow, job }: Required<Part>, asker: Asker): Promise<void> {
  const answer = await askPipeline(client, view.repository.id, view.number, { kind: 'approve', by: shownName(asker), workflow, job });
  if (!answer.done) throw new Refused(`${answer.why}, so there is nothing to approve.`);
  await audit.append({ ...asker, action: 'job.approved', subject: `job ${addressOf(view, { workflow, job })}`, repositoryId: view.repository.id, details: { sha: view.trigger.sha } });
}

/** Whoever calls it has looked whether the asker may. Throws Refused: it has ended, or is not there. */
export async function cancelAsked({ client, audit }: AskPorts, view: PipelineView, part: Part, asker: Asker): Promise<void> {
  const answer = await askPipeline(client, view.repository.id, view.number, { kind: 'cancel', by: shownName(asker), ...part });
  if (!answer.done) throw new Refused(`${answer.why}, so there is nothing to cancel.`);
  const what = part.job !== undefined ? 'job' : part.workflow !== undefined ? 'workflow' : 'pipeline';
  await audit.append({ ...asker, action: `${what}.canceled`, subject: `${what} ${addressOf(view, part)}`, repositoryId: view.repository.id, details: {} });
}

/** Whoever calls it has looked whether the asker may. Throws Refused: it does not wait for that (any more). */
export async function allowAsked({ client, audit }: AskPorts, view: PipelineView, asker: Asker): Promise<void> {
  const { repository, number, trigger: { sha, pullRequest } } = view;
  if (trustLevel(view.trigger, false) !== 'T0') throw new Refused(`pipeline #${number} is not of a fork, so there is nothing to allow.`);
  const answer = await askPipeline(client, repository.id, number, { kind: 'allow', by: shownName(asker), sha });
  if (!answer.done) throw new Refused(`${answer.why}, so there is nothing to allow.`);
  await audit.append({ ...asker, action: 'fork.allowed', subject: `pipeline ${addressOf(view)}`, repositoryId: repository.id, details: { sha, ...(pullRequest && { pullRequest: pullRequest.number }) } });
}
