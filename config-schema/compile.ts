// What will run, by this text?

import { changesOf } from './language/changed.ts';
import type { ChangedPaths } from './language/changed.ts';
import { checkFile } from './language/check.ts';
import type { Compiling } from './language/elements.ts';
import { resolveExecutor } from './language/executor.ts';
import { loader as loaderOf } from './language/library.ts';
import { childOf, entriesOf, listAt, mapAt, scalarAt, unknownAt } from './language/node.ts';
import type { Entry, MapNode, Node, Place, Source } from './language/node.ts';
import { checkDefault, readArguments, readParameters } from './language/parameters.ts';
import { collectProblems } from './language/problems.ts';
import type { Problems } from './language/problems.ts';
import type { OrbSources, PipelineValues, Processed } from './language/processed.ts';
import { pipelineVariables } from './language/scope.ts';
import { findNotYet } from './language/not-yet.ts';
import { liveOf, planSchedules, toPlan } from './language/to-plan.ts';
import { hasTagsBelow, render } from './language/template.ts';
import type { Variables } from './language/template.ts';
import { readVersion } from './language/version.ts';
import { compileWorkflows } from './language/workflows.ts';
import { readYaml } from './language/yaml.ts';
import { sampleValues } from './pipeline-values.ts';
import type { Diagnostic, FilteredJob, Plan } from './plan.ts';

export type CompileOptions = {
  /** Where the text lay, for messages. */
  path: string;
  /** What `<< pipeline.… >>` stands for; without them those of a pipeline that might be. */
  values?: PipelineValues;
  /** Given by whoever triggered the pipeline; the others have their defaults. */
  parameters?: Readonly<Record<string, unknown>>;
  /** Those that orbReferences asked for. */
  orbs?: OrbSources;
  /** What conditions hear that ask for changed paths. Absent: unknown. */
  changed?: ChangedPaths;
  /** The one workflow that runs, of those with `triggers`. Absent: none of these, and all others. */
  scheduled?: string;
  /** Takes out of the plan what nobody wants to run; it is then not refused either. */
  narrow?: (plan: Plan) => Plan;
};

export type ProcessedConfig = { processed: Processed; warnings: Diagnostic[] } | { errors: Diagnostic[] };

/** The processed config, or every problem of it at once (warnings among them), in the order of the text. Pure; never throws, whatever the text. */
export function processConfig(text: string, options: CompileOptions): ProcessedConfig {
  const source: Source = { path: options.path, text };
  const problems = collectProblems(source);
  const { processed } = processSource(source, options, problems);
  return processed ? { processed, warnings: problems.diagnostics() } : { errors: problems.diagnostics() };
}

/** `asksWhatChanged`: a condition has asked for changed paths. */
export type Compiled = ({ plan: Plan; notYet: Diagnostic[] } | { errors: Diagnostic[] }) & { asksWhatChanged?: true };

/**
 * The plan for the branch or tag in `options.values`, and what in it this version of Roundhouse cannot run; or every problem, as
 * processConfig says it.
 */
export function compileConfig(text: string, options: CompileOptions): Compiled {
  const source: Source = { path: options.path, text };
  const problems = collectProblems(source);
  const values = options.values ?? sampleValues();
  const { processed, asksWhatChanged } = processSource(source, { ...options, values }, problems);
  const ref = { branch: nameOf(values['git.branch']), tag: nameOf(values['git.tag']) };
  const live = processed && toPlan(processed, { ref, scheduled: options.scheduled, problems });
  const whole = live && ref.branch !== null && processed.leftOut.some(({ byPaths }) => byPaths) ? withLeftOut(live, processed, { ...options, values }) : live;
  const plan = whole && (options.narrow?.(whole) ?? whole);
  return { ...(processed && plan && !problems.failed() ? { plan, notYet: findNotYet(processed, plan) } : { errors: problems.diagnostics() }), ...(asksWhatChanged && { asksWhatChanged }) };
}

/**
 * A workflow that the changed paths leave out is told of by its jobs, for those who wait for them, and keeps its schedule. Both are found by
 * compiling as if it were on; faults that this finds stay unsaid, as those of every workflow that is off.
 */
function withLeftOut(plan: Plan, { source, leftOut }: Processed, options: CompileOptions): Plan {
  const problems = collectProblems(source);
  const { processed: all } = processSource(source, options, problems, true);
  if (!all) return plan;
  const reasons = new Map(leftOut.filter(({ byPaths }) => byPaths).map(({ workflow, reason }) => [workflow, reason]));
  const jobs = liveOf(all, options.scheduled).flatMap(({ name: workflow, jobs: of }): FilteredJob[] => {
    const reason = reasons.get(workflow);
    return reason === undefined ? [] : of.map(({ name }) => ({ workflow, name, reason }));
  });
  return { ...plan, schedules: planSchedules(all, problems), ...(jobs.length > 0 && { filtered: [...(plan.filtered ?? []), ...jobs] }) };
}

const nameOf = (value: PipelineValues[string] | undefined): string | null => (typeof value === 'string' ? value : null);

/**
 * References of orbs that the config, or an orb that it uses, names and `options.orbs` does not hold. To be asked again with
 * what was found, until the answer is empty: orbs import orbs. One that nothing refers to is never asked for.
 */
export function orbReferences(text: string, options: CompileOptions): string[] {
  const source: Source = { path: options.path, text };
  // Also for workflows that the changed paths leave out, whose jobs are told of.
  return processSource(source, options, collectProblems(source), true).missing;
}

