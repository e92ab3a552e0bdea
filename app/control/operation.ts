// What is one thing that an operator can ask of the control process, and what does it need?

import * as z from 'zod';
import type { Audit } from '../../activities/control/audit.ts';
import type { DeployKeys } from '../../activities/control/deploy-keys.ts';
import type { Contexts } from '../../activities/control/contexts.ts';
import type { ProjectStore } from '../../activities/control/project-store.ts';
import type { RepositoryKeys, SecretCipher } from '../../activities/control/repository-keys.ts';
import type { RepositorySettingsStore } from '../../activities/control/repository-settings.ts';
import type { Forgotten } from '../../activities/control/forget.ts';
import type { Rotation } from '../../activities/control/key-ring.ts';
import type { Vault } from '../../activities/control/vault.ts';
import type { Choices } from '../../config-schema/choices.ts';
import type { PipelineValues } from '../../config-schema/language/processed.ts';
import type { Repository } from '../../config-schema/trigger.ts';
import type { BuilderOperationPorts } from './builder-operations.ts';
import type { PageOperationPorts } from './page-operations.ts';
import type { Follow } from '../webhooks/followed.ts';

/** A sentence for the person who asked. */
export class Refused extends Error {
  override name = 'Refused';
}

/** Who asks, from where: as the command line says it. Whoever reaches the socket may read the data folder anyway. */
export type Asker = { who: string; from: string };

export type Operation = { input: z.ZodType; run: (input: never, asker: Asker) => Promise<unknown> };

export type OperationPorts = {
  vault: Vault;
  keys: RepositoryKeys;
  cipher: SecretCipher;
  contexts: Contexts;
  project: ProjectStore;
  audit: Audit;
  deployKeys: DeployKeys;
  /** The host of GitHub. */
  host: string;
  publicUrl: string;
  /** null: the App is not installed there. */
  findRepository: (owner: string, name: string) => Promise<Repository | null>;
  /** All on which the App is installed. */
  listRepositories: () => Promise<Repository[]>;
  repositorySettings: RepositorySettingsStore;
  follow: Follow;
  /** The installation's, where a repository has none of its own. */
  choices: Choices;
  findOwner: (login: string) => Promise<{ id: number; login: string } | null>;
  isSshHost: (host: string) => boolean;
  describeSshKey: (privateKey: string) => { publicKey: string; fingerprint: string; md5: string } | { problem: string };
  /** Wraps everything under a new key-encryption key, or under the first of the ring where the operator keeps it. */
  rotateKeyEncryptionKey: () => Promise<Rotation>;
  forgetRepository: (asked: Asker & { repositoryId: number }) => Promise<Forgotten>;
  forgetPerson: (asked: Asker & { personId: number; login: string }) => Promise<Forgotten>;
  newNonce: () => string;
  builders: BuilderOperationPorts['builders'];
  door: PageOperationPorts['door'];
  /** null: it can be judged. */
  faultOfExpression: (expression: string, values: PipelineValues) => string | null;
};

/** Defines an operation whose input is judged before it runs. */
export const operation = <Input>(input: z.ZodType<Input>, run: (input: Input, asker: Asker) => Promise<unknown>): Operation => ({ input, run: run as Operation['run'] });

export const fullName = z.string().regex(/^[\w.-]+\/[\w.-]+$/);

/** Throws Refused where the App is not installed. */
export async function repositoryOf({ findRepository }: Pick<OperationPorts, 'findRepository'>, name: string): Promise<Repository> {
  const [owner = '', repository = ''] = name.split('/');
  const found = await findRepository(owner, repository);
  if (!found) throw new Refused(`there is no ${name} on which the GitHub App is installed. Correct the name, or install the App there.`);
  return found;
}
