// Which workflows are live, and what does each come to?

import { encodeName } from '../address.ts';
import { changesOf } from './changed.ts';
import type { ChangedPaths } from './changed.ts';
import { read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { flagOf, numberOf } from './fields.ts';
import { invoke } from './invocations.ts';
import type { Invocation, Invoked } from './invocations.ts';
import { checkOnce, groupOf, invokeGroup } from './job-groups.ts';
import { inOneLine, workflowCondition } from './logic.ts';
import { nameInvocations } from './names.ts';
import { childOf, entriesOf, isNull, itemsOf, listAt, mapAt, scalarAt } from './node.ts';
import type { MapNode, Node, Place } from './node.ts';
import { readUse } from './invocation-options.ts';
import { collectProblems, lineOf } from './problems.ts';
import type { Problems } from './problems.ts';
import type { LeftOut, ProcessedInvocation, ProcessedWorkflow } from './processed.ts';
import { resolveRequires, withoutOff } from './requires.ts';
import type { Edge } from './requires.ts';

/** With the invocations that run, and what each waits for. */
type Live = { name: string; place: Place; node: Node; edges: Map<Invocation, Edge[]> };

/** The processed workflows and jobs. A workflow that is off is not looked into: what is wrong in it is never seen. */
export function compileWorkflows(file: MapNode, compiling: Compiling): { workflows: ProcessedWorkflow[]; leftOut: LeftOut[]; jobs: Map<string, MapNode> } {
  const leftOut: LeftOut[] = [];
  const live = workflowsOf(file, leftOut, compiling).map((workflow) => compiling.problems.calling({ kind: 'workflow', name: workflow.name, place: workflow.place }, () => compileWorkflow(workflow, compiling)));
  const names = nameInvocations(live.map(({ edges }) => [...edges.keys()]));
  const jobs = new Map<string, MapNode>();
  for (const { name: workflow, place, edges } of live) {
    checkLength(workflow, place, compiling.problems);
    for (const invocation of edges.keys()) {
      const name = names.get(invocation)!;
      checkLength(name, invocation.place, compiling.problems);
      if (invocation.job) jobs.set(name, invocation.job);
    }
  }
  return { jobs, leftOut, workflows: live.map((workflow) => finish(workflow, names, compiling)) };
}

/** Names become keys of the object store, where a file's name ends at 255 bytes; signs that are encoded there count threefold. */
const longestNameBytes = 200;

function checkLength(name: string, place: Place, problems: Problems): void {
  const bytes = new TextEncoder().encode(encodeName(name)).length;
  if (bytes > longestNameBytes) problems.error(place, `the name ${JSON.stringify(`${name.slice(0, 40)}…`)} has ${bytes} bytes, more than ${longestNameBytes}. Shorten it.`);
}

/** Those that are on. Without workflows, a job called `build` is one. */
function workflowsOf(file: MapNode, leftOut: LeftOut[], compiling: Compiling): { name: string; place: Place; node: Node }[] {
  const { problems, loader } = compiling;
  const written = [...entriesOf(childOf(file, 'workflows'))].filter(([name, { value }]) => !(name === 'version' && value.kind === 'scalar'));
  if (written.length > 0)
    return written
      .filter(([name, { value }]) => isOn(name, value, leftOut, compiling))
      .map(([name, { key, value }]) => ({ name, place: key, node: value }));
  const build = entriesOf(childOf(file, 'jobs')).get('build');
  if (build) return [{ name: 'workflow', place: build.key, node: mapAt(build.key, [['jobs', listAt(build.key, [scalarAt(build.key, 'build')])]]) }];
  const place = file.entries.get('workflows')?.key ?? file.entries.get('jobs')?.key ?? { ...loader.config.root.place, end: loader.config.root.place.start };
  problems.error(place, 'There are no workflows or build jobs in the config. Add a workflow, or call the job `build`.');
  return [];
}

/** `leftOut` hears of one that is off. */
function isOn(workflow: string, node: Node, leftOut: LeftOut[], { loader: { config: { variables } }, problems, changes, withLeftOut }: Compiling): boolean {
  const when = childOf(node, 'when');
  const condition = when ?? childOf(node, 'unless');
  if (!condition) return true;
  const before = changes.answers.length;
  const held = workflowCondition(condition, variables, problems, changes);
  if (held === (when !== undefined)) return true;
  const answers = new Set(changes.answers.slice(before));
  const { source } = condition.place;
  const otherwise = (known: ChangedPaths): boolean => workflowCondition(condition, variables, collectProblems(source), changesOf(known)) !== held;
  const byPaths = answers.size > 0 && (otherwise({ unknown: '' }) || otherwise({ paths: [] }));
  leftOut.push({ workflow, reason: `its condition ${when ? '' : 'unless '}${inOneLine(condition)} (${source.path}:${lineOf(condition.place)}) is ${held}${byPaths ? `: ${[...answers].join(', ')}` : ''}`, byPaths });
  return byPaths && withLeftOut;
}

function compileWorkflow({ name, place, node }: { name: string; place: Place; node: Node }, compiling: Compiling): Live {
  const { problems } = compiling;
  const entries: Invoked[] = [];
  const groups: { name: string; place: Place }[] = [];
  for (const item of itemsOf(childOf(node, 'jobs'))) {
    const use = readUse(item, compiling);
    if (!use) continue;
    const group = groupOf(use.reference, compiling);
    const invoked = group ? invokeGroup(use, group, compiling) : [invoke(use, compiling)];
    if (group) groups.push({ name: invoked[0]!.group!.name, place: use.place });
    entries.push(...invoked);
    if (problems.isFull() || !compiling.spend(0, use.place)) break;
  }
  checkOnce(groups, (group, times) => `Job-group '${group}' occurs ${times} times in workflow '${name}'. Give each of them a \`name\` of its own.`, problems);
  return { name, place, node, edges: withoutOff(resolveRequires(name, entries, compiling)) };
}

function finish({ name, place, node, edges }: Live, names: Map<Invocation, string>, compiling: Compiling): ProcessedWorkflow {
  const options = mapAt(
    place,
    ['triggers', 'max_auto_reruns', 'auto_cancel'].flatMap((key) => {
      const value = childOf(node, key);
      return isNull(value) ? [] : [[key, read(value!, compiling.loader.config.variables, compiling)] as const];
    }),
  );
  return {
    name,
    place,
    triggers: childOf(options, 'triggers'),
    maxAutoReruns: numberOf(options, 'max_auto_reruns') ?? 0,
    autoCancel: flagOf(options, 'auto_cancel') ?? true,
    jobs: [...edges].map(([invocation, list]) => finishInvocation(invocation, list, names)),
  };
}

function finishInvocation(invocation: Invocation, edges: Edge[], names: Map<Invocation, string>): ProcessedInvocation {
  const { type, contexts, filters, serialGroup, place } = invocation;
  const requires = edges.map((edge) => ({ ...edge, name: names.get(edge.to)! }));
  const written = requires.map(({ name, form, place: at }) => (form ? mapAt(at, [[name, form]]) : scalarAt(at, name)));
  return {
    name: names.get(invocation)!,
    type,
    requires: requires.map(({ name, statuses, place: at }) => ({ name, statuses, place: at })),
    contexts,
    filters,
    serialGroup,
    place,
    printed: { kind: 'map', entries: new Map([...(written.length > 0 ? [['requires', { key: place, value: listAt(place, written) }] as const] : []), ...invocation.printed]), place },
  };
}
