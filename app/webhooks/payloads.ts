// Which parts of GitHub's payloads do we read? Everything else in them is dropped here.

import { z } from 'zod';

const id = z.number().int().positive();
/** A commit that git could have made; anything else could be read as an option or a path further on. */
const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'is not a commit id of 40 or 64 hexadecimal digits');
const account = z.object({ id, login: z.string().min(1) });
const repository = z.object({
  id,
  name: z.string().min(1),
  owner: account,
  private: z.boolean(),
  default_branch: z.string().min(1),
  html_url: z.string(),
  /** Of a push event alone it is in seconds. */
  pushed_at: z.union([z.number(), z.string()]).nullish(),
});
/** The parts that every event of a repository has. */
const ofRepository = z.object({ repository, installation: z.object({ id }).nullish() });
export type OfRepository = z.infer<typeof ofRepository>;

export const push = ofRepository.extend({
  ref: z.string().max(1024),
  before: sha,
  after: sha,
  deleted: z.boolean().default(false),
  head_commit: z.object({ id: sha, message: z.string(), author: z.object({ username: z.string().nullish() }).nullish() }).nullish(),
  pusher: z.object({ name: z.string() }),
  sender: account.nullish(),
});
export type Push = z.infer<typeof push>;

export const pullRequest = ofRepository.extend({
  action: z.string(),
  /** Of `synchronize` alone. */
  before: sha.optional(),
  /** Of `labeled` and `unlabeled`. */
  label: z.object({ name: z.string() }).nullish(),
  pull_request: z.object({
    number: id,
    title: z.string(),
    html_url: z.string(),
    updated_at: z.string().nullish(),
    user: account.nullish(),
    head: z.object({ sha, repo: z.object({ id, name: z.string(), owner: account }).nullish() }),
    base: z.object({ ref: z.string(), sha }),
  }),
  sender: account.extend({ type: z.string().nullish() }),
});
export type PullRequest = z.infer<typeof pullRequest>;

const app = z.object({ id }).nullish();
const suite = z.object({
  head_branch: z.string().nullish(),
  head_commit: z.object({ message: z.string() }).nullish(),
  pull_requests: z
    .array(
      z.object({
        number: id,
        /** `url` is the repository's in the REST API: `…/repos/OWNER/NAME`, the only place of its owner. */
        head: z.object({ sha, repo: z.object({ id, name: z.string(), url: z.string() }) }),
        base: z.object({ ref: z.string(), repo: z.object({ id }) }),
      }),
    )
    .default([]),
});
export type Suite = z.infer<typeof suite>;

export const checkRun = ofRepository.extend({
  action: z.string(),
  check_run: z.object({ head_sha: sha, external_id: z.string().nullish(), app, check_suite: suite }),
  requested_action: z.object({ identifier: z.string() }).nullish(),
  sender: account.nullish(),
});
export type CheckRun = z.infer<typeof checkRun>;

export const checkSuite = ofRepository.extend({
  action: z.string(),
  check_suite: suite.extend({ head_sha: sha, app }),
  sender: account.nullish(),
});
export type CheckSuite = z.infer<typeof checkSuite>;

export const issueComment = ofRepository.extend({
  action: z.string(),
  /** `pull_request` is there for a comment on a pull request alone. */
  issue: z.object({ number: id, pull_request: z.object({}).nullish() }),
  /** `created_at` is ISO 8601. */
  comment: z.object({ body: z.string(), created_at: z.string(), user: account.extend({ type: z.string() }).nullish() }),
  sender: account,
});
export type IssueComment = z.infer<typeof issueComment>;

export const repositoryEvent = ofRepository.extend({ action: z.string(), changes: z.object({ default_branch: z.unknown() }).partial().optional() });
export type RepositoryEvent = z.infer<typeof repositoryEvent>;

const named = z.array(z.object({ id, full_name: z.string() })).default([]);
export const installation = z.object({ action: z.string(), installation: z.object({ id }), repositories: named });
export type Installation = z.infer<typeof installation>;

export const installationRepositories = z.object({
  action: z.string(),
  installation: z.object({ id }),
  repositories_added: named,
  repositories_removed: named,
});
export type InstallationRepositories = z.infer<typeof installationRepositories>;
