// How do users, organizations and teams come to be?

import { isoSeconds, type World } from '../world.ts';
import type { Account, SshKey } from '../state.ts';
import { findAccount } from '../state.ts';
import { apiWords } from '../server.ts';
import { issueUserToken } from '../tokens.ts';
import type { GitHub } from '../contract.ts';
import type { Lookup } from './lookup.ts';

type Deeds = Pick<GitHub, 'createUser' | 'createOrganization' | 'createTeam' | 'renameUser' | 'addKey'>;

export function peopleDeeds(world: World, find: Lookup): Deeds {
  const { state } = world;
  return {
    createUser(login, details = {}) {
      const email = details.email ?? `${login}@example.com`;
      const user = addAccount(world, login, 'User', details.name ?? null, email);
      return { id: user.id, login, email, token: issueUserToken(world, user, null) };
    },
    createOrganization(login, members = {}) {
      const organization = addAccount(world, login, 'Organization', login, null);
      for (const [member, role] of Object.entries(members)) organization.members.set(find.account(member).id, role);
      return { id: organization.id, login };
    },
    createTeam(organization, name, members = []) {
      const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      state.teams.push({ id: state.nextId('team'), organization: find.account(organization), slug, name, members: new Map(members.map((login) => [find.account(login).id, 'member'])) });
    },
    renameUser(login, to) {
      checkLogin(world, to);
      find.account(login).login = to;
    },
    addKey: (user, publicKey) => void find.account(user).keys.push(makeKey(world, publicKey, false)),
  };
}

/** What comes first in the path of a page or an API request. */
const reserved = new Set([...apiWords, 'apps', 'avatars', 'login', 'organizations', 'settings']);

export function addAccount(world: World, login: string, type: 'User' | 'Organization', name: string | null, email: string | null): Account {
  checkLogin(world, login);
  const added: Account = { id: world.state.nextId('account'), login, type, name, email, createdAt: isoSeconds(world.now()), keys: [], members: new Map() };
  world.state.accounts.set(added.id, added);
  return added;
}

function checkLogin({ state }: World, login: string): void {
  if (findAccount(state, login) !== undefined || reserved.has(login.toLowerCase()) || !/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/.test(login)) throw new Error(`the name ${login} is taken or not allowed`);
}

export function makeKey(world: World, publicKey: string, readOnly: boolean): SshKey {
  const text = publicKey.trim();
  return { id: world.state.nextId('key'), title: text.split(' ')[2] ?? '', publicKey: text, readOnly, createdAt: isoSeconds(world.now()) };
}
