// May a job have the secrets, contexts, keys and repositories that it names, and what are their values?

import { pipelineValues } from '../../config-schema/pipeline-values.ts';
import { repositoriesOf, secretsOf, type PlanJob, type WorkflowJob } from '../../config-schema/plan.ts';
import { refusalOf } from '../../config-schema/secret.ts';
import type { Outcome } from '../../config-schema/outcome.ts';
import type { SliceKey } from '../../config-schema/address.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import { chooseKeys } from '../ssh-key.ts';
import { uuidOf } from '../uuid.ts';
import type { PipelineRecord } from './activities.ts';
import type { Audit } from './audit.ts';
import type { ContextUse, Contexts } from './contexts.ts';
import { secretsFolder } from './forge.ts';
import type { ProjectStore } from './project-store.ts';
import type { RepositoryKeys } from './repository-keys.ts';

/** What one builder gets for a slice, sealed for it. The private parts of ssh keys stay with the builder. */
export type StepValues = {
  /** Project variables and, over them, those of contexts: for each step of the job. */
  variables: Record<string, string>;
  /** Committed secrets, for the steps that name them. */
  secrets: Record<string, string>;
  sshKeys: { fingerprint: string; md5: string; host: string | null; publicKey: string; privateKey: string }[];
};

export type Refusal = { outcome: Extract<Outcome, 'failed' | 'unauthorized'>; reason: string };

export type JobKey = Omit<SliceKey, 'slice'>;

/** For a job of a stored pipeline. */
export type JobValues = {
  /** Before the job starts. null: it may. */
  refusal(record: PipelineRecord, key: JobKey): Promise<Refusal | null>;
  /** As late as can be, and for each slice. */
  values(record: PipelineRecord, key: SliceKey): Promise<StepValues | Refusal>;
  /** Whether each job of the repository gets something, also one that names nothing. */
  hasVariables(repository: Repository): Promise<boolean>;
};

export type JobValuePorts = {
  host: string;
  keys: RepositoryKeys;
  contexts: Contexts;
  project: ProjectStore;
  audit: Audit;
  isTeamMember: (repository: Repository, team: string, person: { id: number; login: string }) => Promise<boolean>;
  /** Why the pipeline's author may not read this further repository; null when he may. */
  repositoryRefusal: (repository: Repository, fullName: string, person: { id: number; login: string }) => Promise<string | null>;
  now?: () => number;
};

export function jobValues(ports: JobValuePorts): JobValues {
  const { keys, contexts, project, audit, host, now = Date.now } = ports;

  return {
    hasVariables: ({ id }) => project.hasVariables(id),

    async refusal(record, key) {
      const { job, place } = jobOf(record, key);
      const { repository, sender } = record.trigger;
      const forFork = refusalOfFork(record, job, place);
      if (forFork !== null) return forFork;
      for (const context of place.contexts) {
        const reason = await contexts.refusal(ownerOf(record), context, contextUse(ports, record));
        if (reason !== null) return { outcome: 'unauthorized', reason };
      }
      for (const name of secretsOf(job)) {
        const opened = await openSecret(record, name);
        if ('problem' in opened) return { outcome: 'failed', reason: opened.problem };
      }
      for (const step of job.steps) {
        if (step.kind !== 'add_ssh_keys') continue;
        const chosen = chooseKeys(await project.sshKeys(repository.id), step.fingerprints, `${repository.owner}/${repository.name}`);
        if ('problem' in chosen) return { outcome: 'failed', reason: chosen.problem };
      }
      for (const fullName of repositoriesOf(job)) {
        const reason = await ports.repositoryRefusal(repository, fullName, sender);
        if (reason !== null) return { outcome: 'failed', reason };
      }
      return null;
    },

    async values(record, key) {
      const { job, place } = jobOf(record, key);
      const { repository } = record.trigger;
      const forFork = refusalOfFork(record, job, place);
      if (forFork !== null) return forFork;
      if (record.trust === 'T0') return { variables: {}, secrets: {}, sshKeys: [] };
      const variables = await project.variableValues(repository.id);
      for (const context of place.contexts) {
        // Asked again: between the job's start and this slice somebody may have taken it back.
        const reason = await contexts.refusal(ownerOf(record), context, contextUse(ports, record));
        if (reason !== null) return { outcome: 'unauthorized', reason };
        Object.assign(variables, await contexts.values(ownerOf(record), context));
      }
      const secrets: StepValues['secrets'] = {};
      for (const name of secretsOf(job)) {
        const opened = await openSecret(record, name);
        if ('problem' in opened) return { outcome: 'failed', reason: opened.problem };
        secrets[name] = opened.value;
      }
      const sshKeys: StepValues['sshKeys'] = [];
      for (const fingerprints of job.steps.flatMap((step) => (step.kind === 'add_ssh_keys' ? [step.fingerprints] : []))) {
        const chosen = chooseKeys(await project.sshKeys(repository.id), fingerprints, `${repository.owner}/${repository.name}`);
        if ('problem' in chosen) return { outcome: 'failed', reason: chosen.problem };
        for (const { fingerprint, md5, host, publicKey } of chosen.chosen) {
          if (sshKeys.some((known) => known.fingerprint === fingerprint)) continue;
          const privateKey = await project.openSshKey(repository.id, fingerprint);
          if (privateKey !== null) sshKeys.push({ fingerprint, md5, host, publicKey, privateKey });
        }
      }
      await audit.append({
        who: 'roundhouse',
        from: `pipeline ${key.repositoryId}/${key.pipeline}`,
        action: 'key.used',
        subject: `job ${key.workflow}/${key.job} of ${repository.owner}/${repository.name}`,
        repositoryId: repository.id,
        personId: record.trigger.sender.id,
        details: { slice: key.slice, trust: record.trust, secrets: Object.keys(secrets), contexts: place.contexts, variables: Object.keys(variables), sshKeys: sshKeys.map(({ fingerprint }) => fingerprint) },
      });
      return { variables, secrets, sshKeys };
    },
  };

  async function openSecret(record: PipelineRecord, name: string): Promise<{ value: string } | { problem: string }> {
    const { repository, ref } = record.trigger;
    const armored = record.secretFiles?.[name];
    if (armored === undefined) return { problem: `secret ${name} is missing: there is no ${secretPath(name)} at this commit. Make it and commit it: roundhouse secrets set ${name}` };
    const opened = await keys.open(repository.id, armored);
    if ('problem' in opened) return { problem: `secret ${name}: ${secretPath(name)} ${opened.problem}` };
    const refused = refusalOf(opened.secret, { host, repositoryId: repository.id, name, trust: record.trust, ref, kid: opened.kid, now: now() });
    return refused === null ? { value: opened.secret.value } : { problem: `secret ${name}: ${secretPath(name)} ${refused}` };
  }
}

