// Which orbs does the operator's own mirror hold?

import { orbFileName, versionOfFile, type RegistryOrb } from '../../config-schema/orb-reference.ts';
import { OrbsUnavailable, shelfLink, type OrbLink } from '../control/orbs.ts';
import { fetchText, type Reach } from './orb-http.ts';

/**
 * A folder served by any web server, laid out as every orb folder. HTTP cannot list: for versions that are not exact, the file
 * NAMESPACE/NAME/versions.txt names the orb's files, one a line (`ls *.yml > versions.txt`); without it only exact versions are found,
 * and files that bear the partial version itself as their name.
 */
export function orbMirror(address: string, reach: Reach = {}): OrbLink {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  const get = async (orb: RegistryOrb, file: string): Promise<string | undefined> => {
    const url = new URL([orb.namespace, orb.name, file].map(encodeURIComponent).join('/'), base);
    const found = await fetchText({ url, mayFollow: (to) => to.host === base.host, ...reach });
    // What an operator set up wrongly, an operator can mend.
    if ('problem' in found) throw new OrbsUnavailable(`the orb mirror ${address} ${found.problem}`);
    return 'text' in found ? found.text : undefined;
  };
  return shelfLink(`the mirror ${address}`, {
    async versions(orb) {
      const list = await get(orb, 'versions.txt');
      return list === undefined ? guesses(orb) : list.split(/\s+/).flatMap((line) => versionOfFile(line) ?? (/^\d/.test(line) ? [line] : []));
    },
    read: (orb, version) => get(orb, orbFileName(version)),
  });
}

const guesses = ({ wanted }: RegistryOrb): string[] => [wanted.version];
