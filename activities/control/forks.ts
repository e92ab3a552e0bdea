// May the code of a fork run, and what would it do?

import { planKey } from '../../config-schema/address.ts';
import type { Plan } from '../../config-schema/plan.ts';
import { trustLevel, type Trigger } from '../../config-schema/trigger.ts';
import { getJson, type ObjectStore } from '../object-store.ts';
import type { PipelineRecord } from './activities.ts';
import type { Forge, Loaded } from './forge.ts';

/** Whatever GitHub's rules say of its ref. */
export const isStrange = (trigger: Trigger): boolean => trustLevel(trigger, false) === 'T0';

const writing = new Set(['write', 'maintain', 'admin']);

/** Under `forks: approve`. Whoever may write need not be asked about a pull request of his own; what ran may run again. */
export async function isAllowed(store: ObjectStore, { sender, pullRequest, repository, rerun, sha }: Trigger, { senderPermission }: Pick<Loaded, 'senderPermission'>, allowedBy: string | undefined): Promise<boolean> {
  if (allowedBy !== undefined) return true;
  // A maintainer who reopens a stranger's pull request, or brings it up to date, has not looked at its code by that.
  if (pullRequest?.authorId === sender.id && writing.has(senderPermission)) return true;
  // A pipeline that was not allowed to run has no record.
  const earlier = rerun && (await getJson<PipelineRecord>(store, planKey(repository.id, rerun.number)));
  return earlier?.trigger.sha === sha;
}

/** Sentences, for whoever shall allow it. */
export async function wouldRun(forge: Pick<Forge, 'readFile'>, { repository, pullRequest }: Trigger, plan: Plan, config: { path: string; text: string }): Promise<string[]> {
  const places = plan.workflows.flatMap(({ jobs }) => jobs);
  const builds = places.flatMap(({ job }) => plan.jobs[job] ?? []);
  const images = builds.flatMap(({ executor }) => (executor.kind === 'docker' ? [executor, ...executor.sidecars].map(({ image }) => image) : []));
  const base = pullRequest?.baseSha === undefined ? undefined : await forge.readFile(repository, pullRequest.baseSha, config.path);
  return [
    `It runs ${places.length === 1 ? 'one job' : `${places.length} jobs`}: ${listed(places.map(({ name }) => name))}.`,
    ...(images.length > 0 ? [`Images: ${listed(images)}.`] : []),
    ...(plan.setup ? ['The config is a setup: one of these jobs hands in what runs after them.'] : []),
    ...(base === undefined ? [] : [base === config.text ? `${config.path} is that of ${pullRequest!.baseRef}.` : `${config.path} is not that of ${pullRequest!.baseRef}: read what this commit changes in it.`]),
    'It gets no secrets, contexts, project variables or keys, and what it puts into caches stays among forks.',
  ];
}

const mostNamed = 20;

function listed(names: readonly string[]): string {
  const each = [...new Set(names)];
  return each.length <= mostNamed ? each.join(', ') : `${each.slice(0, mostNamed).join(', ')} and ${each.length - mostNamed} more`;
}
