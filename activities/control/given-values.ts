// What does a job get where there is no vault: in `roundhouse run`?

import { repositoriesOf, secretsOf } from '../../config-schema/plan.ts';
import type { JobValues, Refusal } from './job-values.ts';
import type { PipelineRecord } from './activities.ts';
import type { JobKey } from './job-values.ts';

/** Secrets are those that were given by name, as variables of every step already; contexts are empty. */
export function givenValues(names: ReadonlySet<string>): JobValues {
  const refusal = ({ plan }: PipelineRecord, key: JobKey): Refusal | null => {
    const place = plan.workflows.find(({ name }) => name === key.workflow)?.jobs.find(({ name }) => name === key.job);
    const job = plan.jobs[place!.job]!;
    const missing = secretsOf(job).filter((name) => !names.has(name));
    if (missing.length > 0) return { outcome: 'failed', reason: `secret ${missing[0]} is not to be had here: committed secrets are opened by a running Roundhouse alone. Give a value: --env ${missing[0]}=VALUE` };
    if (job.steps.some(({ kind }) => kind === 'add_ssh_keys')) return { outcome: 'failed', reason: 'ssh keys are kept by a running Roundhouse, and are not to be had here. Run another job: --job NAME' };
    const [further] = repositoriesOf(job);
    return further === undefined ? null : { outcome: 'failed', reason: `the repository ${further} is not to be had here: a running Roundhouse reads it through GitHub. Run another job: --job NAME` };
  };
  return {
    hasVariables: () => Promise.resolve(false),
    refusal: (record, key) => Promise.resolve(refusal(record, key)),
    values: (record, key) => Promise.resolve(refusal(record, key) ?? { variables: {}, secrets: {}, sshKeys: [] }),
  };
}
