// Which apps hear of an event, and what does every payload say of its surroundings?

import type { World } from './world.ts';
import type { Account, Installation, Repository } from './state.ts';
import { covers } from './state.ts';
import { installationLiteShape, organizationShape, repositoryHookShape, userShape } from './shapes.ts';

type Json = Record<string, unknown>;

/** To each app that is installed on the repository, with its own installation named. */
export function sendToAll(world: World, repository: Repository, event: string, sender: Account, payload: Json): void {
  for (const installation of installationsOn(world, repository)) {
    const { action, ...rest } = payload;
    // What the payload says of the repository wins: a push has a form of its own.
    const whole = { ...(action === undefined ? {} : { action }), ...surroundings(world, repository, sender, installation), ...rest };
    world.webhooks.send(installation.app, event, whole, { installation, repository });
  }
}

export const installationsOn = (world: World, repository: Repository): Installation[] => [...world.state.installations.values()].filter((installation) => installation.suspendedAt === null && covers(installation, repository));

/** The fields that nearly every payload ends with. */
export function surroundings(world: World, repository: Repository, sender: Account, installation: Installation | null): Json {
  return {
    repository: repositoryHookShape(world, repository),
    ...(repository.owner.type === 'Organization' ? { organization: organizationShape(world, repository.owner) } : {}),
    sender: userShape(world, sender),
    ...(installation === null ? {} : { installation: installationLiteShape(installation) }),
  };
}
