// What does the plan say of the job that a slice runs?

import { planKey, type SliceKey } from '../../config-schema/address.ts';
import type { PlanJob } from '../../config-schema/plan.ts';
import type { PipelineRecord } from '../control/activities.ts';
import { getJson, type ObjectStore } from '../object-store.ts';

const mostKept = 100;

/** A record changes when a setup config goes on, and then it only grows: each is read once, and again for a job that it lacks. The last hundred are kept. */
export function pipelineRecords(store: ObjectStore): (slice: SliceKey) => Promise<{ record: PipelineRecord; job: PlanJob }> {
  const kept = new Map<string, Promise<PipelineRecord>>();
  const read = (key: string): Promise<PipelineRecord> => {
    const known = kept.get(key);
    if (known) return known;
    const reading = getJson<PipelineRecord>(store, key).then((record) => {
      if (!record) throw new Error(`the object store lacks ${key}`);
      return record;
    });
    kept.set(key, reading);
    reading.catch(() => kept.delete(key));
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    return reading;
  };
  return async ({ repositoryId, pipeline, workflow, job: name }) => {
    const key = planKey(repositoryId, pipeline);
    const look = async (): Promise<{ record: PipelineRecord; job: PlanJob | undefined }> => {
      const record = await read(key);
      const { plan } = record;
      const place = plan.workflows.find((candidate) => candidate.name === workflow)?.jobs.find((candidate) => candidate.name === name);
      return { record, job: place && plan.jobs[place.job] };
    };
    let found = await look();
    if (!found.job && found.record.plan.setup) {
      kept.delete(key);
      found = await look();
    }
    const { record, job } = found;
    if (!job) throw new Error(`the plan has no job ${name} in workflow ${workflow}`);
    return { record, job };
  };
}
