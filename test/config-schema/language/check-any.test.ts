import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkFile, checkInvocation, checkJob, checkOrb } from '../../../config-schema/language/check.ts';
import type { MapNode, Node, Source } from '../../../config-schema/language/node.ts';
import { collectProblems } from '../../../config-schema/language/problems.ts';

const source: Source = { path: 'x', text: '' };
const place = { source, start: 0, end: 0 };

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf), place };
  if (typeof value === 'object' && value !== null) return { kind: 'map', entries: new Map(Object.entries(value).map(([key, inner]) => [key, { key: place, value: nodeOf(inner) }])), place };
  return { kind: 'scalar', value: value as string | number | boolean | null, text: String(value), place };
}

/** Words of the language, so that what is made by chance gets past the first door. */
const word = fc.constantFrom(
  ...['version', 'jobs', 'workflows', 'commands', 'executors', 'orbs', 'parameters', 'job-groups', 'steps', 'docker', 'image', 'machine', 'environment', 'run', 'command', 'when', 'unless', 'condition', 'and', 'equal'],
  ...['checkout', 'save_cache', 'key', 'keys', 'paths', 'type', 'default', 'enum', 'requires', 'filters', 'branches', 'only', 'matrix', 'pre-steps', 'context', 'parallelism', 'approval', 'x', '<< parameters.x >>', '__proto__', 'constructor', 'toString', ''],
);
const leaf = fc.oneof(word, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const tree = fc.letrec<{ tree: unknown; map: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof({ maxDepth: 7 }, leaf, fc.array(tie('tree'), { maxLength: 4 }), tie('map')),
  map: fc.dictionary(word, tie('tree'), { maxKeys: 6 }),
}));

test('no tree of values is too strange to be judged', () => {
  fc.assert(
    fc.property(tree.map, (value) => {
      const root = nodeOf(value) as MapNode;
      const before = performance.now();
      const problems = collectProblems(source);
      checkFile(root, '2.1', problems);
      checkFile(root, '2.0', problems);
      checkOrb(root, problems);
      checkJob('x', root, problems, 'orb');
      checkInvocation(root, problems);
      for (const { message } of problems.diagnostics()) assert.match(message, /^\S.*: .+[.!]$/s, 'says where, what, remedy');
      assert.ok(performance.now() - before < 1000);
    }),
    { numRuns: 2000 },
  );
});

test('what is judged under a section is judged as the whole is', () => {
  fc.assert(
    fc.property(tree.tree, fc.constantFrom('jobs', 'commands', 'executors', 'orbs', 'workflows', 'job-groups'), (value, section) => {
      const problems = collectProblems(source);
      checkFile(nodeOf({ version: 2.1, [section]: { x: value } }) as MapNode, '2.1', problems);
    }),
    { numRuns: 2000 },
  );
});
