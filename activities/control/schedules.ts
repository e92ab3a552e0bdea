// What runs by the clock: which schedules does a branch's config ask for, and what starts when one fires?

import { mostSchedules, schedulesOn, startedBy, type Scheduled, type ScheduleKey } from '../../config-schema/schedule.ts';
import { branchOf, noCommit, type Repository, type Trigger } from '../../config-schema/trigger.ts';
import { repositoryNowKey, type NamedRepository } from '../../config-schema/view.ts';
import type { PlanSchedule } from '../../config-schema/plan.ts';
import { getJson, type ObjectStore } from '../object-store.ts';

/** Every call is safe to repeat. */
export interface ScheduleStore {
  find(key: ScheduleKey): Promise<Scheduled | null>;
  /** In place of what was there under its key. */
  put(scheduled: Scheduled): Promise<void>;
  /** False when there was none. */
  remove(key: ScheduleKey): Promise<boolean>;
  /** All of a repository, one that was made just now perhaps not yet. `next`: when it fires, ISO 8601; null: never. */
  list(repositoryId: number): Promise<{ scheduled: Scheduled; next: string | null }[]>;
  /** How many `list` would answer. */
  count(repositoryId: number): Promise<number>;
}

export type SchedulePorts = {
  schedules: ScheduleStore;
  /** As GitHub knows it now; null: the App is not installed there. */
  findRepository(owner: string, name: string): Promise<Repository | null>;
  /** The commit that a ref holds; null: there is no such ref. */
  headOf(repository: Repository, ref: string): Promise<string | null>;
  /** False for a repository that nobody follows. */
  isBuilt(repositoryId: number): Promise<boolean>;
  deliver(trigger: Trigger): Promise<void>;
};

/**
 * Has Temporal keep what the config at the head of the trigger's branch says, and nothing else of that branch. Answers sentences about what
 * it does not keep.
 */
export async function keepSchedules({ schedules }: Pick<SchedulePorts, 'schedules'>, trigger: Trigger, number: number, planned: readonly PlanSchedule[]): Promise<string[]> {
  const branch = branchOf(trigger.ref);
  // Others may be of a commit that was the head once.
  if (branch === null || (trigger.event !== 'push' && trigger.event !== 'schedule')) return [];
  const repositoryId = trigger.repository.id;
  const workflows = schedulesOn(branch, planned);
  const wanted: Scheduled = { kind: 'config', repositoryId, branch, number, workflows: workflows.slice(0, mostSchedules) };
  const before = await schedules.find(wanted);
  if (before?.kind === 'config' && before.number > number) return [];
  if (workflows.length === 0) {
    if (before) await schedules.remove(wanted);
    return [];
  }
  if (!before && (await schedules.count(repositoryId)) >= mostSchedules) return [`${mostSchedules} branches and names of this repository have schedules already, which is the most: those of this branch are not kept. Let \`filters\` name the branches that need one.`];
  await schedules.put(wanted);
  return workflows.length > mostSchedules ? [`the config has ${workflows.length} schedules for this branch: only the first ${mostSchedules} count. Write fewer.`] : [];
}

/** Delivers what is due, and answers sentences about what is not delivered. `at` and `firing`: when it should have fired, and under which name, which another try has too. */
export async function fireSchedule(ports: SchedulePorts & { store: ObjectStore }, { scheduled, at, firing }: { scheduled: Scheduled; at: string; firing: string }): Promise<string[]> {
  const { repositoryId, branch } = scheduled;
  const ref = `refs/heads/${branch}`;
  const [repository, problem] = await findBuilt(ports, repositoryId);
  const sha = repository && (await ports.headOf(repository, ref));
  if (!repository || sha === null) {
    // What a config says comes back with its next push; what a person arranged is theirs to remove.
    if (scheduled.kind === 'config') await ports.schedules.remove(scheduled);
    return [repository ? `there is no branch ${branch} any more` : problem!];
  }
  for (const schedule of startedBy(scheduled, new Date(at))) {
    await ports.deliver({
      event: 'schedule',
      deliveryId: `${firing}/${schedule.name}`,
      receivedAt: new Date().toISOString(),
      repository,
      ref,
      before: noCommit,
      sha,
      sender: nobody,
      commit: { subject: '', authorLogin: null },
      pullRequest: null,
      schedule,
      ...(scheduled.kind === 'named' && { parameters: scheduled.parameters }),
    });
  }
  return [];
}

/** No account of GitHub's has such a name, so none can claim what it may do: nothing. */
const nobody = { id: 0, login: 'roundhouse[schedule]' };

async function findBuilt({ store, findRepository, isBuilt }: SchedulePorts & { store: ObjectStore }, repositoryId: number): Promise<[Repository, null] | [null, string]> {
  const named = await getJson<NamedRepository>(store, repositoryNowKey(repositoryId));
  if (!named) return [null, 'nothing is known of the repository any more'];
  const name = `${named.owner}/${named.name}`;
  const repository = await findRepository(named.owner, named.name);
  if (repository?.id !== repositoryId) return [null, `the GitHub App is not installed on ${name} any more`];
  return (await isBuilt(repositoryId)) ? [repository, null] : [null, `nobody follows ${name}`];
}
