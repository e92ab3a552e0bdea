// What do people do with repositories, besides pushing?

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isoSeconds, type World } from '../world.ts';
import { covers, fullName, type Account, type Repository } from '../state.ts';
import { sendToAll } from '../announce.ts';
import { sendSelection } from '../apps.ts';
import { createBareRepository, git } from '../git.ts';
import { cloneUrl, sshUrl, userShape } from '../shapes.ts';
import type { GitHub, Place } from '../contract.ts';
import { type Lookup, missing } from './lookup.ts';
import { makeKey } from './people.ts';

type Deeds = Pick<GitHub, 'createRepository' | 'fork' | 'renameRepository' | 'transferRepository' | 'setVisibility' | 'setDefaultBranch' | 'deleteRepository' | 'addCollaborator' | 'removeCollaborator' | 'addDeployKey' | 'deployKeys' | 'removeDeployKey' | 'forbidDeployKeys' | 'allowDeployKeys' | 'protectBranch' | 'addRuleset'>;

export function repositoryDeeds(world: World, find: Lookup): Deeds {
  const { state } = world;
  const tell = (repository: Repository, payload: Record<string, unknown>): void => sendToAll(world, repository, 'repository', find.person(repository.owner), payload);
  return {
    createRepository: async ({ owner, name, ...wanted }) => place(world, await addRepository(world, find, find.account(owner), name, wanted)),
    async fork(name, user) {
      const parent = find.repository(name);
      const description = parent.description === null ? {} : { description: parent.description };
      return place(world, await addRepository(world, find, find.account(user), parent.name, { private: parent.private, defaultBranch: parent.defaultBranch, ...description, parent }));
    },
    renameRepository(name, to) {
      const repository = find.repository(name);
      const from = repository.name;
      repository.formerNames.push(from.toLowerCase());
      repository.name = to;
      tell(repository, { action: 'renamed', changes: { repository: { name: { from } } } });
    },
    transferRepository(name, to) {
      const repository = find.repository(name);
      const from = repository.owner;
      const losing = [...state.installations.values()].filter((installation) => covers(installation, repository));
      repository.owner = find.account(to);
      for (const installation of losing) {
        installation.repositoryIds.delete(repository.id);
        sendSelection(world, installation, 'removed', [], [repository], find.person(from));
      }
      for (const installation of state.installations.values()) if (covers(installation, repository)) sendSelection(world, installation, 'added', [repository], [], find.person(repository.owner));
      tell(repository, { action: 'transferred', changes: { owner: { from: from.type === 'User' ? { user: userShape(world, from) } : {} } } });
    },
    setVisibility(name, visibility) {
      const repository = find.repository(name);
      repository.private = visibility === 'private';
      tell(repository, { action: repository.private ? 'privatized' : 'publicized' });
    },
    async setDefaultBranch(name, branch) {
      const repository = find.repository(name);
      const from = repository.defaultBranch;
      await git(repository.path, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
      repository.defaultBranch = branch;
      tell(repository, { action: 'edited', changes: { default_branch: { from } } });
    },
    async deleteRepository(name) {
      const repository = find.repository(name);
      tell(repository, { action: 'deleted' });
      state.repositories.delete(repository.id);
      for (const installation of state.installations.values()) installation.repositoryIds.delete(repository.id);
      await rm(repository.path, { recursive: true, force: true });
    },
    addCollaborator: (name, user, permission) => void find.repository(name).collaborators.set(find.account(user).id, permission),
    removeCollaborator: (name, user) => void find.repository(name).collaborators.delete(find.account(user).id),
    addDeployKey(name, publicKey, { title, readOnly = true } = {}) {
      const key = makeKey(world, publicKey, readOnly);
      find.repository(name).deployKeys.push({ ...key, title: title ?? key.title });
    },
    deployKeys: (name) => find.repository(name).deployKeys.map(({ id, title, publicKey, readOnly }) => ({ id, title, publicKey, readOnly })),
    removeDeployKey(name, id) {
      const { deployKeys } = find.repository(name);
      const at = deployKeys.findIndex((key) => key.id === id);
      if (at < 0) missing(`deploy key ${id} of ${name}`);
      deployKeys.splice(at, 1);
    },
    forbidDeployKeys: (owner) => void state.withoutDeployKeys.add(find.account(owner).id),
    allowDeployKeys: (owner) => void state.withoutDeployKeys.delete(find.account(owner).id),
    async protectBranch(name, branch, wanted = {}) {
      const repository = find.repository(name);
      repository.protections.set(branch, { requiredChecks: wanted.requiredChecks ?? [], allowForcePushes: wanted.allowForcePushes ?? false, allowDeletions: wanted.allowDeletions ?? false, enforceAdmins: wanted.enforceAdmins ?? false });
      const yes = (value: boolean): string => (value ? 'yes' : 'no');
      const lines = [...repository.protections].map(([each, protection]) => `refs/heads/${each} ${yes(protection.allowForcePushes)} ${yes(protection.allowDeletions)}\n`);
      await writeFile(join(repository.path, 'protected-refs'), lines.join(''));
    },
    addRuleset(name, { name: title, refs, types }) {
      const id = state.nextId('ruleset');
      find.repository(name).rulesets.push({ id, name: title ?? `ruleset ${id}`, refs, types });
    },
  };
}

const place = (world: World, repository: Repository): Place => ({ id: repository.id, fullName: fullName(repository), sshUrl: sshUrl(world, repository), cloneUrl: cloneUrl(world, repository), path: repository.path });

type Wanted = { private?: boolean; defaultBranch?: string; description?: string; parent?: Repository };

async function addRepository(world: World, find: Lookup, owner: Account, name: string, wanted: Wanted): Promise<Repository> {
  if (!/^[\w.-]{1,100}$/.test(name) || name.endsWith('.git')) throw new Error(`${name} is not a name for a repository`);
  if ([...world.state.repositories.values()].some((other) => other.owner === owner && other.name.toLowerCase() === name.toLowerCase())) throw new Error(`${owner.login}/${name} exists already`);
  const id = world.state.nextId('repository');
  const now = isoSeconds(world.now());
  const repository: Repository = {
    id,
    owner,
    name,
    private: wanted.private ?? false,
    defaultBranch: wanted.defaultBranch ?? 'main',
    description: wanted.description ?? null,
    path: join(world.folder, `${id}.git`),
    createdAt: now,
    updatedAt: now,
    pushedAt: null,
    parent: wanted.parent ?? null,
    collaborators: new Map(),
    deployKeys: [],
    protections: new Map(),
    rulesets: [],
    formerNames: [],
    nextNumber: 1,
  };
  await createBareRepository(repository.path, repository.defaultBranch);
  if (repository.parent !== null) await git(repository.path, ['fetch', '--quiet', repository.parent.path, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  world.state.repositories.set(id, repository);
  const sender = find.person(owner);
  // An installation on all repositories gains this one.
  for (const installation of world.state.installations.values()) {
    if (installation.account === owner && installation.selection === 'all') sendSelection(world, installation, 'added', [repository], [], sender);
  }
  sendToAll(world, repository, 'repository', sender, { action: 'created' });
  return repository;
}
