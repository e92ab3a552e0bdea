// What will run? The compiled config: plain JSON, every default filled.

/** The compiled config of one pipeline. Nobody who holds a Plan asks whether a default was set. */
export type Plan = {
  version: 1;
  /** Where the source lay in the repository, for messages. */
  source: { path: string };
  /** `setup: true`: the pipeline goes on with a config that one of its jobs hands in. */
  setup: boolean;
  /** What runs for this branch or tag: filters have been applied. A workflow without a job left is not here. */
  workflows: PlanWorkflow[];
  /** Jobs that filters keep from this branch. Absent for tags, for which everything is filtered that does not ask for them. */
  filtered?: FilteredJob[];
  /** Workflows that their own conditions turn off, whatever paths have changed. */
  off?: OffWorkflow[];
  /** Each job that runs something once, by its compiled name. */
  jobs: Record<string, PlanJob>;
  /** When workflows run by the clock; such a workflow is not among `workflows`. */
  schedules: PlanSchedule[];
  /** Orbs, exactly as they were compiled in. */
  orbs: PlanOrb[];
  /** Things that compile but deserve a line on the check. */
  warnings: Diagnostic[];
};

export type PlanWorkflow = {
  name: string;
  /** How often failed jobs are run again by themselves; 0 to 5. */
  maxAutoReruns: number;
  /** A newer pipeline of the same branch may cancel this workflow (extension key `auto_cancel`). */
  autoCancel: boolean;
  jobs: WorkflowJob[];
};

/** `reason`: a sentence that names the line. */
export type FilteredJob = { workflow: string; name: string; reason: string };

/** `reason`: a sentence that names the line. */
export type OffWorkflow = { workflow: string; reason: string };

/** One place of a job in a workflow's graph. */
export type WorkflowJob = {
  /** Unique in its workflow; the name of the check. */
  name: string;
  /** Only a build runs something. An approval waits for a person, lock and unlock for the serial group of their `key`, the others succeed at once. */
  type: JobType;
  /** Key of Plan.jobs for a build; for the others the name again, and nothing is there. */
  job: string;
  requires: Requires[];
  /** In order: of two that set one variable, the later wins. */
  contexts: string[];
  /** At most one job of the organization runs under this key; null: no limit. */
  serialGroup: string | null;
  /** Of a lock or unlock; null otherwise. */
  key: string | null;
  /** Of a release; null otherwise. */
  planName: string | null;
};

export type JobType = 'build' | 'approval' | 'no-op' | 'release' | 'lock' | 'unlock';

export type Requires = { job: string; statuses: RequiredStatus[] };

export type RequiredStatus = 'success' | 'failed' | 'canceled' | 'unauthorized' | 'not_run';

export type PlanSchedule = {
  workflow: string;
  /** Five fields of POSIX, in UTC. */
  cron: string;
  /** As in `filters`; null: every branch. */
  branches: NameFilter | null;
};

/** Names of branches or tags: exact ones, or patterns between slashes for the whole name. null: the key is not there. */
export type NameFilter = { only: string[] | null; ignore: string[] | null };

export type PlanOrb = {
  /** As the config writes it. */
  reference: string;
  /** The exact version that was meant; for an orb by address, the address. */
  version: string;
  /** Of its text, hexadecimal. */
  sha256: string;
  /** Where it was found, in words. */
  origin: string;
};

export type PlanJob = {
  name: string;
  /** A sentence when no installation of today can run it (macOS, Windows, GPU, Arm): the job ends as `unsupported`. */
  unsupported: string | null;
  executor: PlanExecutor;
  /** The executor's variables, and over them the job's. Those of a docker image go under it. */
  environment: Record<string, string>;
  /** As configured: may begin with `~`, which the sandbox expands to the user's home. */
  workingDirectory: string;
  parallelism: number;
  /** null: the default class of the installation. */
  resourceClass: string | null;
  /** Limit for the whole job (extension key `timeout`). */
  timeoutSeconds: number;
  /** How long caches that the job saves are kept; null: as the installation does. */
  cacheRetentionDays: number | null;
  /** The job asks for fixed addresses to go out by. */
  ipRanges: boolean;
  /** Committed secrets that each step gets (extension key `secrets`). */
  secrets: string[];
  /** A slice whose builder was lost is not started again (extension key `no_retry`). */
  noRetry: boolean;
  /** The only hosts that the job may reach; null: any (extension key `egress`). */
  egress: string[] | null;
  steps: PlanStep[];
};

