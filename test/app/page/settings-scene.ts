// Pages of settings with the real operations over a store in a folder, a real audit log, and people of all kinds.

import type { TestContext } from 'node:test';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileHighWater } from '../../../activities/adapters/audit-head.ts';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { openKeyRing } from '../../../activities/adapters/key-encryption-key.ts';
import * as openpgp from '../../../activities/adapters/openpgp.ts';
import { makeAuditKey } from '../../../activities/control/audit-chain.ts';
import { auditLog } from '../../../activities/control/audit-log.ts';
import { matches, readAudit } from '../../../activities/control/audit-read.ts';
import { verifyAudit } from '../../../activities/control/audit-verify.ts';
import { contextStore, faultOfExpression } from '../../../activities/control/contexts.ts';
import { deployKeys, type GitHubDeployKey, type GitHubDeployKeys } from '../../../activities/control/deploy-keys.ts';
import { ForgeUnavailable } from '../../../activities/control/forge.ts';
import { projectStore } from '../../../activities/control/project-store.ts';
import { repositoryKeys } from '../../../activities/control/repository-keys.ts';
import { repositorySettings } from '../../../activities/control/repository-settings.ts';
import { sealedVault } from '../../../activities/control/sealed-vault.ts';
import { rememberName } from '../../../activities/repository-name.ts';
import { describeSshKey, isSshHost } from '../../../activities/ssh-key.ts';
import { knownRepository } from '../../../app/builds.ts';
import { contextOperations } from '../../../app/control/context-operations.ts';
import type { Asker, OperationPorts } from '../../../app/control/operation.ts';
import { projectOperations } from '../../../app/control/project-operations.ts';
import { repositoryOperations } from '../../../app/control/repository-operations.ts';
import { secretOperations } from '../../../app/control/secret-operations.ts';
import { runOperation } from '../../../app/control/run-operation.ts';
import { GitHubIsAway, nobody, type Access, type Permission, type Viewer } from '../../../app/page/access/access.ts';
import type { Repository } from '../../../config-schema/trigger.ts';
import type { Follow } from '../../../app/webhooks/followed.ts';
import { setUp } from './scene.ts';

export const rocket: Repository = { id: 42, owner: 'acme', name: 'rocket', private: true, defaultBranch: 'main', installationId: 1 };
const plans: Repository = { id: 43, owner: 'acme', name: 'secret-plans', private: true, defaultBranch: 'main', installationId: 1 };
const spring: Repository = { id: 44, owner: 'bob', name: 'spring', private: false, defaultBranch: 'trunk', installationId: 2 };

const person = (id: number, login: string): Viewer => ({ ...nobody, person: { id, login }, who: `github:${id} ${login}`, csrf: `csrf-of-${login}` });
const viewers = {
  operator: { ...nobody, who: 'operator at this machine', operator: true, csrf: 'csrf-of-operator' },
  ada: person(7, 'ada'),
  wim: person(8, 'wim'),
  rita: person(9, 'rita'),
  stranger: person(10, 'stranger'),
  anonymous: nobody,
  local: { ...nobody, who: 'somebody at this machine', local: true },
} satisfies Record<string, Viewer>;
export type Name = keyof typeof viewers;
const rights: Record<string, Record<number, Permission>> = { ada: { 42: 'admin', 44: 'read' }, wim: { 42: 'write', 44: 'read' }, rita: { 42: 'read', 44: 'read' }, stranger: { 44: 'read' } };

export const secret = 'hunter2-in-the-clear';
export const hostile = '"><script>alert(1)</script>';

