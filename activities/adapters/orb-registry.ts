// Which orbs does the public registry have? It answers one published GraphQL query.

import { z } from 'zod';
import { fits } from '../../config-schema/orb-reference.ts';
import { OrbsUnavailable, orbSource, type OrbLink } from '../control/orbs.ts';
import { fetchText, type Reach } from './orb-http.ts';

const query = 'query($orbVersionRef: String!) { orbVersion(orbVersionRef: $orbVersionRef) { id version orb { id name } source createdAt } }';

const answers = z.object({
  data: z.object({ orbVersion: z.object({ version: z.string(), source: z.string() }).nullish() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).nullish(),
});

export function orbRegistry(address: string, reach: Reach = {}): OrbLink {
  const url = new URL(address);
  const name = `the registry ${address}`;
  return {
    name,
    async find(reference) {
      if (reference.kind === 'address') return null;
      const found = await fetchText({ url, body: { query, variables: { orbVersionRef: reference.text } }, mayFollow: (to) => to.host === url.host, ...reach });
      if (!('text' in found)) throw new OrbsUnavailable(`${name} ${'problem' in found ? found.problem : 'is not there'}`);
      const { data, errors } = readAnswer(name, found.text);
      const orb = data?.orbVersion;
      // It refuses what it takes for a wrong reference: that is the user's to hear.
      if (!orb && errors?.length) return { problem: `The registry said: ${errors[0]!.message.slice(0, 300)}` };
      if (!orb) return null;
      if (!fits(reference.wanted, orb.version)) throw new OrbsUnavailable(`${name} was asked for ${reference.text} and sent version ${orb.version.slice(0, 50)}`);
      return orbSource(orb.version, orb.source, name);
    },
  };
}

function readAnswer(name: string, text: string): z.infer<typeof answers> {
  try {
    return answers.parse(JSON.parse(text));
  } catch (cause) {
    throw new OrbsUnavailable(`${name} sent something that is not an answer`, { cause });
  }
}
