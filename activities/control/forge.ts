// What do we ask of the place where the repositories are? GitHub is one adapter, the work tree of `roundhouse run` another.

import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import type { Repository, Trigger } from '../../config-schema/trigger.ts';
import type { CheckConclusion } from '../../config-schema/outcome.ts';
import type { PullRequestFacts } from '../../config-schema/pipeline-values.ts';

/**
 * Every call may be repeated. Errors that a later try can mend are thrown as ForgeUnavailable, with the wait that the forge
 * asked for; everything else as it comes.
 */
export interface Forge {
  /** Everything that a pipeline needs to begin, in one query. `configPaths` in order of preference; the first that exists is `config`. */
  load(trigger: Trigger, configPaths: readonly string[]): Promise<Loaded>;
  /**
   * The files under a folder of the repository at a commit, by their paths from that folder, three names long at most (`a/b/c.yml`), without
   * symbolic links. None where there is no such folder.
   */
  listFiles(repository: Repository, sha: string, folder: string): Promise<string[]>;
  /** The texts of the files of a folder at a commit by their names, without folders in it and symbolic links. */
  readFolder(repository: Repository, sha: string, folder: string): Promise<Record<string, string>>;
  /** The text of one file at a commit; null where there is none. */
  readFile(repository: Repository, sha: string, path: string): Promise<string | null>;
  /** What a commit has changed since it parted from `base`: another one, or a branch by its name. Unknown where the two cannot be compared. */
  changedPaths(repository: Repository, base: string, sha: string): Promise<ChangedPaths>;
  /** Reading access to the code of this one repository, contents:read, for an hour at most. */
  credential(repository: Repository): Promise<GitCredential>;
  /**
   * Creates check runs of one commit, or updates those with an id; answers in the same order. `mayExist`: an earlier call may have created
   * some whose id never came back, and each without an id is looked for by its externalId first. Throws when none was taken, or when a
   * later try can mend what was not.
   */
  report(repository: Repository, checks: readonly CheckRun[], mayExist: boolean): Promise<Reported[]>;
}

/** Where committed secrets lie in a repository. */
export const secretsFolder = '.circle/secrets';

export type Loaded = {
  config: { path: string; text: string } | null;
  /** GitHub's rules or branch protection cover the ref. */
  refIsProtected: boolean;
  /** The sender's permission on the repository: 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none'. */
  senderPermission: string;
  commit: { subject: string; authorLogin: string | null };
  /** The commit's message without its first line. */
  commitBody: string;
  /** The repository's page, such as `https://github.com/acme/shop`. */
  repositoryUrl: string;
  pullRequestNumbers: number[];
  /** The one that it came by, or the only open one of its branch; null: none, or several. */
  pullRequest: PullRequestFacts | null;
  /** The account that the repository belongs to, by its numeric id. */
  ownerId: number;
  /** What lies in `.circle/secrets` at the commit, by file name. */
  secretFiles: Record<string, string>;
  /** What the branch would be merged into, where a pull request says so; null: none does. */
  baseSha: string | null;
  /** Why nothing may run, for the user: a rerun whose commit is not on its ref. `config` is null then. */
  refused?: string;
};

/** What `git fetch` on a builder needs. Secret: travels only encrypted for one builder. */
export type GitCredential = {
  /** `https://…/owner/name.git`, or a local folder. */
  url: string;
  /** What the header `Authorization` must say; null where none is needed. */
  authorization: string | null;
  /** Instead of a header: a deploy key in OpenSSH's format, and the lines of `known_hosts` for the host. `url` is `ssh://…` then. */
  ssh?: { privateKey: string; knownHosts: string };
};

/** What a checkout may fetch: the pipeline's own repository, and those that its step names. */
export type CheckoutAccess = {
  own: GitCredential;
  further: { id: number; owner: string; name: string; credential: GitCredential }[];
};

/** `id` is null where there is none to keep. `refused`: why the forge takes this check at no try, while it takes others. */
export type Reported = { id: number | string | null } | { refused: string };

/** One check run as it shall be (GitHub REST "checks"). Times are ISO 8601. */
export type CheckRun = {
  /** Our own key: makes creation idempotent. */
  externalId: string;
  /** Known from an earlier answer. */
  id?: number | string;
  sha: string;
  name: string;
  detailsUrl: string;
  status: 'queued' | 'in_progress' | 'completed';
  startedAt?: string;
  completedAt?: string;
  conclusion?: CheckConclusion;
  output?: { title: string; summary: string; annotations?: Annotation[] };
  /** Buttons beside the check: at most three. */
  actions?: CheckAction[];
  /** Not made where the commit has another check of this name: what ran there, for another branch, counts for more. */
  unlessThere?: true;
};

/** GitHub shows 20 characters of the label and 40 of the description; `identifier` comes back when somebody presses it. */
export type CheckAction = { label: string; description: string; identifier: 'cancel' | 'rerun-job' | 'rerun-failed' | 'rerun-all' | 'approve' | 'allow' };

export type Annotation = { path: string; startLine: number; endLine: number; level: 'notice' | 'warning' | 'failure'; message: string; title?: string };

export class ForgeUnavailable extends Error {
  override name = 'ForgeUnavailable';
  /** null: the caller's own back-off. */
  readonly retryAfterSeconds: number | null;
  constructor(message: string, retryAfterSeconds: number | null, options?: { cause?: unknown }) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