export type PlanExecutor = DockerExecutor | MachineExecutor | MacosExecutor;

/** The first image of the list, in which the steps run, and the others beside it. */
export type DockerExecutor = { kind: 'docker'; sidecars: PlanImage[] } & PlanImage;

export type PlanImage = {
  image: string;
  /** A further host name under which the others reach it; null: localhost alone. */
  name: string | null;
  /** null: the image's own; in the first image then neither its entrypoint nor its command runs. */
  entrypoint: string[] | null;
  command: string[] | null;
  /** null: the image's own. */
  user: string | null;
  environment: Record<string, string>;
  /** What to sign in to the registry with; values may name variables, `$NAME`. null: nothing. */
  auth: RegistryAuth | null;
};

export type RegistryAuth =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'aws'; accessKeyId: string | null; secretAccessKey: string | null; roleArn: string | null }
  | { kind: 'gcp'; serviceAccount: string; workloadIdentityPool: string; workloadIdentityProvider: string };

/** A virtual machine. */
export type MachineExecutor = {
  kind: 'machine';
  /** null: the default image, or the one of a self-hosted class. */
  image: string | null;
  dockerLayerCaching: boolean;
  /** The class is one of the user's own machines: `NAMESPACE/NAME`. */
  selfHosted: boolean;
};

export type MacosExecutor = { kind: 'macos'; xcode: string; signingBundles: string[] };

export type When = 'on_success' | 'on_fail' | 'always';

export type PlanStep =
  | RunStep
  | CheckoutStep
  | RemoteDockerStep
  | SaveCacheStep
  | RestoreCacheStep
  | StoreArtifactsStep
  | StoreTestResultsStep
  | PersistToWorkspaceStep
  | AttachWorkspaceStep
  | AddSshKeysStep
  | InstallSigningBundleStep;

/** What every step has. Paths may begin with `~`; others are relative to the job's working directory where nothing else is said. */
type Step<Kind extends string> = { kind: Kind; name: string; when: When };

export type RunStep = Step<'run'> & {
  command: string;
  /**
   * The program that gets the command as its last argument after `-c`.
   * null: `/bin/bash -eo pipefail`, or `/bin/sh -eo pipefail` where the image has no bash.
   */
  shell: string[] | null;
  environment: Record<string, string>;
  /** Relative to the job's working directory; `.` for itself. */
  workingDirectory: string;
  background: boolean;
  /** The step is ended when it prints nothing for so long. */
  noOutputTimeoutSeconds: number;
  /** How often a failed command is run again; 0 to 5. */
  maxAutoReruns: number;
  autoRerunDelaySeconds: number;
  /** Committed secrets that this step gets beside the job's (extension key `secrets`). */
  secrets: string[];
  /** Written as `deploy`: it runs in slice 0 alone, when all slices have come so far and none failed. */
  deploy: boolean;
};

export type CheckoutStep = Step<'checkout'> & {
  /** Relative to the job's working directory; `.` for itself. */
  path: string;
  method: CheckoutMethod;
  /** Commits to fetch, of a shallow checkout; null otherwise. */
  depth: number | null;
  /** Further repositories that the job may fetch, `OWNER/NAME` (extension key). */
  repositories: string[];
};

export type CheckoutMethod = 'blobless' | 'full' | 'shallow';

export type RemoteDockerStep = Step<'setup_remote_docker'> & { version: string; dockerLayerCaching: boolean; preferSameRegion: boolean };

