// `roundhouse orbs vendor`: which files must lie in the repository, so that its config needs nobody else's server?

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { orbReferences } from '../../config-schema/compile.ts';
import type { CompileOptions } from '../../config-schema/compile.ts';
import { childOf, entriesOf, stringOf, type Node } from '../../config-schema/language/node.ts';
import { collectProblems } from '../../config-schema/language/problems.ts';
import type { OrbSources } from '../../config-schema/language/processed.ts';
import { readYaml } from '../../config-schema/language/yaml.ts';
import { orbFileName, readOrbReference } from '../../config-schema/orb-reference.ts';
import { sampleValues } from '../../config-schema/pipeline-values.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { readSettings } from '../read-settings.ts';
import { printable } from './printable.ts';
import { readInput } from './config-input.ts';

export type VendorOptions = { config?: string; orbs: string[]; json?: true };

export type VendorPorts = {
  /** What is in the work tree stays, unless its version may change. */
  loadOrbsToVendor: (
    text: string,
    options: Omit<CompileOptions, 'orbs'>,
    from: { settings: Settings; orbReferences: typeof orbReferences; folders: readonly string[]; workTree: string; note: (sentence: string) => void },
  ) => Promise<OrbSources>;
};

/** Paths are from the top of the work tree. */
type Vendored = { written: VendoredOrb[]; kept: VendoredOrb[]; problems: { reference: string; message: string }[] };
type VendoredOrb = { reference: string; version: string; file: string; sha256: string; origin: string };

/** Writes what can be had, and tells the rest; exit code 2 when there is a rest. */
export async function vendorOrbs({ config, orbs: folders, json }: VendorOptions, { loadOrbsToVendor }: VendorPorts): Promise<void> {
  const settings = await readSettings();
  const { file, text, workTree, ref } = await readInput(config, { orbs: folders, param: [] }, settings.configPaths);
  const note = (sentence: string): void => void process.stderr.write(`${file}: note: ${printable(sentence)}\n`);
  const sources = await loadOrbsToVendor(text, { path: file, values: sampleValues(ref) }, { settings, orbReferences: everyOrb, folders, workTree, note });
  const done = await write(workTree, sources);

  if (json) process.stdout.write(`${JSON.stringify(done, null, 2)}\n`);
  else {
    for (const { reference, file, origin } of done.written) process.stdout.write(`wrote ${file}: ${printable(reference)}, from ${origin}\n`);
    for (const { reference, file } of done.kept) process.stdout.write(`kept ${file}: ${printable(reference)}\n`);
    for (const { message } of done.problems) process.stderr.write(`${file}: ${printable(message)}\n`);
    if (sources.size === 0) process.stdout.write(`${file} uses no orbs.\n`);
  }
  if (done.problems.length > 0) process.exitCode = 2;
}

/** Also those that nothing refers to for this branch: another branch may. */
export function everyOrb(text: string, options: CompileOptions): string[] {
  const orbs = options.orbs ?? new Map<string, never>();
  const texts = [text, ...[...orbs.values()].flatMap((orb) => ('text' in orb ? [orb.text] : []))];
  const named = texts.flatMap((each) => {
    const source = { path: options.path, text: each };
    return namedIn(readYaml(source, collectProblems(source)));
  });
  return [...new Set([...orbReferences(text, options), ...named])].filter((reference) => !orbs.has(reference));
}

/** References with a tag in them are known only where the config is compiled. */
const namedIn = (file: Node | undefined): string[] =>
  [...entriesOf(childOf(file, 'orbs'))].flatMap(([, { value }]) => {
    const reference = stringOf(value)?.trim();
    return reference === undefined ? namedIn(value) : reference === '' || reference.includes('<<') ? [] : [reference];
  });

async function write(workTree: string, sources: OrbSources): Promise<Vendored> {
  const done: Vendored = { written: [], kept: [], problems: [] };
  for (const [text, orb] of sources) {
    const reference = readOrbReference(text);
    if ('problem' in orb) {
      done.problems.push({ reference: text, message: `cannot find ${text}. ${orb.problem}` });
    } else if ('problem' in reference || reference.kind === 'address') {
      done.problems.push({ reference: text, message: `${text} is an address, which cannot lie in the repository. Save it as .circle/orbs/NAMESPACE/NAME/VERSION.yml under names of your own, and write NAMESPACE/NAME@VERSION in the config.` });
    } else {
      const file = join('.circle/orbs', reference.namespace, reference.name, orbFileName(orb.version));
      const path = join(workTree, file);
      const { version, sha256, origin } = orb;
      const isThere = (await readFile(path, 'utf8').catch(absent)) === orb.text;
      if (!isThere) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, orb.text);
      }
      const list = isThere ? done.kept : done.written;
      // Two references may mean one version.
      if (![...done.kept, ...done.written].some((each) => each.file === file)) list.push({ reference: text, version, file, sha256, origin });
    }
  }
  return done;
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
