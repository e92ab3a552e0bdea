// Which workflows are live, and what does each come to?

import { read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { invoke } from './invocations.ts';
import type { Invocation } from './invocations.ts';
import { entryOf, invokeGroup } from './job-groups.ts';
import { workflowCondition } from './logic.ts';
import { nameInvocations } from './names.ts';
import { childOf, entriesOf, isNull, itemsOf, listAt, mapAt, scalarAt, stringOf, unbound } from './node.ts';
import type { Entry, MapNode, Node, Place } from './node.ts';
import type { ProcessedInvocation, ProcessedWorkflow } from './processed.ts';
import { resolveRequires, withoutOff } from './requires.ts';
import type { Edge } from './requires.ts';

type Live = { name: string; place: Place; node: Node; invocations: Invocation[]; edges: Map<Invocation, Edge[]> };

/** The processed workflows and jobs. A workflow that is off is not looked into: what is wrong in it is never seen. */
export function compileWorkflows(file: MapNode, compiling: Compiling): { workflows: ProcessedWorkflow[]; jobs: Map<string, MapNode> } {
  const live = workflowsOf(file, compiling).map((workflow) => compiling.problems.calling({ kind: 'workflow', name: workflow.name, place: workflow.place }, () => compileWorkflow(workflow, compiling)));
  const names = nameInvocations(live.map(({ invocations }) => invocations));
  const jobs = new Map<string, MapNode>();
  for (const { invocations } of live) for (const invocation of invocations) if (invocation.job) jobs.set(names.get(invocation)!, invocation.job);
  return { jobs, workflows: live.map((workflow) => finish(workflow, names, compiling)) };
}

/** Those that are on. Without workflows, a job called `build` is one. */
function workflowsOf(file: MapNode, compiling: Compiling): { name: string; place: Place; node: Node }[] {
  const { problems, loader } = compiling;
  const written = [...entriesOf(childOf(file, 'workflows'))].filter(([name, { value }]) => !(name === 'version' && value.kind === 'scalar'));
  if (written.length > 0)
    return written
      .filter(([, { value }]) => isOn(value, compiling))
      .map(([name, { key, value }]) => ({ name, place: key, node: value }));
  const build = entriesOf(childOf(file, 'jobs')).get('build');
  if (build) return [{ name: 'workflow', place: build.key, node: mapAt(build.key, [['jobs', listAt(build.key, [scalarAt(build.key, 'build')])]]) }];
  const place = file.entries.get('workflows')?.key ?? file.entries.get('jobs')?.key ?? { ...loader.config.root.place, end: loader.config.root.place.start };
  problems.error(place, 'There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.');
  return [];
}

function isOn(workflow: Node, { loader, problems }: Compiling): boolean {
  const [when, unless] = [childOf(workflow, 'when'), childOf(workflow, 'unless')];
  if (when && unless) problems.error(entriesOf(workflow).get('unless')!.key, 'a workflow has either when or unless, not both. Join them in one with and, or and not.');
  if (when) return workflowCondition(when, loader.config.variables, problems);
  return !unless || !workflowCondition(unless, loader.config.variables, problems);
}

function compileWorkflow({ name, place, node }: { name: string; place: Place; node: Node }, compiling: Compiling): Live {
  const { loader, problems } = compiling;
  const aliases = new Set<string>();
  const invocations: Invocation[] = [];
  for (const raw of itemsOf(childOf(node, 'jobs'))) {
    const item = raw.kind === 'scalar' ? read(raw, loader.config.variables, compiling) : raw;
    const [reference, options, at] = entryOf(item);
    if (reference === undefined) continue;
    const group = entriesOf(childOf(loader.config.root, 'job-groups')).get(reference);
    const whole = stringOf(childOf(options, 'name')) ?? reference;
    if (group && aliases.has(whole)) problems.error(at, `the job group ${whole} is in this workflow already. Give this use of it a \`name\` of its own.`);
    const invoked = group ? invokeGroup(reference, group.value, options, at, compiling) : invoke(reference, options, at, compiling);
    for (const alias of invoked.aliases) aliases.add(alias);
    invocations.push(...invoked.invocations);
    if (problems.isFull() || !compiling.spend(invoked.invocations.length, at)) break;
  }
  const edges = resolveRequires(name, invocations, aliases, place, problems);
  return { name, place, node, invocations: withoutOff(invocations, edges, ({ isOn: on }) => !on), edges };
}

function finish({ name, place, node, invocations, edges }: Live, names: Map<Invocation, string>, compiling: Compiling): ProcessedWorkflow {
  const option = (key: string): Node | undefined => {
    const value = childOf(node, key);
    return value && !isNull(value) ? unbound(read(value, compiling.loader.config.variables, compiling)) : undefined;
  };
  const reruns = option('max_auto_reruns');
  const autoCancel = option('auto_cancel');
  return {
    name,
    place,
    triggers: option('triggers'),
    maxAutoReruns: reruns?.kind === 'scalar' && typeof reruns.value === 'number' ? reruns.value : 0,
    autoCancel: !(autoCancel?.kind === 'scalar' && autoCancel.value === false),
    jobs: invocations.map((invocation): ProcessedInvocation => {
      const required = edges.get(invocation)!.map((edge) => ({ ...edge, name: names.get(edge.to)! }));
      const requires = required.map(({ name: other, form, place: at }) => (form ? mapAt(at, [[other, form]]) : scalarAt(at, other)));
      const printed = new Map<string, Entry>(requires.length > 0 ? [['requires', { key: invocation.place, value: listAt(invocation.place, requires) }]] : []);
      for (const [key, entry] of invocation.options) printed.set(key, entry);
      return {
        name: names.get(invocation)!,
        type: invocation.type,
        requires: required.map(({ name: other, statuses, place: at }) => ({ name: other, statuses, place: at })),
        contexts: invocation.contexts,
        filters: invocation.filters,
        serialGroup: invocation.serialGroup,
        place: invocation.place,
        printed: { kind: 'map', entries: printed, place: invocation.place },
      };
    }),
  };
}
