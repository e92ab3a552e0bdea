// What do the parts of GraphQL's answers need of each other?

import { GraphQLError } from 'graphql';
import type { World } from '../world.ts';
import type { Account, CheckRun, PullRequest, Repository } from '../state.ts';
import { type Caller, mayUse } from '../tokens.ts';

/** The fields of one object: values, or functions of the field's arguments. What is undefined cannot be asked for. */
export type Fields = Record<string, unknown>;

/** Each type of object is made in a file of its own, and reaches the others through here. */
export type Types = {
  account(person: Account): Fields;
  repository(of: Repository): Fields;
  /** A full ref; null where there is none. */
  reference(of: Repository, ref: string): Promise<Fields | null>;
  object(of: Repository, sha: string): Promise<Fields | null>;
  /** `REV` or `REV:PATH`. */
  expression(of: Repository, text: string): Promise<Fields | null>;
  pullRequest(pull: PullRequest): Fields;
  checkRun(run: CheckRun): Fields;
};

export type Context = { world: World; caller: Caller; types: Types };

/** An error that GitHub itself would answer with; all others are faults. */
export const typed = (type: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { type } });

/** Refuses a token without the permission, as GitHub does: the field is null, with an error of its own. */
export function need({ caller }: Context, repository: Repository, permission: string): void {
  if (caller.kind === 'installation' && !mayUse(caller.token, repository, permission, 'read')) throw typed('FORBIDDEN', 'Resource not accessible by integration');
}
