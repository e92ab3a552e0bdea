// The control activities: everything that needs the forge, the keys or the history.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { planKey, stepLogKey, type SliceKey } from '../../config-schema/address.ts';
import type { OrbSources, PipelineValues } from '../../config-schema/language/processed.ts';
import { checkConclusion } from '../../config-schema/outcome.ts';
import { builtBranch, pipelineValues } from '../../config-schema/pipeline-values.ts';
import { graphOf, secretsOf, type Diagnostic, type Graph, type GraphJob, type Plan } from '../../config-schema/plan.ts';
import { isFork, tagOf, trustLevel, type Repository, type Trigger, type TrustLevel } from '../../config-schema/trigger.ts';
import { buildLine, historyKey, repositoryHistoryKey, summaryKey, type JobView } from '../../config-schema/view.ts';
import { beginAttempt } from '../fence.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';
import { uuidOf } from '../uuid.ts';
import type { CheckReport, ConfigFault, ControlActivities, Limits, LoadedPipeline, PipelineRecord } from './activities.ts';
import { checkOutput, configErrorOutput, jobReport, type JobReport } from './check-output.ts';
import { NoDeployKey } from './deploy-keys.ts';
import { ForgeUnavailable, secretsFolder, type CheckoutAccess, type CheckRun, type Forge, type GitCredential, type Loaded } from './forge.ts';
import type { JobValues } from './job-values.ts';
import { pipelineOrbs, rememberOrbs, type OrbPorts } from './pipeline-orbs.ts';

export type ControlPorts = {
  forge: Forge;
  store: ObjectStore;
  /** Of what compiles, `notYet` is what this version cannot run. */
  compile: (text: string, options: { path: string; values: PipelineValues; orbs: OrbSources }) => { plan: Plan; notYet: Diagnostic[] } | { errors: Diagnostic[] };
  orbs: Pick<OrbPorts, 'orbReferences' | 'resolveOrbs'>;
  /** Which class a job runs in, and a line for the check when that is not the one it names. */
  resourceClass: (asked: string | null) => Promise<{ name: string; note?: string }>;
  /** Why a slice of this class waits; null when a builder offers it. */
  explainWait: (resourceClass: string) => Promise<string | null>;
  /** When the builder last said something, ISO 8601; null when it never did. */
  builderSeenAt: (builder: string) => Promise<string | null>;
  /** Encrypts for the builder with this public key. */
  seal: (value: unknown, builderKey: Record<string, unknown>) => Promise<string>;
  /** What jobs get of secrets, contexts, variables and keys. */
  values: JobValues;
  /** What a pull request changes about the files of committed secrets, in sentences. */
  secretChanges: (repositoryId: number, before: Record<string, string>, after: Record<string, string>) => Promise<string[]>;
  code: CodeAccess;
  isPipelineOpen: (repositoryId: number, number: number) => Promise<boolean>;
  /** How many pipelines of one repository may run at once; 0: any number. */
  pipelinesAtOnce: number;
  redeliverFailed: () => Promise<number>;
  /** The last lines of a step's log. */
  lastLines: (stepLogKey: string, lines: number) => Promise<string[]>;
  configPaths: readonly string[];
  limits: Limits;
  publicUrl: string;
};

/** Who reads code, and by what right. */
export type CodeAccess = {
  credential: (repository: Repository) => Promise<GitCredential>;
  /** For a repository that a checkout names besides its own. */
  furtherCredential: (repository: Repository) => Promise<GitCredential>;
  /** The forge refused it. A sentence on what was done about that; null: nothing could be done. */
  refused: (repository: Repository) => Promise<string | null>;
  /** A repository that a checkout names besides its own; null when it is none of the same installation's. */
  further: (repository: Repository, fullName: string) => Promise<Repository | null>;
};

const tailLines = 40;
/** About an hour of tries. A repository that is gone for good, and of whose end we never heard, must not hold a pipeline for ever. */
const mostRefusals = 64;
/** What a temporal workflow is handed of a hopeless config; the rest would help nobody. */
const mostErrors = 200;

