// What do people do with pull requests?

import type { World } from '../world.ts';
import { addComment } from '../comments.ts';
import { mergePull } from '../merge.ts';
import { dequeue, enqueue, type Queued } from '../merge-queue.ts';
import { closePull, labelPull, openPull, reopenPull, unlabelPull } from '../pulls.ts';
import type { PullRequest, Repository } from '../state.ts';
import type { GitHub } from '../contract.ts';
import { type Lookup, missing } from './lookup.ts';

type Deeds = Pick<GitHub, 'openPullRequest' | 'closePullRequest' | 'reopenPullRequest' | 'mergePullRequest' | 'comment' | 'comments' | 'label' | 'unlabel' | 'enqueue' | 'dequeue'>;

export function pullDeeds(world: World, find: Lookup): Deeds {
  const queue = new Map<PullRequest, Queued>();
  /** The repository itself, or somebody's fork of it. */
  const headOf = (repository: Repository, user: string): Repository =>
    [...world.state.repositories.values()].find((candidate) => candidate.owner === find.account(user) && (candidate === repository || candidate.parent === repository)) ?? missing(`fork of ${repository.name} by ${user}`);
  return {
    openPullRequest(name, { head, author, title, ...rest }) {
      const repository = find.repository(name);
      const colon = head.indexOf(':');
      const headRepository = colon < 0 ? repository : headOf(repository, head.slice(0, colon));
      const branch = head.slice(colon + 1);
      return openPull(world, { ...rest, repository, headRepository, head: branch, title: title ?? branch, author: find.account(author) });
    },
    closePullRequest: (name, number, by) => closePull(world, find.pull(name, number), find.account(by), null),
    reopenPullRequest: (name, number, by) => reopenPull(world, find.pull(name, number), find.account(by)),
    mergePullRequest: (name, number, by) => mergePull(world, find.pull(name, number), find.account(by)),
    comment: (name, number, by, body) => void addComment(world, find.pull(name, number), find.account(by), null, body),
    label: (name, number, by, label) => labelPull(world, find.pull(name, number), label, find.account(by)),
    unlabel: (name, number, by, label) => unlabelPull(world, find.pull(name, number), label, find.account(by)),
    comments: (name, number) => world.state.comments.filter((comment) => comment.repository === find.repository(name) && comment.issue === number).map((comment) => ({ author: comment.author.login, body: comment.body })),
    async enqueue(name, number, by) {
      const pull = find.pull(name, number);
      const queued = await enqueue(world, pull, find.account(by));
      queue.set(pull, queued);
      return queued;
    },
    async dequeue(name, number, by, reason) {
      const pull = find.pull(name, number);
      const queued = queue.get(pull) ?? missing(`${name}#${number} in a merge queue`);
      queue.delete(pull);
      await dequeue(world, pull, queued, reason, find.account(by));
    },
  };
}
