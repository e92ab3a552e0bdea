// What happened in the repository? Our own words for it; GitHub's payloads end at app/webhooks.

/** What a run may touch. T2: the default branch or a protected ref; T1: other refs; T0: a fork's pull request. */
export type TrustLevel = 'T0' | 'T1' | 'T2';

export type Repository = {
  /** GitHub's numeric id: survives rename and transfer. */
  id: number;
  owner: string;
  name: string;
  private: boolean;
  defaultBranch: string;
  /** null when GitHub sent none (the App is not installed there any more). */
  installationId: number | null;
};

/**
 * One reason to run a pipeline. Every string in it is somebody else's data:
 * it travels as environment or JSON, never as part of a shell line.
 */
export type Trigger = {
  event: 'push' | 'pull_request' | 'rerun' | 'local' | 'schedule' | 'api' | 'webhook';
  /** GitHub's delivery id; equal for a redelivery. */
  deliveryId: string;
  /** ISO 8601, when the webhook came in. */
  receivedAt: string;
  /** ISO 8601, when it happened, as GitHub says; of a webhook that is sent again, long before it came in. Absent: when it came in. */
  happenedAt?: string;
  repository: Repository;
  /** Full name such as `refs/heads/main` or `refs/tags/v1`; for a fork's pull request `refs/pull/N/head`. */
  ref: string;
  /** The commit before the push; 40 zeros for a new ref. */
  before: string;
  /** The commit to build, 40 hexadecimal digits. */
  sha: string;
  sender: { id: number; login: string };
  commit: { subject: string; authorLogin: string | null };
  pullRequest: { number: number; url: string; headRepositoryId: number; headOwner: string; headName: string; baseRef: string; /** This and the next are absent where GitHub did not say. */ baseSha?: string; /** Of whoever opened it. */ authorId?: number } | null;
  /** Values for the config's pipeline parameters, from whoever asked for the pipeline. */
  parameters?: Record<string, string | number | boolean>;
  /** Of a rerun: which pipeline it runs again, and what of it. Absent in reruns of 0.1.0: all. */
  rerun?: { number: number; what: RerunOf };
  /** Of a rerun: what the first of its pipelines came from. Absent: a push. */
  origin?: Exclude<Trigger['event'], 'rerun'>;
  /** Of a schedule: its name, and the workflow of the config that it runs; null: all that have no schedule of their own. */
  schedule?: { name: string; workflow: string | null };
};

/** What of a pipeline runs again: jobs that passed and do not follow from it are carried over with their results. */
export type RerunOf =
  | { kind: 'all' }
  /** What failed, and what did not run because of it: of one workflow, or of all. */
  | { kind: 'failed'; workflow?: string }
  | { kind: 'workflow'; workflow: string }
  | { kind: 'job'; workflow: string; job: string; /** One of its slices alone. */ slice?: number };

/** What a pipeline came from, of a rerun that of the pipeline that it runs again. */
export const originOf = ({ event, origin }: Pick<Trigger, 'event' | 'origin'>): Exclude<Trigger['event'], 'rerun'> => (event === 'rerun' ? (origin ?? 'push') : event);

export const noCommit = '0'.repeat(40);

export const branchOf = (ref: string): string | null => (ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null);
export const tagOf = (ref: string): string | null => (ref.startsWith('refs/tags/') ? ref.slice('refs/tags/'.length) : null);

/** True for a pull request whose head lies in another repository. */
export const isFork = (trigger: Trigger): boolean =>
  trigger.pullRequest !== null && trigger.pullRequest.headRepositoryId !== trigger.repository.id;

/** Levels whose caches a run of this level may read, its own first: reads go downward only. */
export const readable = (trust: TrustLevel): TrustLevel[] => (trust === 'T0' ? ['T0', 'T1', 'T2'] : trust === 'T1' ? ['T1', 'T2'] : ['T2']);

/** The trust level, from numeric ids and GitHub's word on protection only. */
export function trustLevel(trigger: Trigger, refIsProtected: boolean): TrustLevel {
  // Such a ref stands for a fork's pull request, even where nobody has said which.
  const isUnknownPull = trigger.pullRequest === null && trigger.ref.startsWith('refs/pull/');
  if (isFork(trigger) || isUnknownPull) return 'T0';
  if (branchOf(trigger.ref) === trigger.repository.defaultBranch || refIsProtected) return 'T2';
  return 'T1';
}

/**
 * By what a repeated webhook is known: its delivery id, and for a push the movement of the ref (GitHub may send one push as two
 * deliveries). A force push A-B-A is three movements. Whatever else is known by its delivery alone.
 */
export function triggerIdentities(trigger: Trigger): string[] {
  const delivery = `delivery:${trigger.deliveryId}`;
  if (trigger.event !== 'push' && trigger.event !== 'pull_request') return [delivery];
  return [delivery, `${trigger.event}:${trigger.before}:${trigger.sha}:${trigger.ref}`];
}
