// May we fetch an orb from the address that a config names, and what is there?

import { orbSource, type OrbLink } from '../control/orbs.ts';
import { fetchText, type Reach } from './orb-http.ts';

/**
 * Anybody who can push can name an address, so only hosts that the operator listed are asked, at the first hop and after each redirect,
 * by https and without any credential. The list is of exact hosts and empty by default. A private address is fetched when its host is
 * on the list, and never otherwise: an own GitHub Enterprise Server is what the list is for, and a listed name is trusted with where it
 * points.
 */
export function orbAddresses(hosts: readonly string[], reach: Reach = {}): OrbLink {
  const listed = new Set(hosts.map((host) => host.toLowerCase()));
  const mayAsk = (url: URL): boolean => url.protocol === 'https:' && listed.has(url.host);
  return {
    name: null,
    async find(reference) {
      if (reference.kind !== 'address') return null;
      const { url, text } = reference;
      if (!mayAsk(url)) {
        return { problem: `Orbs may not come from ${url.host}. Ask the operator to add ${url.host} to orbHosts in roundhouse.yml (ROUNDHOUSE_ORB_HOSTS), or lay the source into the repository as .circle/orbs/NAMESPACE/NAME/VERSION.yml and refer to it so.` };
      }
      const found = await fetchText({ url, mayFollow: mayAsk, ...reach });
      if ('text' in found) return orbSource(text, found.text, url.host);
      return { problem: `${url.host} ${'problem' in found ? found.problem : 'has nothing there'}. Check the address.` };
    },
  };
}
