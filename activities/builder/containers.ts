// Which containers does a job want, and with what do we sign in for their images?

import type { DockerExecutor, PlanImage, RegistryAuth } from '../../config-schema/plan.ts';
import { expandVariables } from './expand-variables.ts';
import type { RegistryLogin } from './image-store.ts';
import { SandboxError, type ContainerSpec, type SandboxSecrets } from './sandbox.ts';

/** Rejects with SandboxError 'unknown-image' when a person must act. `expand` puts in the values of variables. */
export type SignIn = (auth: RegistryAuth, expand: (text: string) => string, image: string) => Promise<RegistryLogin>;

export type Containers = { primary: ContainerSpec; sidecars: ContainerSpec[]; secrets: SandboxSecrets };

/** `$NAME` in images and logins stands for a variable of the project or a context. */
export async function containersOf({ sidecars, ...primary }: Omit<DockerExecutor, 'kind'>, variables: Record<string, string>, signIn: SignIn): Promise<Containers> {
  const logins: Record<string, RegistryLogin> = {};
  const containerOf = async (key: string, { auth, ...wanted }: PlanImage): Promise<ContainerSpec> => {
    const expand = (text: string): string => {
      const expanded = expandVariables(text, variables);
      if ('problem' in expanded) throw new SandboxError('unknown-image', `${key}: ${expanded.problem}`);
      return expanded.text;
    };
    const image = expand(wanted.image);
    if (auth !== null) logins[image] = await signIn(auth, expand, image);
    return { ...wanted, image };
  };
  const all = [primary, ...sidecars].map((image, index) => containerOf(`docker[${index}] ${image.image}`, image));
  const [first, ...others] = await Promise.all(all);
  return { primary: first!, sidecars: others, secrets: { logins } };
}
