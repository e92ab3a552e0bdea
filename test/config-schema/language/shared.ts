// Where are configs and orbs of other people, to try the compiler on? They lie beside the project where it is developed, and are not ours to carry.

import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orbReferences } from '../../../config-schema/compile.ts';
import type { OrbSource, OrbSources } from '../../../config-schema/language/processed.ts';

export const sharedFolder = join(import.meta.dirname, '../../../../shared');

/** For `skip:` of a suite: false where the data are there. */
export const absent = !existsSync(sharedFolder) && 'there is no ../shared beside the project';

export const sharedFiles = (pattern: string): string[] => (absent ? [] : globSync(pattern, { cwd: sharedFolder }).sort());

export const sharedText = (path: string): string => readFileSync(join(sharedFolder, path), 'utf8');

/** Every orb that its index maps to a file, by the reference. */
export function sharedOrbs(): OrbSources {
  const [heading = '', ...rows] = sharedText('orbs/INDEX.tsv').trimEnd().split('\n');
  const columns = heading.split('\t');
  const orbs = new Map<string, OrbSource>();
  for (const row of rows) {
    const cells = row.split('\t');
    const cell = (column: string): string => cells[columns.indexOf(column)] ?? '';
    if (cell('file') === '' || !existsSync(join(sharedFolder, 'orbs', cell('file')))) continue;
    const text = sharedText(`orbs/${cell('file')}`);
    const version = /^\d/.test(cell('resolved')) ? cell('resolved') : cell('reference');
    orbs.set(cell('reference'), { version, text, sha256: createHash('sha256').update(text).digest('hex'), origin: '../shared/orbs' });
  }
  return orbs;
}

/** Those orbs that the text needs; one that nobody has is said to be missing, as it would be by a registry. */
export function orbsFor(text: string, path: string, all: OrbSources): OrbSources {
  const orbs = new Map<string, OrbSource | { problem: string }>();
  for (;;) {
    const missing = orbReferences(text, { path, orbs }).filter((reference) => !orbs.has(reference));
    if (missing.length === 0) return orbs;
    for (const reference of missing) orbs.set(reference, all.get(reference) ?? { problem: `Cannot find ${reference} in the orb registry. Check that the namespace, orb name and version are correct.` });
  }
}
