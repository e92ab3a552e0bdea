// What is one address of the API?

import type * as z from 'zod';
import type { Asker } from '../control/operation.ts';
import type { KnownRepository, Person, Viewer } from '../page/access/access.ts';

/** Who asks: always somebody by a token. */
export type Caller = { viewer: Viewer; person: Person; asker: Asker };

export type Asked<Query, Body> = Caller & {
  /** The parts of the path that stand in braces. */
  at: Record<string, string>;
  query: Query;
  body: Body;
  /** Of a path below /project/: one that the caller may read, or write to where the route changes something. */
  repository: KnownRepository;
};

export type Route = {
  method: 'get' | 'post';
  /** Below /api/v2, with `{name}` for what varies. */
  path: string;
  summary: string;
  /** Takes a token for writing, and write permission on GitHub. */
  changes: boolean;
  query?: z.ZodObject;
  body?: z.ZodType;
  status: 200 | 201 | 202;
  answer: z.ZodType;
  run(asked: Asked<never, never>): Promise<unknown>;
};

type Reads<Query extends z.ZodObject, Answer extends z.ZodType> = {
  summary: string;
  query?: Query;
  answer: Answer;
  run(asked: Asked<z.infer<Query>, undefined>): Promise<z.input<Answer>>;
};

type Changes<Body extends z.ZodType, Answer extends z.ZodType> = {
  summary: string;
  /** A body that is missing is `{}`. */
  body?: Body;
  status: 200 | 201 | 202;
  answer: Answer;
  run(asked: Asked<undefined, z.infer<Body>>): Promise<z.input<Answer>>;
};

export const get = <Query extends z.ZodObject, Answer extends z.ZodType>(path: string, route: Reads<Query, Answer>): Route => ({ method: 'get', path, changes: false, status: 200, ...route }) as Route;

export const post = <Body extends z.ZodType, Answer extends z.ZodType>(path: string, route: Changes<Body, Answer>): Route => ({ method: 'post', path, changes: true, ...route }) as Route;

/** Of what a workflow has been told and does by itself. */
export const accepted = { message: 'Accepted.' };

/** What the caller hears instead of an answer. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: 400 | 401 | 403 | 404 | 413 | 429;
  constructor(status: ApiProblem['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** For what is not there, and for what the caller may not read. */
export const notThere = (what: string): ApiProblem => new ApiProblem(404, `There is no such ${what} that you may see.`);
