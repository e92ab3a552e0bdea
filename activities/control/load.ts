// What will the pipeline of a trigger run? Config and facts from the forge, compiled and stored.

import type { Plan } from '../../config-schema/plan.ts';
import { planKey } from '../../config-schema/address.ts';
import { carriedPlaces } from '../../config-schema/carry-over.ts';
import { builtBranch } from '../../config-schema/pipeline-values.ts';
import { tagOf, trustLevel, type Trigger, type TrustLevel } from '../../config-schema/trigger.ts';
import { putJson } from '../object-store.ts';
import { rememberName } from '../repository-name.ts';
import type { LoadedPipeline, PipelineRecord } from './activities.ts';
import { carriedInto, earlierOf } from './carried.ts';
import { compilePipeline, graphToRun, noJob, refuseConfig } from './compile-pipeline.ts';
import type { ControlPorts } from './control.ts';
import { secretsFolder, type Loaded } from './forge.ts';
import { isAllowed, isStrange, wouldRun } from './forks.ts';
import { namedSecrets } from './named-secrets.ts';
import { rememberOrbs } from './pipeline-orbs.ts';
import { keepSchedules } from './schedules.ts';
import { skipReason } from './skip.ts';

export async function load(ports: ControlPorts, { trigger, number, allowedBy }: { trigger: Trigger; number: number; allowedBy?: string }): Promise<LoadedPipeline> {
  const { forge, store, configPaths, limits } = ports;
  const { repository } = trigger;
  await rememberName(store, repository, trigger.receivedAt);

  const forks = isStrange(trigger) ? (await ports.choices(repository.id)).forks : null;
  if (forks === 'never') return { kind: 'nothing', reason: `${trigger.pullRequest ? `pull request ${trigger.pullRequest.number}` : trigger.ref} comes from a fork, and forks are not built here (forks: never)`, commit: trigger.commit };
  const loaded = await forge.load(trigger, configPaths);
  const { commit } = loaded;
  if (loaded.refused !== undefined) return { kind: 'nothing', reason: loaded.refused, commit };
  const skipped = skipReason(trigger, loaded);
  if (skipped !== null) return { kind: 'nothing', reason: skipped, commit };
  const keep = async (planned: Plan['schedules']): Promise<string[]> => (ports.clock ? keepSchedules(ports.clock, trigger, number, planned) : []);
  if (!loaded.config) {
    await keep([]);
    return { kind: 'nothing', reason: `no ${configPaths.join(' or ')} at ${trigger.sha.slice(0, 12)}: nothing to run`, commit };
  }

  const { path, text } = loaded.config;
  const { repositoryUrl, commitBody, pullRequest } = loaded;
  const scheduled = trigger.schedule?.workflow;
  const pullRequestUrls = loaded.pullRequestNumbers.map((pull) => `${repositoryUrl}/pull/${pull}`);
  const config = { trigger: { ...trigger, commit }, number, path, text, parameters: trigger.parameters ?? {}, ...(scheduled != null && { scheduled }), facts: { repositoryUrl, commitBody, pullRequestUrls, ...(pullRequest && { pullRequest }) } };
  const compiled = await compilePipeline(ports, config);
  if ('errors' in compiled) return refuseConfig(ports, config, compiled);
  const { plan, notes } = compiled;
  notes.push(...(await keep(plan.schedules)));
  if (scheduled != null && !plan.schedules.some(({ workflow }) => workflow === scheduled)) return { kind: 'nothing', reason: `workflow ${scheduled} has no schedule in ${path} any more`, commit };
  if (plan.workflows.length === 0 && plan.filtered === undefined) return { kind: 'nothing', reason: noJob(path, nameOfRef(trigger), plan), commit };

  const trust = trustLevel(trigger, loaded.refIsProtected);
  notes.push(...(await notesOnSecrets(ports, trigger, trust, loaded)));
  const earlier = await earlierOf(store, trigger, trust);
  if ('note' in earlier && earlier.note !== undefined) notes.push(earlier.note);
  const made = await graphToRun(ports, { repository, trust, plan, path, notes });
  if ('errors' in made) return refuseConfig(ports, config, made);
  if (forks === 'approve' && !(await isAllowed(store, trigger, loaded, allowedBy))) return { kind: 'fork', wouldRun: await wouldRun(forge, trigger, plan, loaded.config), commit };
  const carried = carriedInto(made.graph, earlier);

  const secretFiles = namedSecrets(plan, loaded.secretFiles);
  const record: PipelineRecord = { version: 1, number, trigger: { ...trigger, commit }, trust, plan, config: { path, text }, repositoryUrl, commitBody, pullRequestUrls, ...(pullRequest && { pullRequest }), ownerId: loaded.ownerId, secretFiles, ...(carried && { carried: carriedPlaces(number, carried) }) };
  await putJson(store, planKey(repository.id, number), record);
  await rememberOrbs(store, trigger, plan.orbs);
  return { kind: 'graph', graph: made.graph, trust, limits, commit, ownerId: loaded.ownerId, ...(carried && { carried }) };
}

/** A stranger's files are never opened. */
async function notesOnSecrets({ forge, secretChanges }: ControlPorts, { repository }: Trigger, trust: TrustLevel, { baseSha, secretFiles }: Loaded): Promise<string[]> {
  if (trust === 'T0' || baseSha === null || Object.keys(secretFiles).length === 0) return [];
  return secretChanges(repository.id, await forge.readFolder(repository, baseSha, secretsFolder), secretFiles);
}

const nameOfRef = (trigger: Trigger): string => (tagOf(trigger.ref) === null ? `branch ${builtBranch(trigger) ?? trigger.ref}` : `tag ${tagOf(trigger.ref)}`);