export function controlActivities(ports: ControlPorts): ControlActivities {
  const { forge, store } = ports;
  return {
    async nextPipelineNumber(repositoryId) {
      for await (const { key } of store.list(`repositories/${repositoryId}/history/`, { limit: 1 })) {
        const newest = await getJson<{ number: number }>(store, key);
        if (newest) return newest.number + 1;
      }
      return 1;
    },

    async stillOpen({ repositoryId, numbers }) {
      const open: number[] = [];
      for (const number of numbers) if (await ports.isPipelineOpen(repositoryId, number)) open.push(number);
      return { open, pipelinesAtOnce: ports.pipelinesAtOnce };
    },

    load: (input) => asking(() => load(ports, input)),

    async report(report) {
      const check = await checkRun(ports, report);
      return asking(() => forge.report(report.repository, check), mostRefusals);
    },

    beginAttempt: ({ slice, attempt }) => beginAttempt(store, slice, attempt),

    admitJob: (key) => asking(async () => ports.values.refusal(await recordOf(store, key), key)),

    sealValues: ({ slice, builderKey }) =>
      asking(async () => {
        const values = await ports.values.values(await recordOf(store, slice), slice);
        return 'outcome' in values ? values : { sealed: await ports.seal(values, builderKey) };
      }),

    sealCredential: ({ repository, builderKey, slice, step }) =>
      asking(async () => {
        const further = slice === undefined || step === undefined ? [] : repositoriesAt(await recordOf(store, slice), slice, step);
        return ports.seal(await checkoutAccess(ports.code, repository, further), builderKey);
      }),

    credentialRefused: ({ repository }) => asking(() => ports.code.refused(repository)),

    explainWait: ({ resourceClass }) => ports.explainWait(resourceClass),

    async builderIsBack({ builder, withinSeconds }) {
      const asked = Date.now();
      while (Date.now() - asked < withinSeconds * 1000) {
        const seenAt = await ports.builderSeenAt(builder);
        if (seenAt !== null && Date.parse(seenAt) >= asked) return true;
        await sleep(200);
      }
      return false;
    },

    redeliverFailed: () => ports.redeliverFailed(),

    async finish(view) {
      const { repository, number } = view;
      const line = buildLine(view);
      await putJson(store, summaryKey(repository.id, number), view);
      await putJson(store, repositoryHistoryKey(repository.id, number), line);
      await putJson(store, historyKey(view.endedAt!, repository.id, number), line);
    },
  };
}

async function recordOf(store: ObjectStore, { repositoryId, pipeline }: Pick<SliceKey, 'repositoryId' | 'pipeline'>): Promise<PipelineRecord> {
  const record = await getJson<PipelineRecord>(store, planKey(repositoryId, pipeline));
  if (!record) throw new Error(`the object store lacks ${planKey(repositoryId, pipeline)}`);
  return record;
}

function repositoriesAt({ plan }: PipelineRecord, { workflow, job }: SliceKey, index: number): string[] {
  const place = plan.workflows.find(({ name }) => name === workflow)?.jobs.find(({ name }) => name === job);
  const step = place && plan.jobs[place.job]?.steps[index];
  return step?.kind === 'checkout' ? step.repositories : [];
}

async function checkoutAccess({ credential, furtherCredential, further }: CodeAccess, repository: Repository, names: readonly string[]): Promise<CheckoutAccess> {
  const access: CheckoutAccess = { own: await credential(repository), further: [] };
  for (const fullName of names) {
    const found = await further(repository, fullName);
    // Asked before the job started: since then it may have gone, and the fetch of it is refused.
    if (found) access.further.push({ id: found.id, owner: found.owner, name: found.name, credential: await furtherCredential(found) });
  }
  return access;
}

