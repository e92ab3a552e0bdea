// What answers for GitHub before a GitHub App has been set up?

import { ForgeUnavailable, type Forge } from './forge.ts';

const refuse = (): Promise<never> => Promise.reject(new ForgeUnavailable('no GitHub App is configured: run `roundhouse setup`', 60));

/** Pipelines that are still open from before wait until there is an App again. */
export const noForge: Forge = { load: refuse, listFiles: refuse, readFolder: refuse, readFile: refuse, changedPaths: refuse, credential: refuse, report: refuse };

export const noLookups = {
  deployKeys: { addDeployKey: refuse, listDeployKeys: refuse, removeDeployKey: refuse, sshAccess: refuse },
  people: { isTeamMember: refuse, mayRead: refuse },
  places: { findRepository: refuse, findOwner: refuse, sameInstallation: refuse, headOf: refuse, listRepositories: refuse, listPushed: refuse },
};
