// Which orbs lie in the repository itself, at the commit that is built?

import type { Repository } from '../../config-schema/trigger.ts';
import { orbFileName, versionOfFile } from '../../config-schema/orb-reference.ts';
import type { Forge } from './forge.ts';
import { shelfLink, type OrbLink } from './orbs.ts';

export const vendoredOrbsFolder = '.circle/orbs';

/** For one commit of one repository: what lies there answers for nobody else, so nothing of it is remembered. */
export function vendoredOrbs(forge: Pick<Forge, 'listFiles' | 'readFile'>, repository: Repository, sha: string): OrbLink {
  let listed: Promise<Set<string>> | undefined;
  const files = (): Promise<Set<string>> => (listed ??= forge.listFiles(repository, sha, vendoredOrbsFolder).then((paths) => new Set(paths)));
  return shelfLink(vendoredOrbsFolder, {
    async versions({ namespace, name }) {
      const folder = `${namespace}/${name}/`;
      return [...(await files())].flatMap((path) => (path.startsWith(folder) ? (versionOfFile(path.slice(folder.length)) ?? []) : []));
    },
    async read({ namespace, name }, version) {
      const path = `${namespace}/${name}/${orbFileName(version)}`;
      // The list says no for nothing; each look at a file is a question to the forge.
      return (await files()).has(path) ? ((await forge.readFile(repository, sha, `${vendoredOrbsFolder}/${path}`)) ?? undefined) : undefined;
    },
  });
}
