// How does a job get the files that the jobs before it have left in the workspace?

import { planKey, type SliceKey } from '../../../config-schema/address.ts';
import { nameInWords } from '../../../config-schema/artifact.ts';
import type { AttachWorkspaceStep, Plan } from '../../../config-schema/plan.ts';
import { summaryKey, type PipelineView } from '../../../config-schema/view.ts';
import { findClashes, layerArchiveKey, layerFactsKey, layerKey, mostFactsBytes, upstreamJobs, type Clash, type LayerFacts } from '../../../config-schema/workspace.ts';
import type { PipelineRecord } from '../../control/activities.ts';
import { hasBegun, livingAttempt } from '../../fence.ts';
import { logCodec } from '../../log-codec.ts';
import { getJson, type ObjectStore } from '../../object-store.ts';
import type { DataEnd, DataRun } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';
import { readPatiently, untilStored } from '../until-stored.ts';
import { counted } from '../words.ts';
import { unpackFiles } from './archive.ts';

type Layer = { key: string; job: string; slice: number; files: string[]; /** Of the text that names them. */ factsBytes: number };

/** Of all layers together. */
const mostFactsBytesInAll = 4 * mostFactsBytes;
const clashesSaid = 5;

export async function attach({ store, limits }: Pick<DataStepPorts, 'store' | 'limits'>, run: DataRun, step: AttachWorkspaceStep): Promise<DataEnd> {
  const { slice } = run;
  const record = await untilStored(run, () => getJson<PipelineRecord>(store, planKey(slice.repositoryId, slice.pipeline)));
  const workflow = record?.plan.workflows.find(({ name }) => name === slice.workflow);
  if (!record || !workflow) throw new Error(`the plan has no workflow ${slice.workflow}`);
  const layers: Layer[] = [];
  let factsBytes = 0;
  for (const places of inBatches(upstreamSteps(record.plan, slice))) {
    const ran = await Promise.all(places.map((place) => untilStored(run, () => whereItRan(store, record, place))));
    const found = await Promise.all(ran.map((place) => untilStored(run, () => layersOf(store, place))));
    for (const [i, place] of ran.entries()) {
      const isGone = place.slice.pipeline !== slice.pipeline && found[i]!.length < place.steps.length && (await untilStored(run, () => hasPersisted(store, place)));
      if (isGone) return { outcome: 'failed', reason: `What ${place.slice.job} persisted in pipeline #${place.slice.pipeline} is not kept any more. Run ${place.slice.job} again too, or all of the pipeline.` };
    }
    layers.push(...found.flat());
    factsBytes += found.flat().reduce((sum, layer) => sum + layer.factsBytes, 0);
    if (factsBytes > mostFactsBytesInAll) return { outcome: 'failed', reason: 'The jobs before this one persisted too many files. Pack them into archives, or persist fewer.' };
  }
  const files = layers.reduce((sum, layer) => sum + layer.files.length, 0);
  const clashes = findClashes(layers, workflow, clashesSaid + 1);
  if (clashes.length > 0) return { outcome: 'failed', reason: clashSentence(clashes) };

  const target = await run.sandbox.ask('workspaceTarget', { at: step.at });
  if ('refused' in target) return { outcome: 'failed', reason: `${step.at} could not be made: ${target.refused}` };
  if (layers.length === 0) {
    await run.say('No job that this one requires has persisted anything: there is nothing to attach.');
    return { outcome: 'passed' };
  }
  const folder = Buffer.from(target.path, 'latin1').toString('utf8');
  const refused = await unpackFiles(run.sandbox, folder, layers.map(({ key }) => readPatiently(run, store, layerArchiveKey(key))), limits.workspaceBytes * layers.length, run.signal);
  if (refused !== null) return { outcome: 'failed', reason: `The workspace could not be unpacked into ${step.at}. ${refused}` };
  await run.say(`Attached ${counted(files, 'file')} of ${[...new Set(layers.map(({ job }) => job))].join(', ')} at ${step.at}.`);
  return { outcome: 'passed', note: `${counted(files, 'file')} attached` };
}

type Persisting = { slice: SliceKey; steps: number[] };

/** In the order in which layers are laid: jobs after those that they require, slices by number. */
function upstreamSteps({ workflows, jobs }: Plan, slice: SliceKey): Persisting[] {
  const workflow = workflows.find(({ name }) => name === slice.workflow)!;
  return upstreamJobs(workflow, slice.job).flatMap(({ name, job: key }) => {
    const job = jobs[key];
    const steps = (job?.steps ?? []).flatMap(({ kind }, index) => (kind === 'persist_to_workspace' ? [index] : []));
    if (!job || steps.length === 0) return [];
    return Array.from({ length: job.parallelism }, (_, index) => ({ slice: { ...slice, job: name, slice: index }, steps }));
  });
}

/** A store across a network answers one question slowly and some at once; each answer is in memory. */
const mostAtOnce = 8;

const inBatches = (places: Persisting[]): Persisting[][] => Array.from({ length: Math.ceil(places.length / mostAtOnce) }, (_, batch) => places.slice(batch * mostAtOnce, (batch + 1) * mostAtOnce));

/** In a rerun in part that is an earlier pipeline, unless the slice has run again in this one. */
async function whereItRan(store: ObjectStore, { carried = [] }: PipelineRecord, place: Persisting): Promise<Persisting> {
  const { slice } = place;
  const pipeline = carried.find(({ workflow, job }) => workflow === slice.workflow && job === slice.job)?.ranIn[slice.slice] ?? slice.pipeline;
  if (pipeline === slice.pipeline || (await hasBegun(store, slice))) return place;
  return { ...place, slice: { ...slice, pipeline } };
}

/** Of an ended pipeline: as its summary says, whatever is left of it. */
async function hasPersisted(store: ObjectStore, { slice: { repositoryId, pipeline, workflow, job, slice }, steps }: Persisting): Promise<boolean> {
  const summary = await getJson<PipelineView>(store, summaryKey(repositoryId, pipeline));
  const jobs = summary?.workflows.find(({ name }) => name === workflow)?.jobs ?? [];
  const ran = jobs.find(({ name }) => name === job)?.slices.find(({ index }) => index === slice);
  return steps.some((step) => ran?.steps[step]?.result?.outcome === 'passed');
}

/** Of the slice's attempt that counts, by step. */
async function layersOf(store: ObjectStore, { slice, steps }: Persisting): Promise<Layer[]> {
  const attempt = await livingAttempt(store, slice);
  const layers: Layer[] = [];
  for (const step of steps) {
    const key = layerKey(slice, attempt, step);
    const packed = await store.get(layerFactsKey(key));
    if (!packed) continue;
    const text = Buffer.from(await logCodec.inflate(packed, mostFactsBytes)).toString('utf8');
    const { files } = JSON.parse(text) as LayerFacts;
    layers.push({ key, job: slice.job, slice: slice.slice, files, factsBytes: text.length });
  }
  return layers;
}

function clashSentence(clashes: Clash[]): string {
  const who = ({ job, slice }: Clash['layers'][number], isSameJob: boolean): string => (isSameJob ? `slice ${slice} of ${job}` : job);
  const said = clashes.slice(0, clashesSaid).map(({ path, layers: [a, b] }) => `${nameInWords(path)} (${who(a, a.job === b.job)} and ${who(b, a.job === b.job)})`);
  return `Concurrent upstream jobs persisted the same file(s) into the workspace: ${said.join(', ')}${clashes.length > clashesSaid ? ' and more' : ''}. Give the files different names, or let one job require the other.`;
}
