// Which language is the file written in?

import type { MapNode, Node } from './node.ts';
import { notYetSentence } from './not-yet.ts';
import type { Problems } from './problems.ts';
import { shown } from './schema.ts';

export type Version = '2' | '2.1';

/** The file and its version; undefined, and reported, when it is none that we compile. */
export function readVersion(root: Node | undefined, problems: Problems): { file: MapNode; version: Version } | undefined {
  const start = { start: 0, end: 0 };
  if (!root || (root.kind === 'scalar' && root.value === null)) {
    problems.error(start, [], `${notYetSentence('An empty config file', 'Write `version: 2.1` and a job called `build`.')}`);
    return undefined;
  }
  if (root.kind !== 'map') {
    problems.error(root.place, [], `a config file is a map, this is ${root.kind === 'list' ? 'a list' : shown(root.value)}. Write \`version: 2.1\` and a job called \`build\`.`);
    return undefined;
  }
  const version = root.entries.get('version');
  const given = version?.value.kind === 'scalar' ? String(version.value.value) : '';
  if (['2', '2.0'].includes(given)) return { file: root, version: '2' };
  if (given === '2.1') return { file: root, version: '2.1' };
  const old = [...root.entries].find(([key]) => sections10.includes(key));
  if (!version && old && !root.entries.has('jobs') && !root.entries.has('workflows'))
    problems.error(old[1].key, [], notYetSentence('A file of CircleCI 1.0', 'Write it in version 2.1.'));
  else problems.error(version?.value.place ?? start, ['version'], 'Unsupported or missing workflows config version. Write `version: 2.1`.');
  return undefined;
}

/** The sections of CircleCI 1.0, whose files have no version. */
const sections10 = ['machine', 'checkout', 'dependencies', 'database', 'compile', 'test', 'deployment', 'general', 'notify', 'experimental'];
