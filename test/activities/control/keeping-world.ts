// A control process's keys without GitHub: a real vault in a folder, real OpenPGP, and a record of a pipeline as `load` stores it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { openKeyRing } from '../../../activities/adapters/key-encryption-key.ts';
import * as openpgp from '../../../activities/adapters/openpgp.ts';
import type { PipelineRecord } from '../../../activities/control/activities.ts';
import { contextStore, type Contexts } from '../../../activities/control/contexts.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { jobValues, type JobValues } from '../../../activities/control/job-values.ts';
import { projectStore, type ProjectStore } from '../../../activities/control/project-store.ts';
import { repositoryKeys, type RepositoryKeys } from '../../../activities/control/repository-keys.ts';
import { sealedVault, type SealedVault } from '../../../activities/control/sealed-vault.ts';
import { compileConfig } from '../../../config-schema/compile.ts';
import { pipelineValues } from '../../../config-schema/pipeline-values.ts';
import { secretText, type UnpaddedSecret } from '../../../config-schema/secret.ts';
import { noCommit, type Repository, type Trigger, type TrustLevel } from '../../../config-schema/trigger.ts';
import { memoryAudit } from '../../fakes/audit.ts';

export const host = 'github.com';
export const ownerId = 583_231;
export const shop: Repository = { id: 1_296_269, owner: 'acme', name: 'shop', private: true, defaultBranch: 'main', installationId: 1 };
export const ada = { id: 7, login: 'ada' };

export type KeepingWorld = {
  folder: string;
  vault: SealedVault;
  keys: RepositoryKeys;
  contexts: Contexts;
  project: ProjectStore;
  audit: ReturnType<typeof memoryAudit>;
  values: JobValues;
  /** People in teams, as `team login`. */
  members: Set<string>;
  /** Further repositories that the author may read. */
  readable: Set<string>;
  /** All uses of the vault so far. */
  uses(): number;
  /** The same folder, as another process finds it. */
  again(): KeepingWorld;
  /** As somebody's machine encrypts it. */
  encrypt(name: string, value: string, change?: Partial<UnpaddedSecret>, repository?: Repository): Promise<string>;
  close(): Promise<void>;
};

export async function keepingWorld(at?: string, now: () => number = Date.now): Promise<KeepingWorld> {
  const folder = at ?? (await mkdtemp(join(tmpdir(), 'rh-keeping-')));
  return open(folder, now, new Set(), new Set());
}

function open(folder: string, now: () => number, members: Set<string>, readable: Set<string>): KeepingWorld {
  const vault = sealedVault({ store: fileStore(join(folder, 'store')), ring: openKeyRing({ kekFile: join(folder, 'kek.keys'), kek: null, kekCommand: null }, {}) });
  const keys = repositoryKeys({ vault, cipher: openpgp, host, now });
  const contexts = contextStore(vault);
  const project = projectStore(vault);
  const audit = memoryAudit();
  const values = jobValues({
    host,
    keys,
    contexts,
    project,
    audit,
    now,
    async isTeamMember(_repository, team, { login }) {
      if (team === 'hidden') throw new Error('GitHub does not let the App read the teams of acme.');
      if (team === 'away') throw new ForgeUnavailable('GitHub is away', null);
      return members.has(`${team} ${login}`);
    },
    repositoryRefusal: (_repository, fullName) => Promise.resolve(readable.has(fullName) ? null : `the checkout names ${fullName}, which nobody may read`),
  });
  return {
    folder,
    vault,
    keys,
    contexts,
    project,
    audit,
    values,
    members,
    readable,
    uses: () => Object.values(vault.uses()).reduce((sum, count) => sum + count, 0),
    again: () => open(folder, now, members, readable),
    async encrypt(name, value, change = {}, repository = shop) {
      const key = await keys.current(repository);
      return openpgp.encryptTo([key.publicKey], secretText({ v: 1, host, repo_id: repository.id, name, min_trust: 'T1', refs: [], kid: key.fingerprint, nonce: randomBytes(16).toString('base64url'), created: new Date(now()).toISOString(), value, ...change }));
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** The record of a pipeline of this config; its one job is `build` in the workflow `ci` unless the config says otherwise. */
export function recordOf(config: string, { trust = 'T2', ref = 'refs/heads/main', secretFiles = {}, repository = shop }: { trust?: TrustLevel; ref?: string; secretFiles?: Record<string, string>; repository?: Repository } = {}): PipelineRecord {
  const trigger: Trigger = { event: 'push', deliveryId: 'd', receivedAt: new Date().toISOString(), repository, ref, before: noCommit, sha: 'a'.repeat(40), sender: ada, commit: { subject: 'x', authorLogin: 'ada' }, pullRequest: null };
  const facts = { id: '0', configPath: '.circle.yml', repositoryUrl: 'https://github.com/acme/shop', commitBody: '', pullRequestUrls: [] };
  const compiled = compileConfig(config, { path: '.circle.yml', values: pipelineValues(trigger, 1, facts) });
  assert.ok('plan' in compiled, JSON.stringify(compiled));
  return { version: 1, number: 1, trigger, trust, plan: compiled.plan, ownerId, secretFiles };
}

export const jobKey = { repositoryId: shop.id, pipeline: 1, workflow: 'ci', job: 'build' };
