// What does a job come to when it is called with these arguments?

import { checkJob } from './check.ts';
import { bind, callElement, read } from './elements.ts';
import type { Compiling } from './elements.ts';
import { executorKinds, joinEnvironments, resolveExecutor } from './executor.ts';
import type { Element, Library } from './library.ts';
import { childOf, itemsOf, listAt, stringOf, unknownAt } from './node.ts';
import type { Entry, MapNode, Node, Place } from './node.ts';
import type { JobType } from './processed.ts';
import { needed } from './schema-job.ts';
import { bothVariables } from './scope.ts';
import { expandSteps } from './steps.ts';
import type { Variables } from './template.ts';

export type JobCall = {
  /** Arguments, rendered with what the workflow sees, but for maps that name an executor. */
  given: [string, Entry][];
  /** What the workflow's text sees. */
  outer: Variables;
  caller: Library;
  /** Rendered; of the caller's file. */
  preSteps: Node | undefined;
  postSteps: Node | undefined;
  place: Place;
};

/** Keys that an executor may give, and the job's own go before. */
const fromExecutor = ['resource_class', 'shell', 'working_directory'];
const notPrinted = ['parameters', 'description', 'executor', 'environment', 'steps', 'type'];

/** The processed job, checked. */
export function compileJob(element: Element, call: JobCall, compiling: Compiling): MapNode {
  const { problems } = compiling;
  const { variables, values } = callElement(element, call.given, call.caller, call.place, compiling);
  // The original reads a map that names an executor with the eyes of the job that gets it.
  for (const [name, value] of values)
    if (value.kind === 'bound' && value.node.kind === 'map') values.set(name, bind(read(value.node, bothVariables(variables, call.outer), compiling), value.library as Library));

  const body = element.node.entries;
  const rendered = (key: string): Node | undefined => body.has(key) ? read(body.get(key)!.value, variables, compiling) : undefined;
  const type = typeOf(element);
  const entries = new Map<string, Entry>();
  if (type !== 'build') entries.set('type', body.get('type')!);

  const asked = type === 'build' && compiling.hasTemplates ? rendered('executor') : undefined;
  const executor = asked && resolveExecutor(asked, element.library, compiling);
  const hasKind = executorKinds.some((kind) => body.has(kind));
  for (const [key, entry] of executor?.fields ?? []) if (fromExecutor.includes(key) || (executorKinds.includes(key) && !hasKind)) entries.set(key, entry);
  for (const [key, entry] of body) if (!notPrinted.includes(key)) entries.set(key, { key: entry.key, value: read(entry.value, variables, compiling) });
  if (executor && !executorKinds.some((kind) => entries.has(kind)))
    problems.error(asked.place, `Executor ${executor.name} is missing a required key: "docker", "machine", or "macos". Add one of them to the executor, or to the job.`);

  if (type === 'build') {
    const own = expandSteps(childOf(element.node, 'steps'), { library: element.library, variables, depth: 0 }, compiling);
    const around = { library: call.caller, variables: null, depth: 0 };
    const steps = [...expandSteps(call.preSteps, around, compiling), ...own, ...expandSteps(call.postSteps, around, compiling)];
    const written = body.get('steps');
    entries.set('steps', written ? { key: written.key, value: listAt(written.value.place, steps) } : toldMissing(element));
    const environment = joinEnvironments(executor?.fields.get('environment')?.value, rendered('environment'), body.get('environment')?.value.place ?? element.place);
    if (environment) entries.set('environment', { key: body.get('environment')?.key ?? environment.place, value: environment });
  }
  const job: MapNode = { kind: 'map', entries, place: element.node.place };
  if (type === 'build' && !executorKinds.some((kind) => entries.has(kind))) entries.set('docker', toldMissing(element));
  const key = needed.get(type);
  if (key !== undefined && !entries.has(key)) entries.set(key, toldMissing(element));
  checkJob(element.name, isEmptied(element, job, compiling) ? { ...job, entries: new Map([...entries, ['steps', toldMissing(element)]]) } : job, problems, element.library.isOwn ? 'own' : 'orb');
  return job;
}

/** Every step stands in a condition that does not hold: the job has nothing to do, which is no fault. */
function isEmptied(element: Element, job: MapNode, { problems }: Compiling): boolean {
  const isLeft = itemsOf(childOf(job, 'steps')).length > 0 || itemsOf(childOf(element.node, 'steps')).length === 0;
  if (!isLeft && typeOf(element) === 'build') problems.warn(element.node.entries.get('steps')!.key, 'no step is left once the conditions around them are decided: the job does nothing, and passes. Filter it in the workflow, so that it does not start.');
  return !isLeft;
}

/** A key that the check of the file, or of the executor, has said is missing. */
const toldMissing = ({ place }: Element): Entry => ({ key: place, value: unknownAt(place) });

export const typeOf = (element: Element): JobType => (stringOf(childOf(element.node, 'type')) ?? 'build') as JobType;
