// Which orbs lie in a folder of this machine?

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orbFileName, versionOfFile } from '../../config-schema/orb-reference.ts';
import { shelfLink, type OrbLink } from '../control/orbs.ts';

/** The folder holds NAMESPACE/NAME/VERSION.yml; one that is not there holds nothing. */
export function orbFolder(folder: string, name = folder): OrbLink {
  return shelfLink(name, {
    versions: async (orb) => ((await readdir(join(folder, orb.namespace, orb.name)).catch(absent)) ?? []).flatMap((file) => versionOfFile(file) ?? []),
    read: (orb, version) => readFile(join(folder, orb.namespace, orb.name, orbFileName(version)), 'utf8').catch(absent),
  });
}

function absent(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}
