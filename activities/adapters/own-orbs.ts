// Which orbs does Roundhouse bring along, because those of the registry ask an API that no sandbox can reach?

import { readFileSync } from 'node:fs';
import { orbSource, type OrbLink } from '../control/orbs.ts';
import type { Wanted } from '../../config-schema/orb-reference.ts';

/** Highest major that is known; each offers what the highest offers. */
const carried: Record<string, number> = { 'circleci/continuation': 2, 'circleci/path-filtering': 3 };

/** They stand in for every release of the majors that there are, whatever the exact version. */
export const ownOrbs: OrbLink = {
  name: null,
  find(reference) {
    const name = reference.kind === 'registry' ? `${reference.namespace}/${reference.name}` : '';
    const highest = carried[name];
    if (reference.kind !== 'registry' || highest === undefined || !isMeant(reference.wanted, highest)) return Promise.resolve(null);
    const text = readFileSync(new URL(`own-orbs/${name}.yml`, import.meta.url), 'utf8');
    return Promise.resolve(orbSource(reference.wanted.version, text, 'Roundhouse, in place of the one in the registry'));
  },
};

const isMeant = ({ kind, version }: Wanted, highest: number): boolean => kind === 'volatile' || (kind !== 'dev' && Number(version.split('.')[0]) <= highest);
