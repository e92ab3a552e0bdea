import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDeb822, parseOneLine, readMirrors } from '../../../../activities/adapters/images/apt-sources.ts';
import { debianImages, sourcesList, suiteOf } from '../../../../activities/adapters/images/debian.ts';
import { SandboxError } from '../../../../activities/builder/sandbox.ts';

const folder = mkdtempSync('/tmp/rh-test-images-');
after(() => rmSync(folder, { recursive: true }));

const references: [string, string | null][] = [
  ['debian:bookworm', 'bookworm'],
  ['debian:sid', 'sid'],
  ['debian:stable', 'stable'],
  ['debian:12', 'bookworm'],
  ['debian:latest', 'stable'],
  ['debian', 'stable'],
  ['debian:bookworm-slim', null],
  ['debian:buster', null],
  ['debian:__proto__', null],
  ['debian:../../etc', null],
  ['Debian:bookworm', null],
  ['debian:bookworm@sha256:00', null],
  ['cimg/base:stable', null],
  ['', null],
];
for (const [reference, suite] of references) test(`the image ${JSON.stringify(reference)} is ${suite === null ? 'none of ours' : `Debian's ${suite}`}`, () => assert.equal(suiteOf(reference), suite));

test('sources of apt are read in both formats', () => {
  assert.deepEqual(parseOneLine('# deb http://no example main\ndeb [signed-by=/k arch=amd64] http://a/debian bookworm main contrib # note\ndeb-src http://a/debian bookworm main\n'), [{ uri: 'http://a/debian', suites: ['bookworm'], components: ['main', 'contrib'] }]);
  assert.deepEqual(parseDeb822('Types: deb deb-src\n# note\nURIs: http://a/debian\n http://b/debian\nSuites: sid\nComponents: main\n\nTypes: deb\nURIs: http://c\nSuites: sid\nComponents: main\nEnabled: no\n\nTypes: deb-src\nURIs: http://d\nSuites: sid\n'), [
    { uri: 'http://a/debian', suites: ['sid'], components: ['main'] },
    { uri: 'http://b/debian', suites: ['sid'], components: ['main'] },
  ]);
});

test('the mirror of Debian is found among the sources of other vendors', () => {
  const apt = join(folder, 'apt');
  mkdirSync(join(apt, 'sources.list.d'), { recursive: true });
  assert.deepEqual(readMirrors(apt), { archive: null, security: null });
  writeFileSync(join(apt, 'sources.list.d/node.sources'), 'Types: deb\nURIs: https://vendor.example/node\nSuites: nodistro\nComponents: main\n');
  writeFileSync(join(apt, 'sources.list.d/off.list.disabled'), 'deb http://off.example bookworm main\n');
  writeFileSync(join(apt, 'sources.list'), 'deb cdrom:[Debian]/ bookworm main\ndeb https://mirror.example/debian bookworm main\ndeb https://mirror.example/security bookworm-security main\n');
  assert.deepEqual(readMirrors(apt), { archive: 'https://mirror.example/debian', security: 'https://mirror.example/security' });
});

test('a sandbox gets its packages where the builder does', () => {
  assert.equal(sourcesList('bookworm', 'http://a', 'http://s'), 'deb http://a bookworm main\ndeb http://a bookworm-updates main\ndeb http://s bookworm-security main\n');
  assert.equal(sourcesList('sid', 'http://a', 'http://s'), 'deb http://a sid main\n');
});

test('an image that is there is used as it is, and its folder is never made twice', async () => {
  mkdirSync(join(folder, 'images/debian/trixie'), { recursive: true });
  assert.equal((await debianImages({ cacheFolder: folder }).image('debian:13')).folder, join(folder, 'images/debian/trixie'));
});

test('a mirror that does not answer leaves no half-made image', async () => {
  const log: string[] = [];
  const images = debianImages({ cacheFolder: folder, mirrors: () => ({ archive: 'http://127.0.0.1:1/debian', security: null }), log: (message) => log.push(message) });
  const results = await Promise.allSettled([images.image('debian:bookworm'), images.image('debian:12')]);
  for (const result of results) {
    assert.ok(result.status === 'rejected' && result.reason instanceof SandboxError);
    assert.equal(result.reason.kind, 'start-failed');
    assert.match(result.reason.message, /debian:bookworm could not be made from http:\/\/127\.0\.0\.1:1\/debian/);
    assert.match((result.reason.cause as Error).message, /debootstrap ended with 1:[^]*127\.0\.0\.1/);
  }
  assert.ok(!existsSync(join(folder, 'images/debian/bookworm')));
  assert.deepEqual(readdirSync(join(folder, 'images/debian')).filter((name) => name.endsWith('.new')), []);
  assert.match(log[0]!, /making the image debian:bookworm/);
});
