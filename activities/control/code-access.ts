// What may a checkout fetch, and by what right?

import type { SliceKey } from '../../config-schema/address.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import type { PipelineRecord } from './activities.ts';
import type { CheckoutAccess, GitCredential } from './forge.ts';

export type CodeAccess = {
  credential: (repository: Repository) => Promise<GitCredential>;
  /** For a repository that a checkout names besides its own. */
  furtherCredential: (repository: Repository) => Promise<GitCredential>;
  /** The forge refused it. A sentence on what was done about that; null: nothing could be done. */
  refused: (repository: Repository) => Promise<string | null>;
  /** A repository that a checkout names besides its own; null when it is none of the same installation's. */
  further: (repository: Repository, fullName: string) => Promise<Repository | null>;
};

/** Those that the step of a job names besides its own. */
export function repositoriesAt({ plan }: PipelineRecord, { workflow, job }: SliceKey, index: number): string[] {
  const place = plan.workflows.find(({ name }) => name === workflow)?.jobs.find(({ name }) => name === job);
  const step = place && plan.jobs[place.job]?.steps[index];
  return step?.kind === 'checkout' ? step.repositories : [];
}

export async function checkoutAccess({ credential, furtherCredential, further }: CodeAccess, repository: Repository, names: readonly string[]): Promise<CheckoutAccess> {
  const access: CheckoutAccess = { own: await credential(repository), further: [] };
  for (const fullName of names) {
    const found = await further(repository, fullName);
    // Asked before the job started: since then it may have gone, and the fetch of it is refused.
    if (found) access.further.push({ id: found.id, owner: found.owner, name: found.name, credential: await furtherCredential(found) });
  }
  return access;
}
