import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapImage } from '../../../../activities/adapters/images/image-map.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const rows: [string, [pattern: string, target: string][], string, string][] = [
  ['nothing fits', [['cimg/*', 'r.example/*']], 'node:18', 'node:18'],
  ['a star is kept', [['cimg/*', 'r.example/cimg/*']], 'cimg/node:18', 'r.example/cimg/node:18'],
  ['with its digest', [['cimg/*', 'r.example/cimg/*']], `cimg/node:18@${digest}`, `r.example/cimg/node:18@${digest}`],
  ['without a tag', [['cimg/*', 'r.example/cimg/*']], 'cimg/node', 'r.example/cimg/node'],
  ['a fixed image', [['cimg/*', 'debian:bookworm']], 'cimg/node:18', 'debian:bookworm'],
  ['a fixed name keeps the tag', [['cimg/node', 'node']], 'cimg/node:18', 'node:18'],
  ['the first that fits', [['cimg/node', 'a/b'], ['cimg/*', 'c/*'], ['*', 'd/*']], 'cimg/node:18', 'a/b:18'],
  ['the next when the first does not', [['cimg/node', 'a/b'], ['cimg/*', 'c/*'], ['*', 'd/*']], 'cimg/go:1', 'c/go:1'],
  ['a host spelled out', [['cimg/*', 'r.example/*']], 'docker.io/cimg/node:18', 'r.example/node:18'],
  ['a pattern with a host', [['docker.io/*', 'r.example/hub/*']], 'node:18', 'r.example/hub/library/node:18'],
  ['everything of Docker Hub', [['*', 'r.example/*']], 'node:18', 'r.example/node:18'],
  ['everything of everybody', [['*', 'r.example/*']], 'quay.io/a/b', 'r.example/quay.io/a/b'],
  ['another host is not Docker Hub', [['cimg/*', 'r.example/*']], 'quay.io/cimg/node', 'quay.io/cimg/node'],
  ['a tag in the pattern', [['cimg/node:18.*', 'node18:*']], 'cimg/node:18.20', 'node18:20'],
  ['another tag than the pattern', [['cimg/node:18.*', 'node18:*']], 'cimg/node:20.1', 'cimg/node:20.1'],
  ['no tag is latest', [['cimg/node:latest', 'a/b:1']], 'cimg/node', 'a/b:1'],
  ['a star inside', [['a*z/x', 'y/*']], 'abcz/x', 'y/bc'],
  ['a star for too little', [['ab*ba', 'y/*']], 'aba', 'aba'],
  ['not a prefix', [['cimg/node', 'a/b']], 'cimg/node-extra', 'cimg/node-extra'],
  ['what is found is put in as it is', [['a/*', 'b/*']], 'a/$&', 'a/$&'],
  ['no reference', [['*', 'b/*']], 'A B', 'A B'],
];
for (const [what, rules, text, expected] of rows) test(`${what}: ${text} is ${expected}`, () => assert.equal(mapImage(rules.map(([pattern, target]) => ({ pattern, target })), text), expected));
