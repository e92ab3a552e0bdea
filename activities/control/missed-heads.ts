// Which branches and forks' pull requests moved without a word to us? A webhook that never came is found by asking GitHub for the heads.

import type { Choices } from '../../config-schema/choices.ts';
import { sweptDeliveryId } from '../../config-schema/swept.ts';
import { noCommit, type Repository, type Trigger } from '../../config-schema/trigger.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';
import { duePulls, type ForkHead, type ForkHeads, type WatchedPulls } from './missed-pulls.ts';

/** A branch went from one commit to another; of a new one `before`, and of a deleted one `after`, is `noCommit`. */
export type Movement = { ref: string; before: string; after: string; atMs: number; by: { id: number; login: string } | null };

export type MissedPorts = {
  store: ObjectStore;
  /** Every repository on which the App is installed, and when it was last pushed to (ISO 8601); null: never. */
  listPushed(): Promise<{ repository: Repository; pushedAt: string | null }[]>;
  isBuilt(repositoryId: number): Promise<boolean>;
  /** Of the last day, newest first. One request where a hundred are enough. */
  movements(repository: Repository): Promise<Movement[]>;
  choices(repositoryId: number): Promise<Pick<Choices, 'forks'>>;
  /** One request. */
  forkHeads(repository: Repository): Promise<ForkHeads>;
  /** Whether the repository's temporal workflow has heard of it. */
  isKnown(trigger: Trigger): Promise<boolean>;
  deliver(trigger: Trigger): Promise<void>;
  /** A webhook may still be under way for so long. */
  graceMs: number;
  log: { warn: (fields: object, message: string) => void };
};

/**
 * What was seen of a repository that is built. What moved before `sinceMs` was not ours to build; when it was last pushed to at `pushedAt`,
 * no branch is left to look at. `pulls`: while forks are built, as they were at `pullsAtMs`.
 */
type Watched = { sinceMs: number; name: string; pushedAt: string | null; pulls?: WatchedPulls; pullsAtMs?: number };
type Kept = { version: 1; repositories: Record<string, Watched> };

const watchedKey = 'sweep.json';
/** GitHub allows 5,000 requests an hour; the next sweep takes the rest. */
const mostRequests = 200;
const pushedWithinMs = 24 * 60 * 60 * 1000;

/** The newest movement of each branch that is there, if it is our business; `isSettled`: none is so new that its webhook may still come. */
export function openHeads(movements: readonly Movement[], { sinceMs, nowMs, graceMs }: { sinceMs: number; nowMs: number; graceMs: number }): { heads: Movement[]; isSettled: boolean } {
  const newest = new Map<string, Movement>();
  for (const movement of movements) if (movement.ref.startsWith('refs/heads/') && !newest.has(movement.ref)) newest.set(movement.ref, movement);
  const heads = [...newest.values()].filter(({ after, atMs }) => after !== noCommit && atMs >= sinceMs && atMs >= nowMs - pushedWithinMs);
  const settled = heads.filter(({ atMs }) => atMs <= nowMs - graceMs);
  return { heads: settled, isSettled: settled.length === heads.length };
}

/** Starts what is missing, and answers how many pipelines that were. To be called one at a time. */
export async function startMissed(ports: MissedPorts, nowMs = Date.now()): Promise<number> {
  const { store, graceMs } = ports;
  const before = (await getJson<Kept>(store, watchedKey))?.repositories ?? {};
  const after: Kept = { version: 1, repositories: {} };
  const all: { repository: Repository; pushedAt: string | null; watched: Watched }[] = [];
  for (const { repository, pushedAt } of await ports.listPushed()) {
    const { id, owner, name } = repository;
    if (!(await ports.isBuilt(id))) continue;
    const watched = { sinceMs: Math.floor(nowMs / 1000) * 1000, pushedAt: null, ...before[id], name: `${owner}/${name}` };
    after.repositories[id] = watched;
    if (before[id]?.name !== watched.name) await rememberName(store, { id, owner, name }, new Date(nowMs).toISOString());
    all.push({ repository, pushedAt, watched });
  }
  let [started, requests] = [0, 0];
  for (const { repository, pushedAt, watched } of all.sort((a, b) => (a.watched.pullsAtMs ?? 0) - (b.watched.pullsAtMs ?? 0))) {
    try {
      if (pushedAt !== null && pushedAt !== watched.pushedAt && Date.parse(pushedAt) >= watched.sinceMs && requests++ < mostRequests) {
        const { heads, isSettled } = openHeads(await ports.movements(repository), { sinceMs: watched.sinceMs, nowMs, graceMs });
        started += await startThose(ports, heads.map((head) => pushOf(repository, head)));
        if (isSettled && Date.parse(pushedAt) <= nowMs - graceMs) watched.pushedAt = pushedAt;
      }
      if ((await ports.choices(repository.id)).forks === 'never') delete watched.pulls;
      else if (requests++ < mostRequests) {
        const { due, after: pulls } = duePulls(watched.pulls, await ports.forkHeads(repository), { nowMs, graceMs });
        started += await startThose(ports, due.map((head) => pullRequestOf(repository, head)));
        Object.assign(watched, { pulls, pullsAtMs: nowMs });
      }
    } catch (error) {
      // The others are looked at nevertheless, and this one again by the next sweep.
      ports.log.warn({ error, repositoryId: repository.id, repository: watched.name }, 'whether something moved without a webhook cannot be said');
    }
  }
  if (JSON.stringify(after.repositories) !== JSON.stringify(before)) await putJson(store, watchedKey, after);
  return started;
}

async function startThose({ isKnown, deliver }: MissedPorts, triggers: readonly Trigger[]): Promise<number> {
  let started = 0;
  for (const trigger of triggers) {
    if (await isKnown(trigger)) continue;
    await deliver(trigger);
    started += 1;
  }
  return started;
}

/** As their webhooks would have said it, so far as we know. */
const pushOf = (repository: Repository, { ref, before, after, atMs, by }: Movement): Trigger => ({
  event: 'push',
  deliveryId: sweptDeliveryId(repository.id, ref, after),
  receivedAt: new Date().toISOString(),
  happenedAt: new Date(atMs).toISOString(),
  repository,
  ref,
  before,
  sha: after,
  sender: by ?? { id: 0, login: '' },
  commit: { subject: '', authorLogin: null },
  pullRequest: null,
});

const pullRequestOf = (repository: Repository, { sha, title, author, pullRequest }: ForkHead): Trigger => {
  const ref = `refs/pull/${pullRequest.number}/head`;
  return {
    event: 'pull_request',
    deliveryId: sweptDeliveryId(repository.id, ref, sha),
    receivedAt: new Date().toISOString(),
    repository,
    ref,
    before: noCommit,
    sha,
    sender: author,
    commit: { subject: title.slice(0, 256), authorLogin: author.login },
    pullRequest,
  };
};
