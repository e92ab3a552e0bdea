// With what does a pipeline go on whose setup workflow has ended? What a job handed in, compiled and appended to its record.

import { planKey } from '../../config-schema/address.ts';
import { carriedPlaces } from '../../config-schema/carry-over.ts';
import { conflicting, continuationKey, continuedPlan, type StoredContinuation } from '../../config-schema/continuation.ts';
import type { Diagnostic } from '../../config-schema/plan.ts';
import type { Trigger } from '../../config-schema/trigger.ts';
import { getJson, putJson, type ObjectStore } from '../object-store.ts';
import type { LoadedPipeline, PipelineRecord } from './activities.ts';
import { carriedInto, earlierOf } from './carried.ts';
import { compilePipeline, graphToRun, noJob, refuseConfig } from './compile-pipeline.ts';
import type { ControlPorts } from './control.ts';
import { secretsFolder } from './forge.ts';
import { namedSecrets } from './named-secrets.ts';
import { rememberOrbs } from './pipeline-orbs.ts';

/** null: nothing was handed in. Repeatable: what it appended before is appended anew. */
export async function loadContinuation(ports: ControlPorts, { trigger: { repository }, number }: { trigger: Trigger; number: number }): Promise<LoadedPipeline | null> {
  const { forge, store, limits } = ports;
  const record = await getJson<PipelineRecord>(store, planKey(repository.id, number));
  if (!record) throw new Error(`the object store lacks ${planKey(repository.id, number)}`);
  const stored = await handedIn(store, record);
  if (!stored || stored.configuration === null) return null;

  const { trigger, trust, commitBody = null } = record;
  const { path, configuration: text } = stored;
  const setup = record.continuation?.setup ?? record.plan;
  const given = trigger.parameters ?? {};
  const facts = { repositoryUrl: record.repositoryUrl ?? `https://github.com/${repository.owner}/${repository.name}`, commitBody, pullRequestUrls: record.pullRequestUrls ?? [], ...(record.pullRequest && { pullRequest: record.pullRequest }) };
  const config = { trigger, number, path, text, parameters: { ...given, ...stored.parameters }, facts, configPath: record.config?.path ?? setup.source.path };
  const twice = sentenceOnConflict(conflicting(given, stored.parameters), stored);
  if (twice !== null) return refuseConfig(ports, config, { errors: [atLine(1, twice)], because: 'wrong' });

  const compiled = await compilePipeline(ports, config);
  if ('errors' in compiled) return refuseConfig(ports, config, compiled);
  const { plan: continuation, notes } = compiled;
  if (continuation.setup) return refuseConfig(ports, config, { errors: [atLine(lineOfSetup(text), 'a pipeline goes on once, and not with another setup config. Remove `setup: true` from the config that is handed in.')], because: 'wrong' });
  if (continuation.workflows.length === 0 && continuation.filtered === undefined) return { kind: 'nothing', reason: noJob(path, 'this pipeline', continuation), commit: trigger.commit };

  const { plan, added } = continuedPlan(setup, continuation);
  const made = await graphToRun(ports, { repository: trigger.repository, trust, plan: added, path, notes });
  if ('errors' in made) return refuseConfig(ports, config, made);

  const carried = carriedInto(made.graph, await earlierOf(store, trigger, trust));
  const carriedBefore = (record.carried ?? []).filter(({ workflow }) => setup.workflows.some(({ name }) => name === workflow));
  const files = await forge.readFolder(trigger.repository, trigger.sha, secretsFolder);
  const secretFiles = { ...record.secretFiles, ...namedSecrets(continuation, files) };
  const continued: PipelineRecord = { ...record, plan, secretFiles, ...(carried && { carried: [...carriedBefore, ...carriedPlaces(number, carried)] }), continuation: { config: { path, text }, warnings: continuation.warnings, setup } };
  await putJson(store, planKey(repository.id, number), continued);
  await rememberOrbs(store, trigger, continuation.orbs);
  return { kind: 'graph', graph: made.graph, trust, limits, commit: trigger.commit, ...(record.ownerId !== undefined && { ownerId: record.ownerId }), ...(carried && { carried }) };
}

/** In this pipeline; or in the one that it runs again, when the job that did it is carried over. */
async function handedIn(store: ObjectStore, { trigger: { repository, rerun }, number, carried = [] }: PipelineRecord): Promise<StoredContinuation | undefined> {
  const own = await getJson<StoredContinuation>(store, continuationKey(repository.id, number));
  if (own || !rerun) return own;
  const earlier = await getJson<StoredContinuation>(store, continuationKey(repository.id, rerun.number));
  if (!earlier || !carried.some(({ workflow, job, ranIn }) => workflow === earlier.workflow && job === earlier.job && ranIn[earlier.slice] !== number)) return undefined;
  // For one that runs this one again.
  await putJson(store, continuationKey(repository.id, number), earlier);
  return earlier;
}

const atLine = (line: number, message: string): Diagnostic => ({ severity: 'error', message, line, column: 1 });

/** As the original begins it. */
const sentenceOnConflict = (names: string[], { job }: StoredContinuation): string | null =>
  names.length === 0 ? null : `Conflicting pipeline parameters. ${names.join(', ')} came with the trigger already, which the continuation gets too: do not hand ${names.length > 1 ? 'them' : 'it'} in once more in job ${job}.`;

const lineOfSetup = (text: string): number => Math.max(0, text.split('\n').findIndex((line) => /^["']?setup["']?\s*:/.test(line))) + 1;
