// What does the object store know of a pipeline besides how it stands: its plan, its config, where it lives on GitHub?

import type { PipelineRecord } from '../../../activities/control/activities.ts';
import { planKey } from '../../../config-schema/address.ts';
import { faultyConfigKey, type FaultyConfig } from '../../../config-schema/faulty-config.ts';
import { readJson } from '../../json-object.ts';
import type { CommonPorts } from '../ports.ts';
import type { StepKinds } from './timing.ts';

type Store = Pick<CommonPorts['store'], 'get'>;

/** Undefined until the config is loaded, and where there was none to run. */
export const readRecord = (store: Store, repositoryId: number, number: number): Promise<PipelineRecord | undefined> => readJson<PipelineRecord>(store, planKey(repositoryId, number));

export const readFaultyConfig = (store: Store, repositoryId: number, number: number): Promise<FaultyConfig | undefined> => readJson<FaultyConfig>(store, faultyConfigKey(repositoryId, number));

/** What every page of a pipeline shows of its record. */
export type Facts = { /** On GitHub; null where it is not known. */ repositoryUrl: string | null; pullRequestUrls: string[]; kindsOf: StepKinds };

export const noFacts: Facts = { repositoryUrl: null, pullRequestUrls: [], kindsOf: () => null };

const mostKept = 100;

/** Plans may be large and a page is asked for every few seconds, so that the little which is shown of the last hundred is kept. */
export function pipelineFacts(store: Store): (repositoryId: number, number: number) => Promise<Facts> {
  const kept = new Map<string, Facts>();
  return async (repositoryId, number) => {
    const key = `${repositoryId}/${number}`;
    const known = kept.get(key);
    if (known) return known;
    const record = await readRecord(store, repositoryId, number);
    const facts = record ? factsOf(record) : await factsOfFaulty(store, repositoryId, number);
    // A setup config may yet go on.
    if (facts === noFacts || (record?.plan.setup && !record.continuation)) return facts;
    kept.set(key, facts);
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    return facts;
  };
}

async function factsOfFaulty(store: Store, repositoryId: number, number: number): Promise<Facts> {
  const faulty = await readFaultyConfig(store, repositoryId, number);
  return faulty ? { ...noFacts, repositoryUrl: webAddress(faulty.repositoryUrl) } : noFacts;
}

function factsOf({ plan, repositoryUrl, pullRequestUrls = [] }: PipelineRecord): Facts {
  const kinds = new Map<string, string[]>();
  const keyOf = (workflow: string, job: string): string => JSON.stringify([workflow, job]);
  for (const { name, jobs } of plan.workflows ?? []) for (const job of jobs) kinds.set(keyOf(name, job.name), plan.jobs[job.job]?.steps.map(({ kind }) => kind) ?? []);
  return { repositoryUrl: webAddress(repositoryUrl), pullRequestUrls: pullRequestUrls.flatMap((url) => webAddress(url) ?? []), kindsOf: (workflow, job) => kinds.get(keyOf(workflow, job)) ?? null };
}

/** What a link may lead to; null for anything else, and for nothing. */
export const webAddress = (url: string | null | undefined): string | null => (url != null && /^https?:\/\//i.test(url) && URL.canParse(url) ? url : null);
