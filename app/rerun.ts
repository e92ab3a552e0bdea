// How does a pipeline run again, all of it or a part? In place while it is open; else as a pipeline of its own for the same commit.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Audit } from '../activities/control/audit.ts';
import type { ObjectStore } from '../activities/object-store.ts';
import { hasFailed } from '../config-schema/carry-over.ts';
import { originOf, type Repository, type RerunOf, type Trigger } from '../config-schema/trigger.ts';
import { summaryKey, type PipelineView } from '../config-schema/view.ts';
import { askPipeline, glanceAtPipeline, openPipelinesOf, viewPipeline } from '../workflows/client.ts';
import { addressOf, shownName } from './asks.ts';
import { Refused, type Asker } from './control/operation.ts';
import { readJson } from './json-object.ts';

export type RerunPorts = {
  client: Client;
  store: Pick<ObjectStore, 'get'>;
  audit: Audit;
  /** Hands a trigger to the repository; when it resolves, that is durable. */
  deliver(trigger: Trigger): Promise<void>;
  /** As GitHub knows it now; null: the App is not installed there. */
  findRepository(owner: string, name: string): Promise<Repository | null>;
  /** False for a repository that nobody follows. */
  isBuilt(repositoryId: number): Promise<boolean>;
};

/** How long somebody waits for the number of the new pipeline, or for the end of one that ends just now. */
const patienceMs = 5000;
const lookEveryMs = 100;

/**
 * Answers the number of the pipeline in which it runs: the same one where it is open. null: there is none yet. `by` becomes the sender of a new
 * one, whose permissions on GitHub it then has; an operator is nobody on GitHub, and runs again what somebody else sent. Loading refuses a
 * commit that its ref does not hold any more, and the new pipeline says so. Whoever calls it has looked whether the asker may. With `delivery`,
 * by which a repetition is known, nobody waits for the number of a new one: null. Throws Refused.
 */
export async function rerunAsked(ports: RerunPorts, view: PipelineView, what: RerunOf, by: { id: number; login: string } | null, asker: Asker, delivery?: string): Promise<number | null> {
  const address = addressOf(view);
  if (view.trigger.event === 'local') throw new Refused(`${address} came from a work tree and not from GitHub. Run it there again: roundhouse run`);
  if (view.state === 'ended') return asNewPipeline(ports, what.kind === 'all' ? view : await keptSummary(ports, view), what, by, asker, delivery);
  if (what.kind === 'all') throw new Refused(`${address} has not ended. Wait for its end, cancel it first, or run again a part of it.`);
  const answer = await askPipeline(ports.client, view.repository.id, view.number, { kind: 'rerun', by: shownName(asker), what }, delivery);
  if (answer.done) {
    await note(ports, view, what, asker);
    return view.number;
  }
  const hasEnded = ((await glanceAtPipeline(ports.client, view.repository.id, view.number))?.state ?? 'ended') === 'ended';
  if (!hasEnded) throw new Refused(`${answer.why}, so nothing of it is run again now.`);
  return asNewPipeline(ports, await keptSummary(ports, view), what, by, asker, delivery);
}

async function asNewPipeline(ports: RerunPorts, view: PipelineView, what: RerunOf, by: { id: number; login: string } | null, asker: Asker, delivery?: string): Promise<number | null> {
  const { repository: { id, owner, name }, number, trigger } = view;
  const missing = whyNot(view, what);
  if (missing !== null) throw new Refused(missing);
  // Which branch is the default one decides what the jobs may have: that is asked anew.
  const repository = await ports.findRepository(owner, name);
  if (!repository || repository.id !== id) throw new Refused(`The GitHub App is not installed on ${owner}/${name} any more, so nothing of it can be run again. Install the App there.`);
  if (!(await ports.isBuilt(id))) throw new Refused(`${owner}/${name} is not followed, so nothing of it is built. Follow it first, on its settings page or by: roundhouse follow ${owner}/${name}`);
  const now = new Date().toISOString();
  const again: Trigger = { ...trigger, repository, event: 'rerun', origin: originOf(trigger), rerun: { number, what }, deliveryId: delivery ?? `page-${randomUUID()}`, receivedAt: now, happenedAt: now, sender: by === null ? trigger.sender : { id: by.id, login: by.login } };
  const before = await openPipelinesOf(ports.client, id);
  await ports.deliver(again);
  await note(ports, view, what, asker);
  return delivery === undefined ? numberOf(ports, again, Math.max(number, ...before)) : null;
}

const note = ({ audit }: RerunPorts, view: PipelineView, what: RerunOf, asker: Asker): Promise<void> =>
  audit.append({ ...asker, action: 'pipeline.rerun', subject: `pipeline ${addressOf(view)}`, repositoryId: view.repository.id, details: { sha: view.trigger.sha, ref: view.trigger.ref, ...(what.kind !== 'all' && { what }) } });

/** A sentence when an ended pipeline has nothing of the kind. */
function whyNot(view: PipelineView, what: RerunOf): string | null {
  const address = addressOf(view);
  if (what.kind === 'all') return null;
  const workflows = view.workflows.filter(({ name }) => what.workflow === undefined || name === what.workflow);
  if (what.workflow !== undefined && workflows.length === 0) return `${address} has no workflow ${what.workflow}. ${namesOf('Its workflows are', view.workflows)}`;
  const jobs = workflows.flatMap((workflow) => workflow.jobs);
  if (what.kind === 'failed') return jobs.some(hasFailed) ? null : `No job of ${addressOf(view, what)} has failed. Run all of it again, or one job of it.`;
  if (what.kind === 'workflow') return null;
  const job = jobs.find(({ name }) => name === what.job);
  if (!job) return `Workflow ${what.workflow} of ${address} has no job ${what.job}. ${namesOf('Its jobs are', jobs)}`;
  return what.slice === undefined || job.slices[what.slice] ? null : `Job ${what.job} of ${address} has no slice ${what.slice}: it has ${job.slices.length}, counted from 0.`;
}

const namesOf = (are: string, things: { name: string }[]): string => (things.length === 0 ? 'It ran nothing; run all of it again.' : `${are} ${things.map(({ name }) => name).join(', ')}.`);

/** A pipeline ends a moment before its summary is kept, from which the next one takes results over. Throws Refused while it is not. */
async function keptSummary({ store }: RerunPorts, view: PipelineView): Promise<PipelineView> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(lookEveryMs)) {
    const summary = await readJson<PipelineView>(store, summaryKey(view.repository.id, view.number));
    if (summary) return summary;
  }
  throw new Refused(`${addressOf(view)} has ended, and its results are not kept yet. Try again in a moment.`);
}

/** Of the pipeline that the trigger has started. Numbers rise, so it is above those that were there; by the time we look it may have ended. */
export async function numberOf({ client, store }: Pick<RerunPorts, 'client' | 'store'>, { repository: { id }, deliveryId }: Trigger, above: number): Promise<number | null> {
  const passed = new Set<number>();
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(lookEveryMs)) {
    const open = await openPipelinesOf(client, id);
    const candidates = new Set([...open, ...Array.from({ length: 3 }, (_, i) => Math.max(above, ...passed) + i + 1)]);
    for (const number of candidates) {
      if (number <= above || passed.has(number)) continue;
      const view = (await viewPipeline(client, id, number)) ?? (await readJson<PipelineView>(store, summaryKey(id, number)));
      if (view?.trigger.deliveryId === deliveryId) return number;
      if (view) passed.add(number);
    }
  }
  return null;
}
