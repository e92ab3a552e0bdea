// What does a config become in its pipeline: the plan, and the graph of what may run?

import type { Compiled } from '../../config-schema/compile.ts';
import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import type { Diagnostic, Graph, GraphJob, Plan } from '../../config-schema/plan.ts';
import { graphOf } from '../../config-schema/plan.ts';
import { faultyConfigKey, type FaultyConfig } from '../../config-schema/faulty-config.ts';
import { pipelineValues, type PipelineFacts } from '../../config-schema/pipeline-values.ts';
import type { Repository, Trigger, TrustLevel } from '../../config-schema/trigger.ts';
import { putJson } from '../object-store.ts';
import { uuidOf } from '../uuid.ts';
import type { ConfigFault, LoadedPipeline } from './activities.ts';
import { changedPaths } from './changed-paths.ts';
import type { ControlPorts } from './control.ts';
import { pipelineOrbs } from './pipeline-orbs.ts';

export type PipelineConfig = {
  /** With its commit, as it will be stored. */
  trigger: Trigger;
  number: number;
  /** Where the text lay, for messages. */
  path: string;
  text: string;
  /** Values for the parameters that the config declares. */
  parameters: Readonly<Record<string, unknown>>;
  /** The one workflow that runs, of those with `triggers`. */
  scheduled?: string;
  facts: Omit<PipelineFacts, 'id' | 'configPath'>;
  /** Where the pipeline's own config lies. Absent: where this one does. */
  configPath?: string;
};

export type NotRun = { errors: Diagnostic[]; because: ConfigFault };

/** `notes` are lines for the checks. */
export async function compilePipeline(ports: ControlPorts, { trigger, number, path, text, parameters, scheduled, facts, configPath = path }: PipelineConfig): Promise<{ plan: Plan; notes: string[] } | NotRun> {
  const values = pipelineValues(trigger, number, { ...facts, id: uuidOf('pipeline', trigger.repository.id, number), configPath });
  const options = { path, values, parameters, ...(scheduled !== undefined && { scheduled }) };
  const compile = async (more: { changed?: ChangedPaths }): Promise<{ compiled: Compiled; notes: string[] }> => {
    const { orbs, notes } = await pipelineOrbs({ forge: ports.forge, store: ports.store, ...ports.orbs }, trigger, text, { ...options, ...more });
    return { compiled: ports.compile(text, { ...options, ...more, orbs }), notes };
  };
  const first = await compile({});
  // Most configs do not ask, and cost no request.
  const { compiled, notes } = first.compiled.asksWhatChanged ? await compile({ changed: await changedPaths(ports, trigger, number) }) : first;
  if ('errors' in compiled) return { errors: compiled.errors, because: 'wrong' };
  const { plan, notYet } = compiled;
  const [missing, leftOut] = [notYet.filter(isError), notYet.filter((diagnostic) => !isError(diagnostic))];
  if (missing.length > 0) return { errors: missing, because: 'not-yet' };
  return { plan, notes: [...notes, ...[...plan.warnings, ...leftOut].map(({ line, message }) => `${path}:${line}: ${message}`)] };
}

const isError = ({ severity }: Diagnostic): boolean => severity === 'error';

const mostOffNamed = 3;

/** Why nothing of a config runs that compiles. */
export function noJob(path: string, what: string, { off = [] }: Pick<Plan, 'off'>): string {
  const named = off.slice(0, mostOffNamed).map(({ workflow, reason }) => `${workflow} is off: ${reason}`);
  const more = off.length - named.length;
  return [`no workflow of ${path} has a job for ${what}`, ...named, ...(more > 0 ? [`${more} more are off`] : [])].join('; ');
}

/** What a temporal workflow is handed of a hopeless config; the rest would help nobody. */
const mostErrors = 200;

/** Keeps the text for the page. */
export async function refuseConfig(ports: ControlPorts, { trigger, number, path, text, facts }: Omit<PipelineConfig, 'parameters'>, { errors: all, because }: NotRun): Promise<LoadedPipeline> {
  const errors = all.slice(0, mostErrors);
  const faulty: FaultyConfig = { version: 1, path, text, errors, repositoryUrl: facts.repositoryUrl };
  await putJson(ports.store, faultyConfigKey(trigger.repository.id, number), faulty);
  return { kind: 'config-errors', path, errors, because, commit: trigger.commit };
}

/** `path` is the config's, for messages. */
export async function graphToRun(ports: ControlPorts, { repository, trust, plan, path, notes }: { repository: Repository; trust: TrustLevel; plan: Pick<Plan, 'workflows' | 'jobs' | 'setup' | 'filtered' | 'off'>; path: string; notes: string[] }): Promise<{ graph: Graph } | NotRun> {
  const graph = await guarded(ports, repository, trust, await withClasses(ports, graphOf(plan), fewOf(notes)));
  const tooLarge = sentenceOnSize(graph);
  return tooLarge === null ? { graph } : { errors: [{ severity: 'error', message: `${path}: ${tooLarge}`, line: 1, column: 1 }], because: 'wrong' };
}

/** Where the repository has variables every job gets something. */
async function guarded({ values }: ControlPorts, repository: Repository, trust: TrustLevel, graph: Graph): Promise<Graph> {
  if (trust === 'T0' || !(await values.hasVariables(repository))) return graph;
  const guard = (job: GraphJob): GraphJob => (job.parallelism === 0 ? job : { ...job, guarded: true });
  return { ...graph, workflows: graph.workflows.map((workflow) => ({ ...workflow, jobs: workflow.jobs.map(guard) })) };
}

/** They stand on the check of every job. */
const mostNotes = 20;
const fewOf = (notes: string[]): string[] => (notes.length <= mostNotes ? notes : [...notes.slice(0, mostNotes), `… and ${notes.length - mostNotes} more; \`roundhouse config validate\` lists all.`]);

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
async function withClasses({ resourceClass }: ControlPorts, graph: Graph, notes: string[]): Promise<Graph> {
  const choose = async (job: GraphJob): Promise<GraphJob> => {
    if (job.parallelism === 0) return { ...job, notes };
    const { name, note } = await resourceClass(job.resourceClass);
    return { ...job, resourceClass: name, notes: note === undefined ? notes : [...notes, note] };
  };
  return { ...graph, workflows: await Promise.all(graph.workflows.map(async (workflow) => ({ ...workflow, jobs: await Promise.all(workflow.jobs.map(choose)) }))) };
}
