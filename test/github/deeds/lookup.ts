// Who or what is meant by a name?

import type { World } from '../world.ts';
import { type Account, type App, type CheckRun, findAccount, findRepository, type Installation, type PullRequest, type Repository } from '../state.ts';

/** What is not there is thrown: a test that misspells a name shall hear of it. */
export type Lookup = {
  account(login: string): Account;
  /** `OWNER/NAME` */
  repository(name: string): Repository;
  pull(repository: string, number: number): PullRequest;
  run(id: number): CheckRun;
  app(id: number): App;
  /** Of the first app. */
  installation(owner: string): Installation;
  /** Who acts for an account: itself, or somebody of an organization, because organizations do nothing themselves. */
  person(account: Account): Account;
};

export function lookup({ state }: World): Lookup {
  const account = (login: string): Account => findAccount(state, login) ?? missing(`account ${login}`);
  const repository = (name: string): Repository => findRepository(state, name.split('/')[0] ?? '', name.split('/')[1] ?? '') ?? missing(`repository ${name}`);
  return {
    account,
    repository,
    pull: (name, number) => state.pulls.find((pull) => pull.repository === repository(name) && pull.number === number) ?? missing(`pull request ${name}#${number}`),
    run: (id) => state.runs.get(id) ?? missing(`check run ${id}`),
    app: (id) => state.apps.get(id) ?? missing(`app ${id}`),
    installation(owner) {
      const [first] = state.apps.values();
      return [...state.installations.values()].find((installation) => installation.account === account(owner) && installation.app === first) ?? missing(`installation on ${owner}`);
    },
    person: (of) => (of.type === 'User' ? of : (state.accounts.get([...of.members.keys()][0] ?? -1) ?? of)),
  };
}

export function missing(what: string): never {
  throw new Error(`the local GitHub has no ${what}`);
}