export type SaveCacheStep = Step<'save_cache'> & {
  /** With `{{ }}` templates, which are filled in when the step runs. */
  key: string;
  paths: string[];
  /** A cache that the builder has may be mounted instead of copied (extension key `cache_mount`). */
  mount: boolean;
};

export type RestoreCacheStep = Step<'restore_cache'> & {
  /** Each is looked for as the beginning of a stored key, in order; with `{{ }}` templates. */
  keys: string[];
  mount: boolean;
};

export type StoreArtifactsStep = Step<'store_artifacts'> & {
  path: string;
  /** The folder that they appear in; null: the path as it is. */
  destination: string | null;
};

export type StoreTestResultsStep = Step<'store_test_results'> & { path: string };

export type PersistToWorkspaceStep = Step<'persist_to_workspace'> & {
  root: string;
  /** Patterns, relative to the root. */
  paths: string[];
};

export type AttachWorkspaceStep = Step<'attach_workspace'> & { at: string };

/** null: every key of the project. */
export type AddSshKeysStep = Step<'add_ssh_keys'> & { fingerprints: string[] | null };

export type InstallSigningBundleStep = Step<'install_signing_bundle'>;

/** One thing to tell the user about the config. Lines and columns count from 1. */
export type Diagnostic = {
  severity: 'error' | 'warning';
  /** What is wrong and, in the same breath, the remedy. */
  message: string;
  line: number;
  column: number;
  endLine?: number;
  /** The calls that led there, outermost first: `Error calling job: 'test'`. */
  trace?: string[];
};

/** What the pipeline temporal workflow gets of a Plan: names, edges and counts, small enough for any config. */
export type Graph = {
  workflows: GraphWorkflow[];
  /** One of its jobs may hand in the config with which the pipeline goes on. */
  setup?: true;
  /** For those who ask why: the first of the workflows that are off. */
  off?: OffWorkflow[];
};

/** Temporal takes 2 MB as one payload, and some configs switch hundreds of workflows. */
const mostOff = 100;

export type GraphWorkflow = {
  name: string;
  jobs: GraphJob[];
  /** How often failed jobs are run again by themselves. Absent: never. */
  maxAutoReruns?: number;
  /** A newer pipeline of the same branch does not cancel it. */
  autoCancel?: false;
};

export type GraphJob = {
  name: string;
  job: string;
  requires: Requires[];
  /** Absent for a build, and for what succeeds at once. */
  type?: 'approval' | 'lock' | 'unlock';
  /** Slices; 0 for a job that runs nothing. */
  parallelism: number;
  resourceClass: string | null;
  timeoutSeconds: number;
  /** In order; the slice asks for one at a time, by index. */
  steps: { kind: PlanStep['kind']; name: string; when: When }[];
  /** Why the job ends as `unsupported` instead of running. */
  unsupported?: string;
  /** Why a filter keeps it out, so that it ends as `skipped`: a check that GitHub waits for must come. */
  skipped?: string;
  /** The job asks for secrets, contexts, ssh keys or further repositories, or the repository has variables: it is admitted before it starts, and its builder gets values. */
  guarded?: true;
  /** Its images need values of variables, so that a builder is chosen before its sandbox is made. */
  signsIn?: true;
  /** Containers beside the one of the steps, by what a person calls them; their output is kept like that of steps, after them. */
  services?: string[];
  /** At most one job of the organization runs under this key. */
  serialGroup?: string;
  /** Of a lock or unlock: the serial group. */
  key?: string;
  /** A slice whose builder was lost is not started again. */
  noRetry?: true;
  /** Lines for the check, found while the pipeline was loaded. */
  notes?: string[];
};