async function load(ports: ControlPorts, { trigger, number }: { trigger: Trigger; number: number }): Promise<LoadedPipeline> {
  const { forge, store, compile, configPaths, limits } = ports;
  const { repository } = trigger;
  await rememberName(store, repository, trigger.receivedAt);

  if (isFork(trigger)) {
    return { kind: 'nothing', reason: `pull request ${trigger.pullRequest!.number} comes from a fork, and forks are not built here (forks: never)`, commit: trigger.commit };
  }
  const loaded = await forge.load(trigger, configPaths);
  const { commit } = loaded;
  if (loaded.refused !== undefined) return { kind: 'nothing', reason: loaded.refused, commit };
  if (!loaded.config) return { kind: 'nothing', reason: `no ${configPaths.join(' or ')} at ${trigger.sha.slice(0, 12)}: nothing to run`, commit };

  const { path, text } = loaded.config;
  const { repositoryUrl, commitBody } = loaded;
  const pullRequestUrls = loaded.pullRequestNumbers.map((pull) => `${repositoryUrl}/pull/${pull}`);
  const facts = { id: uuidOf('pipeline', repository.id, number), configPath: path, repositoryUrl, commitBody, pullRequestUrls };
  const options = { path, values: pipelineValues({ ...trigger, commit }, number, facts) };
  const { orbs, notes } = await pipelineOrbs({ forge, store, ...ports.orbs }, trigger, text, options);
  const compiled = compile(text, { ...options, orbs });
  const refuse = (because: ConfigFault, errors: Diagnostic[]): LoadedPipeline => ({ kind: 'config-errors', path, errors: errors.slice(0, mostErrors), because, commit });
  if ('errors' in compiled) return refuse('wrong', compiled.errors);

  const { plan } = compiled;
  const [missing, leftOut] = [compiled.notYet.filter(isError), compiled.notYet.filter((diagnostic) => !isError(diagnostic))];
  if (missing.length > 0) return refuse('not-yet', missing);
  if (plan.workflows.length === 0) return { kind: 'nothing', reason: `no workflow of ${path} has a job for ${nameOfRef(trigger)}`, commit };

  const warnings = [...notes, ...[...plan.warnings, ...leftOut].map(({ line, message }) => `${path}:${line}: ${message}`)];
  const trust = trustLevel(trigger, loaded.refIsProtected);
  warnings.push(...(await notesOnSecrets(ports, trigger, trust, loaded)));
  const graph = await guarded(ports, repository, trust, await withClasses(ports, graphOf(plan), fewOf(warnings)));
  const tooLarge = sentenceOnSize(graph);
  if (tooLarge !== null) return refuse('wrong', [{ severity: 'error', message: `${path}: ${tooLarge}`, line: 1, column: 1 }]);

  const secretFiles = namedSecrets(plan, loaded.secretFiles);
  const record: PipelineRecord = { version: 1, number, trigger: { ...trigger, commit }, trust, plan, repositoryUrl, pullRequestUrls, ownerId: loaded.ownerId, secretFiles };
  await putJson(store, planKey(repository.id, number), record);
  await rememberOrbs(store, trigger, plan.orbs);
  return { kind: 'graph', graph, trust, limits, commit };
}

/** They stay encrypted: only when a job starts are they opened. */
function namedSecrets(plan: Plan, files: Record<string, string>): Record<string, string> {
  const names = new Set(Object.values(plan.jobs).flatMap(secretsOf));
  return Object.fromEntries([...names].flatMap((name) => (files[`${name}.asc`] === undefined ? [] : [[name, files[`${name}.asc`]!]])));
}

/** A stranger's files are never opened. */
async function notesOnSecrets({ forge, secretChanges }: ControlPorts, { repository }: Trigger, trust: TrustLevel, { baseSha, secretFiles }: Loaded): Promise<string[]> {
  if (trust === 'T0' || baseSha === null || Object.keys(secretFiles).length === 0) return [];
  return secretChanges(repository.id, await forge.readFolder(repository, baseSha, secretsFolder), secretFiles);
}

/** Where the repository has variables every job gets something. */
async function guarded({ values }: ControlPorts, repository: Repository, trust: TrustLevel, graph: Graph): Promise<Graph> {
  if (trust === 'T0' || !(await values.hasVariables(repository))) return graph;
  const guard = (job: GraphJob): GraphJob => (job.parallelism === 0 ? job : { ...job, guarded: true });
  return { workflows: graph.workflows.map(({ name, jobs }) => ({ name, jobs: jobs.map(guard) })) };
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error';

const nameOfRef = (trigger: Trigger): string => (tagOf(trigger.ref) === null ? `branch ${builtBranch(trigger) ?? trigger.ref}` : `tag ${tagOf(trigger.ref)}`);

/** They stand on the check of every job. */
const mostNotes = 20;
const fewOf = (warnings: string[]): string[] => (warnings.length <= mostNotes ? warnings : [...warnings.slice(0, mostNotes), `… and ${warnings.length - mostNotes} more; \`roundhouse config validate\` lists all.`]);

/** Temporal takes 2 MB as one payload. */
const mostGraphBytes = 1_800_000;

function sentenceOnSize(graph: Graph): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(graph));
  if (bytes <= mostGraphBytes) return null;
  const jobs = graph.workflows.flatMap((workflow) => workflow.jobs);
  const steps = jobs.reduce((sum, job) => sum + job.steps.length, 0);
  return `the workflows come to ${jobs.length} jobs with ${steps} steps, more than one pipeline can hold. Run fewer jobs at once, such as by a smaller matrix, or put several commands into one step.`;
}

