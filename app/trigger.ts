// How does somebody start a pipeline without a push? For what a branch or tag holds now, with values for the config's parameters.

import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { branchOf, noCommit, tagOf, type Repository, type Trigger } from '../config-schema/trigger.ts';
import { openPipelinesOf } from '../workflows/client.ts';
import { Refused, type Asker } from './control/operation.ts';
import { numberOf, type RerunPorts } from './rerun.ts';

export type TriggerPorts = RerunPorts & {
  /** The commit that a ref holds; null: there is no such ref. */
  headOf(repository: Repository, ref: string): Promise<string | null>;
};

export type Asked = {
  repository: string;
  /** Neither: the default branch. */
  branch?: string | undefined;
  tag?: string | undefined;
  parameters: NonNullable<Trigger['parameters']>;
};

/** `by` becomes the sender of the pipeline, whose permissions on GitHub it then has. */
export type StartedBy = { event: 'api' | 'webhook'; by: { id: number; login: string } };

/** triggerAsked, once it has its ports. */
export type StartPipeline = (asked: Asked, by: StartedBy, asker: Asker) => Promise<number | null>;

const kinds = { error: 'is a text of at most 512 characters, a whole number, true or false' };
/** What a person may give; the config decides whether it declares them. */
export const givenParameters = z
  .record(z.string().regex(/^.{1,128}$/su), z.union([z.string().max(512, kinds), z.int(kinds), z.boolean(kinds)], kinds), { error: 'the name of a parameter has 1 to 128 characters' })
  .refine((parameters) => Object.keys(parameters).length <= 100, { error: 'at most 100 can be given to a pipeline' });

export const refName = z.string().min(1).max(1000);

/**
 * Answers the number of the pipeline; null when there is none yet. Throws Refused. Whoever calls it has looked whether the asker may.
 */
export async function triggerAsked(ports: TriggerPorts, asked: Asked, { event, by }: StartedBy, asker: Asker): Promise<number | null> {
  const { repository, ref, sha } = await headAsked(ports, asked);
  const trigger: Trigger = {
    event,
    deliveryId: `${event}-${randomUUID()}`,
    receivedAt: new Date().toISOString(),
    repository,
    ref,
    before: noCommit,
    sha,
    sender: { id: by.id, login: by.login },
    commit: { subject: '', authorLogin: null },
    pullRequest: null,
    parameters: asked.parameters,
  };
  const before = await openPipelinesOf(ports.client, repository.id);
  await ports.deliver(trigger);
  // Names alone: a value may be anything.
  await ports.audit.append({ ...asker, action: 'pipeline.triggered', subject: `repository ${repository.owner}/${repository.name}`, repositoryId: repository.id, details: { event, ref, sha, parameters: Object.keys(asked.parameters) } });
  return numberOf(ports, trigger, Math.max(0, ...before));
}

/** Throws Refused where nothing is built, or there is no such branch or tag. */
export async function headAsked({ findRepository, isBuilt, headOf }: Pick<TriggerPorts, 'findRepository' | 'isBuilt' | 'headOf'>, { repository: named, branch, tag }: Omit<Asked, 'parameters'>): Promise<{ repository: Repository; ref: string; sha: string }> {
  const [owner = '', name = ''] = named.split('/');
  const repository = await findRepository(owner, name);
  if (!repository) throw new Refused(`there is no ${named} on which the GitHub App is installed. Correct the name, or install the App there.`);
  if (!(await isBuilt(repository.id))) throw new Refused(`${named} is not followed, so nothing of it is built. Follow it first, on its settings page or by: roundhouse follow ${named}`);
  if (branch !== undefined && tag !== undefined) throw new Refused('a pipeline is for a branch or for a tag, and both are named. Name one.');
  const ref = tag === undefined ? `refs/heads/${branch ?? repository.defaultBranch}` : `refs/tags/${tag}`;
  const sha = await headOf(repository, ref);
  if (sha === null) throw new Refused(`${named} has no ${tag === undefined ? `branch ${branchOf(ref)}` : `tag ${tagOf(ref)}`}. Correct the name, or push it first.`);
  return { repository, ref, sha };
}
