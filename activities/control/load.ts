// What will the pipeline of a trigger run? Config and facts from the forge, compiled and stored.

import type { Graph, GraphJob, Diagnostic, Plan } from '../../config-schema/plan.ts';
import { graphOf, secretsOf } from '../../config-schema/plan.ts';
import { planKey } from '../../config-schema/address.ts';
import { faultyConfigKey, type FaultyConfig } from '../../config-schema/faulty-config.ts';
import { builtBranch, pipelineValues } from '../../config-schema/pipeline-values.ts';
import { isFork, tagOf, trustLevel, type Repository, type Trigger, type TrustLevel } from '../../config-schema/trigger.ts';
import { putJson } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';
import { uuidOf } from '../uuid.ts';
import type { ConfigFault, LoadedPipeline, PipelineRecord } from './activities.ts';
import type { ControlPorts } from './control.ts';
import { secretsFolder, type Loaded } from './forge.ts';
import { pipelineOrbs, rememberOrbs } from './pipeline-orbs.ts';

/** What a temporal workflow is handed of a hopeless config; the rest would help nobody. */
const mostErrors = 200;

export async function load(ports: ControlPorts, { trigger, number }: { trigger: Trigger; number: number }): Promise<LoadedPipeline> {
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
  const refuse = async (because: ConfigFault, all: Diagnostic[]): Promise<LoadedPipeline> => {
    const errors = all.slice(0, mostErrors);
    const faulty: FaultyConfig = { version: 1, path, text, errors, repositoryUrl };
    await putJson(store, faultyConfigKey(repository.id, number), faulty);
    return { kind: 'config-errors', path, errors, because, commit };
  };
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
  const record: PipelineRecord = { version: 1, number, trigger: { ...trigger, commit }, trust, plan, config: { path, text }, repositoryUrl, pullRequestUrls, ownerId: loaded.ownerId, secretFiles };
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
  return { ...graph, workflows: graph.workflows.map((workflow) => ({ ...workflow, jobs: workflow.jobs.map(guard) })) };
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
  return { ...graph, workflows: await Promise.all(graph.workflows.map(async (workflow) => ({ ...workflow, jobs: await Promise.all(workflow.jobs.map(choose)) }))) };
}
