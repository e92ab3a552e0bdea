// What will run, by this text?

import { compileJob } from './language/job.ts';
import { nameJobs } from './language/job-names.ts';
import { childOf, entriesOf, stringOf } from './language/node.ts';
import type { MapNode, Node } from './language/node.ts';
import type { Diagnostic, Plan, PlanJob, PlanWorkflow } from './plan.ts';
import { collectProblems } from './language/problems.ts';
import type { Path, Problems } from './language/problems.ts';
import { file20, file21 } from './language/schema.ts';
import { render, scanTemplates } from './language/templates.ts';
import { validate } from './language/validate.ts';
import { readVersion } from './language/version.ts';
import type { Version } from './language/version.ts';
import { readWorkflow } from './language/workflow-graph.ts';
import type { Invocation } from './language/workflow-graph.ts';
import { readYaml } from './language/yaml.ts';

/** Either a plan, or every problem of the file at once (warnings among them), in the order of the text. */
export type Compiled = { plan: Plan } | { errors: Diagnostic[] };

/** Compiles the text of a config file. Pure; never throws, whatever the text. `path` is where it lay, for messages. */
export function compileConfig(text: string, options: { path: string }): Compiled {
  const source = { path: options.path, text };
  const problems = collectProblems(source);
  const root = readYaml(text, problems);
  const read = problems.failed() ? undefined : readVersion(root, problems);
  const plan = read && compileFile(read.file, read.version, source, problems);
  return plan ? { plan: { ...plan, warnings: problems.diagnostics() } } : { errors: problems.diagnostics() };
}

/** Undefined when the file has errors; all of them are reported then. */
function compileFile(file: MapNode, version: Version, source: { path: string; text: string }, problems: Problems): Omit<Plan, 'warnings'> | undefined {
  // Version 2 has neither templates nor commands: `<<` is text.
  const commands = entriesOf(version === '2.1' ? childOf(file, 'commands') : undefined);
  const isOpen = (node: Node): boolean => {
    const text = stringOf(node) ?? (entriesOf(node).size === 1 ? [...entriesOf(node).keys()][0]! : undefined);
    return text !== undefined && (commands.has(text) || (version === '2.1' && node.kind === 'scalar' && scanTemplates(text).kind !== 'text'));
  };
  const rendered = (node: Node, path: Path): Node => (version === '2.1' ? render(node, path, source.text, problems) : node);
  validate(version === '2.1' ? file21 : file20, file, problems, isOpen);

  const jobs = entriesOf(childOf(file, 'jobs'));
  const workflows = workflowsOf(file, problems).map(({ name, node, path }) => ({
    name,
    place: node.place,
    graph: readWorkflow(name, rendered(node, path), path, new Set(jobs.keys()), problems),
  }));
  const invocations = workflows.flatMap(({ graph }) => graph);
  // What no workflow reaches is not rendered, as in the original.
  const reached = [...new Set(invocations.map(({ job }) => job))].filter((job) => jobs.has(job));
  const bodies = new Map(reached.map((job) => [job, rendered(jobs.get(job)!.value, ['jobs', job])]));
  if (problems.failed()) return undefined;

  for (const { name, graph, place } of workflows)
    if (graph.length === 0) problems.warn(place, ['workflows', name, 'jobs'], 'the workflow has no jobs. It is left out; remove it, or give it a job.');
  const names = nameJobs(invocations, bodies);
  return {
    version: 1,
    source: { path: source.path },
    workflows: workflows.filter(({ graph }) => graph.length > 0).map(({ name, graph }) => compileWorkflow(name, graph, names)),
    jobs: Object.fromEntries([...names].map(([{ job }, name]): [string, PlanJob] => [name, compileJob(name, bodies.get(job)!)])),
  };
}

/** Without workflows, a job called `build` is one. */
function workflowsOf(root: MapNode, problems: Problems): { name: string; node: Node; path: Path }[] {
  const workflows = [...entriesOf(childOf(root, 'workflows'))].filter(([name, { value }]) => !(name === 'version' && value.kind === 'scalar'));
  if (workflows.length > 0) return workflows.map(([name, { value }]) => ({ name, node: value, path: ['workflows', name] }));
  const build = entriesOf(childOf(root, 'jobs')).get('build');
  if (build) {
    const only: Node = { kind: 'scalar', value: 'build', text: 'build', place: build.key };
    const jobs: Node = { kind: 'list', items: [only], place: build.key };
    return [{ name: 'workflow', node: { kind: 'map', entries: new Map([['jobs', { key: build.key, value: jobs }]]), place: build.key }, path: ['workflows', 'workflow'] }];
  }
  const place = root.entries.get('workflows')?.key ?? root.entries.get('jobs')?.key ?? { start: root.place.start, end: root.place.start };
  problems.error(place, [], 'There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.');
  return [];
}

function compileWorkflow(name: string, graph: Invocation[], names: Map<Invocation, string>): PlanWorkflow {
  const compiled = new Map(graph.map((invocation) => [invocation.name, names.get(invocation)!]));
  return {
    name,
    jobs: graph.map((invocation) => ({
      name: names.get(invocation)!,
      job: names.get(invocation)!,
      requires: invocation.requires.map(({ name: required, statuses }) => ({ job: compiled.get(required)!, statuses })),
    })),
  };
}
