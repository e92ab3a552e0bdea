import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings, type Settings } from '../../config-schema/settings.ts';

const resolve = (file: object, env: Record<string, string> = {}): ReturnType<typeof resolveSettings> => resolveSettings(env, file, { hostName: 'here', isRoot: true });

test('settings of images are taken', () => {
  const resolved = resolve(
    {
      imageMap: { 'cimg/node:18.*': 'debian:bookworm', 'cimg/*': 'r.example:5000/cimg/*', '*': 'm.example/*' },
      registryMirrors: { 'docker.io': 'mirror.example/hub' },
      registryLogins: { 'R.example': { username: 'builder', password: ' as it is ' } },
    },
    { ROUNDHOUSE_INSECURE_REGISTRIES: '10.0.0.5:5000, [::1]:5000', ROUNDHOUSE_IMAGE_MAX_GIGABYTES: '0.5' },
  );
  assert.ok('settings' in resolved, JSON.stringify(resolved));
  const { imageMap, registryMirrors, registryLogins, insecureRegistries, imageMaxGigabytes, imageDiskGigabytes, registryAuthFile } = resolved.settings;
  assert.deepEqual({ imageMap, registryMirrors, registryLogins, insecureRegistries, imageMaxGigabytes, imageDiskGigabytes, registryAuthFile } satisfies Partial<Settings>, {
    // In the order of the file: the first that fits counts.
    imageMap: [
      { pattern: 'cimg/node:18.*', target: 'debian:bookworm' },
      { pattern: 'cimg/*', target: 'r.example:5000/cimg/*' },
      { pattern: '*', target: 'm.example/*' },
    ],
    registryMirrors: { 'docker.io': 'mirror.example/hub' },
    registryLogins: { 'r.example': { username: 'builder', password: ' as it is ' } },
    insecureRegistries: ['10.0.0.5:5000', '[::1]:5000'],
    imageMaxGigabytes: 0.5,
    imageDiskGigabytes: 50,
    registryAuthFile: null,
  });
});

const faults: [object, RegExp][] = [
  [{ imageMap: { 'a*b*': 'x' } }, /^roundhouse\.yml imageMap \(a\*b\*\): must be a map of patterns/],
  [{ imageMap: { a: 'x*' } }, /in the image only where its pattern has one/],
  [{ imageMap: { a: 'x y' } }, /imageMap \(a\): must be/],
  [{ registryMirrors: { 'docker.io': 'https://mirror.example' } }, /registryMirrors \(docker\.io\): must be a map of registries to their mirrors/],
  [{ registryMirrors: { 'docker.io/library': 'mirror.example' } }, /registryMirrors .*: must be/],
  [{ insecureRegistries: ['http://r.example'] }, /insecureRegistries \(0\): must be a list of registries/],
  [{ registryLogins: { 'r.example': { username: 'a' } } }, /registryLogins \(r\.example\.password\): must be/],
];
for (const [file, sentence] of faults) {
  test(`${JSON.stringify(file)} is a fault`, () => {
    const resolved = resolve(file);
    assert.ok('errors' in resolved);
    assert.match(resolved.errors.join('\n'), sentence);
  });
}

test('a fault beside a password does not repeat it', () => {
  const resolved = resolve({ registryLogins: { 'r.example': { username: 'a', pasword: 'secret-word' } } });
  assert.ok('errors' in resolved);
  assert.doesNotMatch(resolved.errors.join('\n'), /secret-word/);
});
