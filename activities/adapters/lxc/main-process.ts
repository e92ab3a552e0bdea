// What does a container run besides the steps? Docker's rules, and of the primary, which is there for the steps, nothing that nobody asked for.

import type { MainProcess } from '../../../sandbox-agent/protocol.ts';
import type { Image } from '../../builder/image-store.ts';
import type { ContainerSpec } from '../../builder/sandbox.ts';

/** By it an author says that steps need what the image's entrypoint does. */
const keepsEntrypoint = 'com.circleci.preserve-entrypoint';
/** Whose process the entrypoint is where the steps have another user. */
export const asEntrypointUser = 'roundhouse.entrypoint-user';
/** A file that the entrypoint makes, before which no step begins. */
export const entrypointMakes = 'roundhouse.entrypoint-makes';

export function primaryProcess(container: ContainerSpec, image: Image, hostname: string): MainProcess | null {
  const wanted = container.entrypoint !== null || container.command !== null || image.config.labels[keepsEntrypoint] === 'true';
  const process = mainProcess(container, image, hostname);
  return wanted && process.argv.length > 0 ? process : null;
}

/** An entrypoint of the config's goes without the command of the image, which was meant for another one. */
export function mainProcess({ entrypoint, command, user, environment }: ContainerSpec, { config }: Image, hostname: string): MainProcess {
  return {
    argv: [...(entrypoint ?? config.entrypoint), ...(command ?? (entrypoint === null ? config.command : []))],
    env: { HOSTNAME: hostname, ...config.environment, ...environment },
    cwd: config.workingDirectory || '/',
    user: user ?? config.labels[asEntrypointUser] ?? config.user,
    makes: entrypoint === null ? (config.labels[entrypointMakes] ?? null) : null,
  };
}
