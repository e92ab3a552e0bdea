// What does a control process keep for its repositories, and how do those who ask for it hang together?

import type { Repository } from '../../config-schema/trigger.ts';
import type { Audit } from './audit.ts';
import { contextStore, type Contexts } from './contexts.ts';
import type { CodeAccess } from './code-access.ts';
import { deployKeys, type DeployKeys, type GitHubDeployKeys } from './deploy-keys.ts';
import type { Forge } from './forge.ts';
import { jobValues, type JobValues } from './job-values.ts';
import { projectStore, type ProjectStore } from './project-store.ts';
import { repositoryKeys, type RepositoryKeys, type SecretCipher } from './repository-keys.ts';
import { secretChanges } from './secret-changes.ts';
import type { Vault } from './vault.ts';

type Person = { id: number; login: string };

/** What must be asked of GitHub besides what a Forge answers. */
export type GitHubLookups = {
  deployKeys: GitHubDeployKeys;
  people: {
    isTeamMember(installationId: number, organization: string, team: string, person: Person): Promise<boolean>;
    mayRead(repository: Repository, person: Person): Promise<boolean>;
  };
  places: { sameInstallation(repository: Repository, owner: string, name: string): Promise<Repository | null> };
};

export type KeepingPorts = {
  vault: Vault;
  audit: Audit;
  cipher: SecretCipher;
  forge: Forge;
  github: GitHubLookups;
  /** Of GitHub. */
  host: string;
  publicUrl: string;
  /** By which right code is fetched. */
  checkout: 'token' | 'deploy-key';
  log: { warn(fields: object, message: string): void };
};

export type Keeping = {
  keys: RepositoryKeys;
  contexts: Contexts;
  project: ProjectStore;
  deployKeys: DeployKeys;
  values: JobValues;
  secretChanges: (repositoryId: number, before: Record<string, string>, after: Record<string, string>) => Promise<string[]>;
  code: CodeAccess;
};

export function keeping({ vault, audit, cipher, forge, github, host, publicUrl, checkout, log }: KeepingPorts): Keeping {
  const keys = repositoryKeys({ vault, cipher, host });
  const contexts = contextStore(vault);
  const project = projectStore(vault);
  const deploying = deployKeys({ vault, audit, github: github.deployKeys, publicUrl, log });
  const { people, places } = github;
  const further = (repository: Repository, fullName: string): Promise<Repository | null> => {
    const [owner = '', name = ''] = fullName.split('/');
    return places.sameInstallation(repository, owner, name);
  };
  return {
    keys,
    contexts,
    project,
    deployKeys: deploying,
    secretChanges: (repositoryId, before, after) => secretChanges({ keys, cipher }, repositoryId, before, after),
    code: {
      credential: (repository) => (checkout === 'deploy-key' ? deploying.credential(repository) : forge.credential(repository)),
      // One repository's job must not put a key onto another.
      furtherCredential: (repository) => forge.credential(repository),
      refused: (repository) => (checkout === 'deploy-key' ? deploying.checkStillThere(repository) : Promise.resolve(null)),
      further,
    },
    values: jobValues({
      host,
      keys,
      contexts,
      project,
      audit,
      isTeamMember: ({ installationId, owner }, team, person) => (installationId === null ? Promise.resolve(false) : people.isTeamMember(installationId, owner, team, person)),
      async repositoryRefusal(repository, fullName, person) {
        const found = await further(repository, fullName);
        const said = `the checkout names ${fullName}`;
        // The same sentence for what is not there and what may not be seen.
        if (!found || !(await people.mayRead(found, person))) return `${said}, which the installation of the GitHub App on ${repository.owner}/${repository.name} does not cover, or which ${person.login} may not read. Install the App there, or remove it from repositories.`;
        return null;
      },
    }),
  };
}
