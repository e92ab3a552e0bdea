// Which orb does a reference mean, and which of its versions answers it?

/** What stands behind an alias in `orbs:`. */
export type OrbReference = RegistryOrb | AddressOrb;

/** `circleci/node@5.0.2`, `@5.0`, `@5`, `@volatile`, `@dev:label`. */
export type RegistryOrb = { kind: 'registry'; text: string; namespace: string; name: string; wanted: Wanted };

/** An orb's YAML at an address of its own. */
export type AddressOrb = { kind: 'address'; text: string; url: URL };

export type Wanted =
  /** One release, which never changes. */
  | { kind: 'exact'; version: string }
  /** The highest release that begins so: `5` or `5.0`. */
  | { kind: 'partial'; version: string }
  /** The highest release. */
  | { kind: 'volatile'; version: 'volatile' }
  /** What was last published under the label, which changes. */
  | { kind: 'dev'; version: string };

const namePattern = /^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$/;
const longestName = 100;
/** Percent-encoded and with its ending, a label must be the name of a file. */
const longestLabel = 200;

/** The reference as it was written, or the sentence on what is wrong with it. */
export function readOrbReference(text: string): OrbReference | { problem: string } {
  if (/^[a-z]+:\/\//i.test(text)) return readAddress(text);
  const [, namespace, name, version] = /^([^/@\s]+)\/([^/@\s]+)@(\S+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined || version === undefined) return { problem: `${quoted(text)} is not a reference to an orb. ${forms}` };
  const odd = [namespace, name].find((part) => !namePattern.test(part) || part.length > longestName);
  if (odd !== undefined) return { problem: `${quoted(text)} is not a reference to an orb: ${quoted(odd)} is not a name of letters, digits, \`-\` and \`_\`. ${forms}` };
  const wanted = readVersion(version);
  return wanted ? { kind: 'registry', text, namespace, name, wanted } : { problem: `${quoted(text)} is not a reference to an orb: ${quoted(version)} is not a version. ${forms}` };
}

const forms = 'Write NAMESPACE/NAME@1.2.3 (or @1.2, @1, @volatile, @dev:LABEL), or an https:// address.';

/** Somebody else's text, as short as a message can bear. */
const quoted = (text: string): string => `'${text.length > 120 ? `${text.slice(0, 120)}…` : text}'`;

function readAddress(text: string): AddressOrb | { problem: string } {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') return { problem: `${quoted(text)} is not an https:// address. Orbs are fetched by https alone; put it on a server that speaks it, or lay its source into the repository: .circle/orbs/NAMESPACE/NAME/VERSION.yml.` };
  if (url.username !== '' || url.password !== '') return { problem: 'The address of an orb must not hold a name or a password. Remove them; lay the source of a private orb into the repository: .circle/orbs/NAMESPACE/NAME/VERSION.yml.' };
  return { kind: 'address', text, url };
}

function readVersion(version: string): Wanted | undefined {
  if (/^\d+[.]\d+[.]\d+$/.test(version)) return { kind: 'exact', version };
  if (/^\d+([.]\d+)?$/.test(version)) return { kind: 'partial', version };
  if (version === 'volatile') return { kind: 'volatile', version };
  return /^dev:./.test(version) && encodeURIComponent(version.toWellFormed()).length <= longestLabel ? { kind: 'dev', version } : undefined;
}

/**
 * Which of the versions of one orb is meant: of releases the highest that fits. A place that keeps a file for the partial version
 * itself (`5.yml`) answers with that when it has no release that fits.
 */
export function chooseVersion(wanted: Wanted, versions: readonly string[]): string | undefined {
  const highest = wanted.kind === 'exact' || wanted.kind === 'dev' ? undefined : versions.filter((version) => fits(wanted, version)).sort(byNumbers).at(-1);
  return highest ?? versions.find((version) => version === wanted.version);
}

/** Whether an answer that calls itself by this version can be meant. */
export function fits(wanted: Wanted, version: string): boolean {
  if (wanted.kind === 'exact' || wanted.kind === 'dev') return version === wanted.version;
  return /^\d+[.]\d+[.]\d+$/.test(version) && (wanted.kind === 'volatile' || version.startsWith(`${wanted.version}.`));
}

function byNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(BigInt)) as [bigint[], bigint[]];
  const at = left.findIndex((number, i) => number !== right[i]);
  return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
}

/** The name of the file that holds a version, in every orb folder: `5.0.2.yml`, `dev-alpha.yml`. */
export const orbFileName = (version: string): string => `${encodeURIComponent(version.replace(/^dev:/, 'dev-'))}.yml`;

/** The version that a file of this name holds; undefined when it is no orb's. */
export function versionOfFile(file: string): string | undefined {
  const [, stem] = /^(.+)[.]yml$/.exec(file) ?? [];
  if (stem === undefined) return undefined;
  try {
    return decodeURIComponent(stem).replace(/^dev-/, 'dev:');
  } catch {
    return undefined;
  }
}