export async function world(t: TestContext, { follow = 'all' as Follow, isAway = () => false }: { follow?: Follow; isAway?: () => boolean } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rh-settings-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = fileStore(join(folder, 'store'));
  const vault = sealedVault({ store, ring: openKeyRing({ kekFile: join(folder, 'kek.keys'), kek: null, kekCommand: null }, {}) });
  const key = makeAuditKey();
  const highWater = fileHighWater(join(folder, 'audit-head'));
  const audit = auditLog({ store, highWater, signingKey: () => Promise.resolve(key) });
  const reading = { store, highWater, publicKeys: [key.publicKey] };
  const installed = [rocket, plans, spring];
  const onGitHub: GitHubDeployKey[] = [];
  const lookingUp = <T>(found: T): Promise<T> => (isAway() ? Promise.reject(new ForgeUnavailable('GitHub could not be reached', 5)) : Promise.resolve(found));
  const publicUrl = 'https://ci.example';
  const operationPorts = {
    vault,
    audit,
    cipher: openpgp,
    keys: repositoryKeys({ vault, cipher: openpgp, host: 'github.com' }),
    contexts: contextStore(vault),
    project: projectStore(vault),
    deployKeys: deployKeys({ vault, audit, github: fakeDeployKeys(onGitHub), publicUrl, log: { warn: () => undefined } }),
    host: 'github.com',
    publicUrl,
    findRepository: (owner, name) => lookingUp(installed.find((each) => `${each.owner}/${each.name}`.toLowerCase() === `${owner}/${name}`.toLowerCase()) ?? null),
    findOwner: (login) => lookingUp(login.toLowerCase() === 'acme' ? { id: 500, login: 'acme' } : null),
    listRepositories: () => lookingUp(installed),
    repositorySettings: repositorySettings(store),
    follow,
    choices: { autoCancel: 'branches', forks: 'never', pipelinesAtOnce: 50 },
    isSshHost,
    describeSshKey,
    faultOfExpression,
    newNonce: () => randomBytes(16).toString('base64url'),
  } as Partial<OperationPorts> as OperationPorts;
  const known = new Map(Object.entries({ ...secretOperations(operationPorts), ...contextOperations(operationPorts), ...projectOperations(operationPorts), ...repositoryOperations(operationPorts) }));

  const access: Access = {
    viewer: (req) => Promise.resolve(viewers[(req.headers['x-viewer'] as Name | undefined) ?? 'anonymous']),
    permission: async (viewer, { id }) => {
      if (isAway() && !viewer.operator) throw new GitHubIsAway('GitHub does not answer');
      return viewer.operator ? 'admin' : viewer.local ? 'read' : (rights[viewer.person?.login ?? '']?.[id] ?? 'none');
    },
    signInPath: (path) => `/-/sign-in?to=${encodeURIComponent(path)}`,
  };
  const scene = await setUp(t, {
    ports: {
      access,
      repository: (owner, name) => knownRepository(store, owner, name),
      ask: async <Answer>(name: string, input: unknown, asker: Asker) => (await runOperation(known.get(name)!, input, asker)) as Answer,
      installation: { version: '1.2.3', publicUrl, settings: { port: 3000, orbMirror: 'https://user:pa55@mirror.example/', checkout: 'deploy-key', privateKey: undefined }, isInEnvironment: (name) => name === 'PORT' },
      audit: { read: (options) => readAudit(reading, options), matches, verify: () => verifyAudit(reading) },
    },
  });
  await rememberName(store, rocket, '2026-01-01T00:00:00Z');
  await rememberName(store, plans, '2026-01-01T00:00:00Z');

  /** Everything that was ever answered: what is secret must not be in it. */
  const answers: string[] = [];
  const asked = async (path: string, init: RequestInit, as: Name) => {
    const answer = await fetch(`${scene.url}${path}`, { redirect: 'manual', ...init, headers: { 'x-viewer': as, ...(init.headers as Record<string, string>) } });
    const text = await answer.text();
    answers.push(text, ...[...answer.headers].map(([name, value]) => `${name}: ${value}`));
    return { status: answer.status, text, location: answer.headers.get('location') };
  };
  return {
    ...scene,
    store,
    answers,
    installed,
    onGitHub,
    append: audit.append,
    open: (as: Name, path: string) => asked(path, {}, as),
    post: (as: Name, path: string, fields: Record<string, string> = {}, csrf = viewers[as].csrf ?? '') => asked(path, { method: 'POST', body: new URLSearchParams({ ...fields, csrf }) }, as),
    variables: () => projectStore(vault).variableValues(42),
    sshKeys: () => projectStore(vault).sshKeys(42),
    contextValues: (context: string) => contextStore(vault).values(500, context),
    async events() {
      const events = [];
      for await (const { event } of readAudit(reading)) if (event) events.push(event);
      return events;
    },
  };
}

/** GitHub as far as deploy keys go. */
function fakeDeployKeys(keys: GitHubDeployKey[]): GitHubDeployKeys {
  let id = 0;
  return {
    async addDeployKey(_repository, { title, publicKey }) {
      keys.push({ id: ++id, title, publicKey, readOnly: true, enabled: true });
      return { id };
    },
    listDeployKeys: () => Promise.resolve([...keys]),
    async removeDeployKey(_repository, gone) {
      keys.splice(keys.findIndex((each) => each.id === gone), 1);
      return null;
    },
    sshAccess: () => Promise.resolve({ url: 'ssh://git@github.com/acme/rocket.git', knownHosts: '' }),
  };
}
