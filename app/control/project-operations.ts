// How are a repository's variables, ssh keys and deploy key kept?

import * as z from 'zod';
import { variableName, variableValue } from './context-operations.ts';
import { fullName, operation, Refused, repositoryOf, type Asker, type Operation, type OperationPorts } from './operation.ts';
import type { Repository } from '../../config-schema/trigger.ts';

const repository = fullName;

export function projectOperations(ports: OperationPorts): Record<string, Operation> {
  const { project, audit, deployKeys } = ports;
  const noted = (asker: Asker, action: string, { id, owner, name }: Repository, details: Record<string, unknown>): Promise<void> =>
    audit.append({ ...asker, action, subject: `repository ${owner}/${name}`, repositoryId: id, details });

  return {
    'variables.list': operation(z.strictObject({ repository }), async (input) => ({ variables: await project.variables((await repositoryOf(ports, input.repository)).id) })),

    'variables.set': operation(z.strictObject({ repository, name: variableName, value: variableValue }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      await noted(asker, 'variable.set', found, { variable: input.name });
      await project.setVariable(found.id, input.name, input.value, asker.who);
      return {};
    }),

    'variables.unset': operation(z.strictObject({ repository, name: variableName }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      await noted(asker, 'variable.unset', found, { variable: input.name });
      if (!(await project.unsetVariable(found.id, input.name))) throw new Refused(`${input.repository} has no variable ${input.name}. See: roundhouse variables list ${input.repository}`);
      return {};
    }),

    'ssh-keys.list': operation(z.strictObject({ repository }), async (input) => ({ keys: await project.sshKeys((await repositoryOf(ports, input.repository)).id) })),

    'ssh-keys.add': operation(z.strictObject({ repository, host: z.string().nullable(), privateKey: z.string().max(65536) }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      if (input.host !== null && !ports.isSshHost(input.host)) throw new Refused(`--host ${input.host}: is no host name. Write it as in an address: github.com`);
      const described = ports.describeSshKey(input.privateKey);
      if ('problem' in described) throw new Refused(`what came in ${described.problem}`);
      const { publicKey, fingerprint, md5 } = described;
      await noted(asker, 'ssh-key.added', found, { fingerprint, host: input.host });
      await project.addSshKey(found.id, { fingerprint, md5, host: input.host, publicKey, changedBy: asker.who }, input.privateKey);
      return { fingerprint, md5, publicKey };
    }),

    'ssh-keys.remove': operation(z.strictObject({ repository, fingerprint: z.string() }), async (input, asker) => {
      const found = await repositoryOf(ports, input.repository);
      await noted(asker, 'ssh-key.removed', found, { fingerprint: input.fingerprint });
      if (!(await project.removeSshKey(found.id, input.fingerprint))) throw new Refused(`${input.repository} has no ssh key ${input.fingerprint}. See: roundhouse ssh-keys list ${input.repository}`);
      return {};
    }),

    'deploy-keys.list': operation(z.strictObject({}), async () => ({ keys: await deployKeys.list() })),

    'deploy-keys.rotate': operation(z.strictObject({ repository }), async (input, asker) => ({ key: await deployKeys.rotate(await repositoryOf(ports, input.repository), asker) })),

    'deploy-keys.remove': operation(z.strictObject({ repository }), async (input, asker) => ({ remains: await deployKeys.remove(await repositoryOf(ports, input.repository), 'an operator asked for it', asker) })),
  };
}
