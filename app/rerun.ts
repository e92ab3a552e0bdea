// How is a pipeline run again? As a trigger of its own for the same commit, like the one of GitHub's "Re-run all checks".

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Audit } from '../activities/control/audit.ts';
import type { ObjectStore } from '../activities/object-store.ts';
import { noCommit, type Repository, type Trigger } from '../config-schema/trigger.ts';
import { summaryKey, type PipelineView } from '../config-schema/view.ts';
import { deliverTrigger, openPipelinesOf, viewPipeline } from '../workflows/client.ts';
import { Refused, type Asker } from './control/operation.ts';
import { readJson } from './json-object.ts';

export type RerunPorts = {
  client: Client;
  store: Pick<ObjectStore, 'get'>;
  audit: Audit;
  settings: { pipelinesAtOnce: number };
  /** As GitHub knows it now; null: the App is not installed there. */
  findRepository(owner: string, name: string): Promise<Repository | null>;
  /** False for a repository that nobody follows. */
  isBuilt(repositoryId: number): Promise<boolean>;
};

/** How long somebody waits for the number of the new pipeline. */
const patienceMs = 5000;
const lookEveryMs = 100;

/**
 * Answers the number of the new pipeline; null when there is none yet. `by` becomes its sender, whose permissions on GitHub it then has; an
 * operator is nobody on GitHub, and runs again what somebody else sent. Loading refuses a commit that its ref does not hold any more, and the
 * new pipeline says so. Throws Refused.
 */
export async function rerun(ports: RerunPorts, { repository: { id, owner, name }, number, trigger }: PipelineView, by: { id: number; login: string } | null, asker: Asker): Promise<number | null> {
  // Which branch is the default one decides what the jobs may have: that is asked anew.
  const repository = await ports.findRepository(owner, name);
  if (!repository || repository.id !== id) throw new Refused(`The GitHub App is not installed on ${owner}/${name} any more, so nothing of it can be run again. Install the App there.`);
  if (!(await ports.isBuilt(id))) throw new Refused(`${owner}/${name} is not followed, so nothing of it is built. Follow it first, on its settings page or by: roundhouse follow ${owner}/${name}`);
  const again: Trigger = { ...trigger, repository, event: 'rerun', before: noCommit, deliveryId: `page-${randomUUID()}`, receivedAt: new Date().toISOString(), sender: by === null ? trigger.sender : { id: by.id, login: by.login } };
  const before = await openPipelinesOf(ports.client, id);
  await deliverTrigger(ports.client, again, ports.settings);
  await ports.audit.append({ ...asker, action: 'pipeline.rerun', subject: `pipeline ${owner}/${name}#${number}`, repositoryId: id, details: { sha: trigger.sha, ref: trigger.ref } });
  return numberOf(ports, again, Math.max(number, ...before));
}

/** Of the pipeline that the trigger has started. Numbers rise, so it is above those that were there; by the time we look it may have ended. */
async function numberOf({ client, store }: RerunPorts, { repository: { id }, deliveryId }: Trigger, above: number): Promise<number | null> {
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