/** The Graph of a Plan. */
export function graphOf(plan: Pick<Plan, 'workflows' | 'jobs' | 'setup' | 'filtered' | 'off'>): Graph {
  const { workflows, setup, filtered = [], off } = plan;
  const filteredOf = (name: string): GraphJob[] => filtered.filter(({ workflow }) => workflow === name).map((job) => ({ ...runsNothing(job.name), skipped: job.reason }));
  const emptied = new Set(filtered.map(({ workflow }) => workflow).filter((name) => !workflows.some((workflow) => workflow.name === name)));
  return {
    ...(setup && { setup: true }),
    ...(off && { off: off.slice(0, mostOff) }),
    workflows: [
      ...workflows.map(({ name, maxAutoReruns, autoCancel, jobs }) => ({
        name,
        ...(maxAutoReruns > 0 && { maxAutoReruns }),
        ...(!autoCancel && { autoCancel: false as const }),
        jobs: [...jobs.map((job) => graphJob(job, plan)), ...filteredOf(name)],
      })),
      ...[...emptied].map((name) => ({ name, jobs: filteredOf(name) })),
    ],
  };
}

const runsNothing = (name: string): GraphJob => ({ name, job: name, requires: [], parallelism: 0, resourceClass: null, timeoutSeconds: 0, steps: [] });

function graphJob({ name, type, job: key, requires, contexts, serialGroup, key: lockKey }: WorkflowJob, { jobs }: Pick<Plan, 'jobs'>): GraphJob {
  const waits = { ...((type === 'approval' || type === 'lock' || type === 'unlock') && { type }), ...(serialGroup !== null && { serialGroup }), ...(lockKey !== null && { key: lockKey }) };
  if (type !== 'build') return { ...runsNothing(name), job: key, requires, ...waits };
  const job = jobs[key];
  if (!job) throw new Error(`the plan names job ${key} but does not hold it`);
  const { parallelism, resourceClass, timeoutSeconds, unsupported } = job;
  const signsIn = asksToSignIn(job);
  const guarded = contexts.length > 0 || signsIn || asksForValues(job);
  const services = servicesOf(job);
  if (unsupported !== null) return { name, job: key, requires, parallelism: 0, resourceClass, timeoutSeconds, steps: [], unsupported, ...waits };
  return {
    name,
    job: key,
    requires,
    parallelism,
    resourceClass,
    timeoutSeconds,
    steps: job.steps.map((step) => ({ kind: step.kind, name: step.name, when: step.when })),
    ...(guarded && { guarded }),
    ...(signsIn && { signsIn }),
    ...(services.length > 0 && { services }),
    ...(job.noRetry && { noRetry: true }),
    ...waits,
  };
}

/** Whether it names committed secrets, ssh keys or repositories besides its own. */
const asksForValues = ({ secrets, steps }: PlanJob): boolean =>
  secrets.length > 0 ||
  steps.some((step) => (step.kind === 'run' && step.secrets.length > 0) || step.kind === 'add_ssh_keys' || (step.kind === 'checkout' && step.repositories.length > 0));

/** Whether a variable says which image it is, or how to get it. */
const asksToSignIn = ({ executor }: PlanJob): boolean => executor.kind === 'docker' && [executor, ...executor.sidecars].some(({ image, auth }) => auth !== null || image.includes('$'));

export const servicesOf = ({ executor, steps }: PlanJob): string[] => [
  ...(executor.kind === 'docker' ? executor.sidecars.map(({ name, image }) => `service ${name ?? image}`) : []),
  ...(steps.some(({ kind }) => kind === 'setup_remote_docker') ? ['service docker'] : []),
];

/** Names of the committed secrets that a job may give to any of its steps. */
export const secretsOf = ({ secrets, steps }: PlanJob): string[] => [...new Set([...secrets, ...steps.flatMap((step) => (step.kind === 'run' ? step.secrets : []))])];

/** Repositories besides its own that a job's checkouts name, `OWNER/NAME`. */
export const repositoriesOf = ({ steps }: PlanJob): string[] => [...new Set(steps.flatMap((step) => (step.kind === 'checkout' ? step.repositories : [])))];