function processSource(source: Source, options: CompileOptions, problems: Problems, withLeftOut = false): { processed?: Processed; missing: string[]; asksWhatChanged?: true } {
  const root = readYaml(source, problems);
  const read = problems.failed() ? undefined : readVersion(root, source, problems);
  if (!read) return { missing: [] };
  const { version } = read;
  checkFile(read.file, version, problems);
  const file = version === '2.1' ? read.file : withoutTemplates(read.file);

  if (version === '2.1') checkDefinitions(file, problems);

  const values = options.values ?? sampleValues();
  const orbVariables = pipelineVariables(source, values, null);
  const parameters = readPipelineParameters(file, source, options.parameters ?? {}, orbVariables, problems);
  const variables = pipelineVariables(source, values, parameters);
  // It chooses nothing here; that it names what there is, the original checks.
  const agent = childOf(file, 'build_agent');
  if (agent) render(agent, variables, problems);
  const loader = loaderOf(file, { variables, orbVariables, orbs: options.orbs ?? new Map(), problems });
  const changes = changesOf(options.changed);
  const compiling: Compiling = {
    loader,
    problems,
    changes,
    withLeftOut,
    hasTemplates: version === '2.1',
    executorOf: (value) => {
      const executor = resolveExecutor(value, loader.config, compiling);
      return executor && { kind: 'map', entries: executor.fields, place: value.place };
    },
    spend: budget(problems),
  };
  const { workflows, leftOut, jobs } = compileWorkflows(file, compiling);
  const asked = { missing: [...loader.missing], ...(changes.answers.length > 0 && { asksWhatChanged: true as const }) };
  if (problems.failed()) return asked;
  return { ...asked, processed: { source, setup: version === '2.1' && isTrue(childOf(file, 'setup')), workflows, leftOut, jobs, orbs: [...loader.used.values()] } };
}

/** What can be said of definitions that nothing calls. */
function checkDefinitions(file: MapNode, problems: Problems): void {
  for (const [section, kind] of [['commands', 'command'], ['executors', 'executor'], ['jobs', 'job']] as const)
    for (const { value } of entriesOf(childOf(file, section)).values())
      for (const parameter of readParameters(childOf(value, 'parameters'), kind, problems).values())
        if (parameter.default && !hasTagsBelow(parameter.default)) checkDefault(parameter, parameter.default, problems);

  const byLowerCase = new Map<string, string>();
  for (const [name, { key }] of entriesOf(childOf(file, 'jobs'))) {
    const other = byLowerCase.get(name.toLowerCase());
    if (other !== undefined) problems.error(key, `the names of jobs differ in more than capital letters; ${other} and ${name} do not. Rename one of them.`);
    byLowerCase.set(name.toLowerCase(), name);
  }
  for (const [name, { key }] of entriesOf(childOf(file, 'job-groups')))
    if (entriesOf(childOf(file, 'jobs')).has(name)) problems.error(key, `${name} is the name of a job and of a job group. Rename one of them.`);
}

/** In version 2 there is nothing but jobs and workflows; a top-level key called `commands` holds anchors. */
const withoutTemplates = (file: MapNode): MapNode => ({ ...file, entries: new Map([...file.entries].filter(([key]) => key === 'jobs' || key === 'workflows')) });

const isTrue = (node: Node | undefined): boolean => node?.kind === 'scalar' && node.value === true;

/** Each with its value: what was given, or its default, which sees the values of the pipeline and not its parameters. */
function readPipelineParameters(file: MapNode, source: Source, given: Readonly<Record<string, unknown>>, values: Variables, problems: Problems): Map<string, Node> {
  const section = file.entries.get('parameters');
  const place: Place = section?.key ?? { source, start: 0, end: 0 };
  const entries = Object.entries(given).map(([name, value]): [string, Entry] => [name, { key: place, value: givenNode(value, place) }]);
  for (const [name, { value }] of entries)
    if (name.length > 128 || (value.kind === 'scalar' && value.text.length > 512)) problems.error(place, `the name of a parameter has at most 128 characters and its value 512; ${name.slice(0, 128)} has more. Shorten it.`);
  if (entries.length > 100) problems.error(place, `at most 100 parameters can be given to a pipeline, these are ${entries.length}. Give fewer.`);

  const alone: Variables = {
    ...values,
    unknown: (name) => (name.startsWith('pipeline.parameters.') ? `Referred to a variable "${name}" that does not exist. Parameters of the pipeline cannot refer to each other: write the value.` : values.unknown(name)),
  };
  const parameters = readParameters(section?.value, 'pipeline', problems);
  for (const parameter of parameters.values()) {
    // One without a default has been reported.
    parameter.default = parameter.default ? checkDefault(parameter, render(parameter.default, alone, problems), problems) : unknownAt(place);
  }
  return readArguments({ what: 'the pipeline', place, parameters, given: entries, defaultOf: ({ default: value }) => value! }, problems);
}

const givenNode = (value: unknown, place: Place): Node => (isScalar(value) ? scalarAt(place, value) : Array.isArray(value) ? listAt(place, []) : mapAt(place, []));
const isScalar = (value: unknown): value is string | number | boolean | null => value === null || ['string', 'number', 'boolean'].includes(typeof value);

/** More steps, jobs and requires than any pipeline holds; few enough to be expanded at once. */
const mostSteps = 50_000;

function budget(problems: Problems): Compiling['spend'] {
  let left = mostSteps;
  return (steps, place) => {
    const had = left > 0;
    left -= steps;
    if (left > 0) return true;
    if (had) problems.error(place, `the config comes to more than ${mostSteps} steps and jobs, or requires between jobs, when its commands and matrices are expanded (a job counts as two). Make it smaller, or split it.`);
    return false;
  };
}

export { printConfig } from './language/print.ts';