/** Past this door every job has a class that this installation knows, and the notes that belong on its check. */
async function withClasses({ resourceClass }: ControlPorts, graph: Graph, warnings: string[]): Promise<Graph> {
  const choose = async (job: GraphJob): Promise<GraphJob> => {
    if (job.parallelism === 0) return { ...job, notes: warnings };
    const { name, note } = await resourceClass(job.resourceClass);
    return { ...job, resourceClass: name, notes: note === undefined ? warnings : [...warnings, note] };
  };
  return { workflows: await Promise.all(graph.workflows.map(async ({ name, jobs }) => ({ name, jobs: await Promise.all(jobs.map(choose)) }))) };
}

async function checkRun(ports: ControlPorts, { repository, sha, pipeline, id, check }: CheckReport): Promise<CheckRun> {
  const address = [repository.owner, repository.name, pipeline].map(String).map(encodeURIComponent).join('/');
  const known = { sha, ...(id !== undefined && { id }) };
  if (check.kind === 'config-errors') {
    const now = new Date().toISOString();
    return {
      ...known,
      externalId: `${repository.id}/${pipeline}/config`,
      name: 'Roundhouse config',
      detailsUrl: `${ports.publicUrl}/${address}`,
      status: 'completed',
      startedAt: now,
      completedAt: now,
      conclusion: 'failure',
      output: configErrorOutput(check.path, check.errors, check.because),
    };
  }
  const { job, workflow, name } = check;
  const detailsUrl = `${ports.publicUrl}/${address}/${encodeURIComponent(workflow)}/${encodeURIComponent(job.name)}`;
  const failingTail = job.outcome === null ? undefined : await tailOfFailure(ports, repository, pipeline, workflow, job);
  return {
    ...known,
    externalId: `${repository.id}/${pipeline}/${workflow}/${job.name}`,
    name,
    detailsUrl,
    ...(job.startedAt !== null && { startedAt: job.startedAt }),
    ...(job.outcome === null
      ? { status: job.state === 'running' ? ('in_progress' as const) : ('queued' as const) }
      : { status: 'completed' as const, conclusion: checkConclusion(job.outcome), completedAt: job.endedAt! }),
    output: checkOutput(jobReport(job, { detailsUrl, notes: check.notes, ...(failingTail && { failingTail }) })),
  };
}

async function tailOfFailure(ports: ControlPorts, repository: Repository, pipeline: number, workflow: string, job: JobView): Promise<JobReport['failingTail']> {
  for (const slice of job.slices) {
    const step = slice.steps.findIndex(({ result }) => result !== null && result.outcome !== 'passed' && result.outcome !== 'skipped');
    if (step < 0) continue;
    const key: SliceKey = { repositoryId: repository.id, pipeline, workflow, job: job.name, slice: slice.index };
    const lines = await ports.lastLines(stepLogKey(key, slice.attempt, step), tailLines);
    return { slice: slice.index, step: slice.steps[step]!.name, lines };
  }
  return undefined;
}

/** Temporal tries again when the forge says it may, and after other failures `mostTries` times. */
async function asking<T>(work: () => Promise<T>, mostTries = Infinity): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ForgeUnavailable)) {
      if (!(error instanceof NoDeployKey) && Context.current().info.attempt < mostTries) throw error;
      throw ApplicationFailure.create({ message: error instanceof Error ? error.message : String(error), nonRetryable: true, ...(error instanceof Error && { cause: error }) });
    }
    throw ApplicationFailure.create({
      type: 'ForgeUnavailable',
      message: error.message,
      cause: error,
      ...(error.retryAfterSeconds !== null && { nextRetryDelay: `${error.retryAfterSeconds}s` }),
    });
  }
}
