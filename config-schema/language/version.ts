// Which language is the file written in?

import type { MapNode, Node, Source } from './node.ts';
import type { Problems } from './problems.ts';
import { shown } from './schema-words.ts';

export type Version = '2.0' | '2.1';

/** The file and its version; undefined, and reported, when it is none that we compile. */
export function readVersion(root: Node | undefined, source: Source, problems: Problems): { file: MapNode; version: Version } | undefined {
  const start = { source, start: 0, end: 0 };
  if (!root || (root.kind === 'scalar' && root.value === null)) {
    problems.error(start, `the file is empty; a config of CircleCI 1.0 may be, and that language is not supported. Write \`version: 2.1\` and a job called \`build\`.`);
    return undefined;
  }
  if (root.kind !== 'map') {
    problems.error(root.place, `a config file is a map, this is ${root.kind === 'scalar' ? shown(root.value) : 'a list'}. Write \`version: 2.1\` and a job called \`build\`.`);
    return undefined;
  }
  const version = root.entries.get('version');
  const given = version?.value.kind === 'scalar' ? String(version.value.value) : '';
  if (['2', '2.0'].includes(given)) return { file: root, version: '2.0' };
  if (given === '2.1') return { file: root, version: '2.1' };
  const old = [...root.entries].find(([key]) => sections10.includes(key));
  const hasSections = (['jobs', 'workflows'] as const).some((key) => root.entries.get(key)?.value.kind === 'map');
  if (!version && old && !hasSections) problems.error(old[1].key, 'this is a file of CircleCI 1.0, and that language is not supported. Write it in version 2.1.');
  else problems.error(version?.value.place ?? start, 'Unsupported or missing workflows config version. Write `version: 2.1`.');
  return undefined;
}

/** The sections of CircleCI 1.0, whose files have no version. */
const sections10 = ['machine', 'checkout', 'dependencies', 'database', 'compile', 'test', 'deployment', 'general', 'notify', 'experimental'];
