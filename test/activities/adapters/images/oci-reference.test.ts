import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReference, parseReference } from '../../../../activities/adapters/images/oci-reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const valid: [string, string][] = [
  ['node', 'docker.io/library/node:latest'],
  ['node:18', 'docker.io/library/node:18'],
  ['cimg/node:18.20', 'docker.io/cimg/node:18.20'],
  ['docker.io/node', 'docker.io/library/node:latest'],
  ['index.docker.io/cimg/node', 'docker.io/cimg/node:latest'],
  ['registry.example.org/node', 'registry.example.org/node:latest'],
  ['Registry.Example.org/a/b/c:V1', 'registry.example.org/a/b/c:V1'],
  ['localhost/a', 'localhost/a:latest'],
  ['localhost:5000/a:b', 'localhost:5000/a:b'],
  ['[::1]:5000/a', '[::1]:5000/a:latest'],
  ['host/a', 'docker.io/host/a:latest'],
  [`node@${digest}`, `docker.io/library/node@${digest}`],
  [`quay.io/a/b:1.0@${digest}`, `quay.io/a/b@${digest}`],
  ['f/a.b_c__d--e', 'docker.io/f/a.b_c__d--e:latest'],
  ['node:_18-slim.x', 'docker.io/library/node:_18-slim.x'],
];
for (const [text, formatted] of valid) {
  test(`${text} is ${formatted}`, () => {
    const parsed = parseReference(text);
    assert.ok('reference' in parsed, JSON.stringify(parsed));
    assert.equal(formatReference(parsed.reference), formatted);
  });
}

const invalid: [string, RegExp][] = [
  ['', /it has no name/],
  [':tag', /it has no name/],
  ['Node', /must be in lower case/],
  ['cimg/Node:18', /must be in lower case/],
  ['node:', /"" is no tag/],
  ['node:a b', /"a b" is no tag/],
  [`node:${'a'.repeat(129)}`, /is no tag/],
  ['node@sha256:00', /64 hexadecimal digits/],
  ['node@md5:00', /64 hexadecimal digits/],
  ['a'.repeat(256), /longer than 255/],
  ['../etc/passwd', /is no/],
  ['docker://node', /is no/],
  ['a//b', /is no name/],
  ['a/../b', /is no name/],
  ['-flag/x', /"-flag\/x" is no name/],
  ['http.//x', /"http\." is no host/],
  ['-x.y/z', /"-x\.y" is no host/],
  ['host.example:99999999/x', /is no host/],
  ['node\n', /is no name/],
  ['$IMAGE', /is no name/],
];
for (const [text, words] of invalid) {
  test(`${JSON.stringify(text.slice(0, 40))} is no reference`, () => {
    const parsed = parseReference(text);
    assert.ok('problem' in parsed, JSON.stringify(parsed));
    assert.match(parsed.problem, words);
    assert.match(parsed.problem, /^The image ".*" is no valid reference: .*\. It must look like /s);
  });
}