export const secretPath = (name: string): string => `${secretsFolder}/${name}.asc`;

/** Decided from the record alone: for code of strangers nothing is asked of the vault. */
function refusalOfFork({ trust }: PipelineRecord, job: PlanJob, place: WorkflowJob): Refusal | null {
  if (trust !== 'T0') return null;
  const [secret] = secretsOf(job);
  if (secret !== undefined) return { outcome: 'failed', reason: `secret ${secret} is not for pull requests of forks: a fork's code gets no secrets. Leave the job out for forks, or push the commit to a branch of this repository.` };
  const [context] = place.contexts;
  if (context !== undefined) return { outcome: 'unauthorized', reason: `context ${context} is not for pull requests of forks. Leave the job out for forks, or push the commit to a branch of this repository.` };
  if (job.steps.some(({ kind }) => kind === 'add_ssh_keys')) return { outcome: 'failed', reason: 'add_ssh_keys is not for pull requests of forks: a fork’s code gets no keys.' };
  if (repositoriesOf(job).length > 0) return { outcome: 'failed', reason: 'repositories of a checkout are not for pull requests of forks: a fork’s code reads this repository alone.' };
  return null;
}

/** A record of an earlier release has no owner's id, and then no contexts: they were refused. */
const ownerOf = ({ ownerId }: PipelineRecord): number => ownerId ?? 0;

function contextUse({ isTeamMember }: JobValuePorts, record: PipelineRecord): ContextUse {
  const { trigger, trust } = record;
  const { repository, sender } = trigger;
  return { repository, trust, sender, values: valuesOf(record), isTeamMember: (team) => isTeamMember(repository, team, sender) };
}

function valuesOf({ trigger, number, plan, repositoryUrl, pullRequestUrls, pullRequest }: PipelineRecord): ContextUse['values'] {
  const { repository } = trigger;
  return pipelineValues(trigger, number, {
    id: uuidOf('pipeline', repository.id, number),
    configPath: plan.source.path,
    repositoryUrl: repositoryUrl ?? `https://github.com/${repository.owner}/${repository.name}`,
    commitBody: null,
    pullRequestUrls: pullRequestUrls ?? [],
    ...(pullRequest && { pullRequest }),
  });
}

function jobOf({ plan }: PipelineRecord, key: JobKey): { job: PlanJob; place: WorkflowJob } {
  const place = plan.workflows.find(({ name }) => name === key.workflow)?.jobs.find(({ name }) => name === key.job);
  const job = place && plan.jobs[place.job];
  if (!place || !job) throw new Error(`the plan has no job ${key.job} in workflow ${key.workflow}`);
  return { job, place };
}
