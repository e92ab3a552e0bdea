// Does every config that we offer run, and is it the one for what lies there?

import { suite, test } from 'node:test';
import assert from 'node:assert/strict';
import { compileConfig } from '../../config-schema/compile.ts';
import { firstConfig, tellingFiles } from '../../config-schema/first-config.ts';

const offered = (files: string[], languages: Record<string, number> = {}): string => firstConfig({ files, languages }).text;

function mustRun(text: string, files: readonly string[]): void {
  const compiled = compileConfig(text, { path: '.circle.yml' });
  assert.deepEqual('errors' in compiled ? compiled.errors : [], [], `${files.join(' ')}\n${text}`);
  assert.ok('plan' in compiled);
  assert.deepEqual(compiled.notYet, [], files.join(' '));
  assert.deepEqual(compiled.plan.workflows.map(({ jobs }) => jobs.length), [1]);
}

suite('by what lies at the top of the repository', () => {
  const table: [string, string[], RegExp[]][] = [
    ['npm with a lock', ['package.json', 'package-lock.json'], [/cimg\/node:lts/, /checksum "package-lock.json"/, /npm ci\n/, /npm test\n/]],
    ['npm without one', ['package.json'], [/checksum "package.json"/, /npm install\n/]],
    ['yarn', ['package.json', 'yarn.lock'], [/checksum "yarn.lock"/, /yarn install --frozen-lockfile/, /yarn test\n/]],
    ['pnpm', ['package.json', 'pnpm-lock.yaml'], [/checksum "pnpm-lock.yaml"/, /corepack pnpm test\n/]],
    ['Go', ['go.mod', 'go.sum'], [/cimg\/go:/, /checksum "go.sum"/, /store_test_results:\n +path: test-results/]],
    ['Rust', ['Cargo.toml', 'Cargo.lock'], [/cimg\/rust:/, /checksum "Cargo.lock"/, /--locked\n/]],
    ['Maven', ['pom.xml', 'mvnw'], [/cimg\/openjdk:/, /\.\/mvnw --batch-mode verify/, /surefire-reports/, /store_artifacts/]],
    ['Gradle', ['build.gradle.kts'], [/checksum "build.gradle.kts"/, /gradle --no-daemon build/, /build\/test-results/]],
    ['Ruby', ['Gemfile', 'Gemfile.lock', '.rspec'], [/cimg\/ruby:/, /checksum "Gemfile.lock"/, /bundle exec rspec/]],
    ['Python by requirements', ['requirements.txt'], [/cimg\/python:/, /-r requirements.txt/, /--junitxml/]],
    ['Python by pyproject', ['pyproject.toml'], [/checksum "pyproject.toml"/, /pip install pytest -e \./]],
    ['PHP', ['composer.json', 'composer.lock'], [/cimg\/php:/, /checksum "composer.lock"/, /phpunit/]],
    ['Elixir', ['mix.exs', 'mix.lock'], [/elixir:/, /checksum "mix.lock"/, /mix test\n/]],
    ['CMake', ['CMakeLists.txt'], [/cmake --build/, /--output-junit/]],
    ['make', ['Makefile'], [/run: make\n/]],
    ['a Dockerfile', ['Dockerfile'], [/machine:/, /docker build/]],
    ['nothing known', ['README.md'], [/cimg\/base/]],
    ['nothing at all', [], [/cimg\/base/]],
  ];
  for (const [title, files, patterns] of table) {
    test(title, () => {
      const text = offered(files);
      for (const pattern of patterns) assert.match(text, pattern);
      mustRun(text, files);
    });
  }
});

test('where several kinds lie, the language decides; a Makefile and a Dockerfile stand behind all of them', () => {
  const files = ['Dockerfile', 'Makefile', 'package.json', 'go.mod'];
  assert.match(offered(files, { TypeScript: 9000, Go: 100, Makefile: 50_000 }), /cimg\/node/);
  assert.match(offered(files, { TypeScript: 100, Go: 9000 }), /cimg\/go/);
  assert.match(offered(['Dockerfile', 'Makefile', 'mix.exs']), /elixir/);
});

test('whatever lies there, what is offered compiles without a word, and says nothing of what only the repository knows', () => {
  // Every pair of files that mean anything, and all of them at once.
  const all = tellingFiles.flatMap((one) => tellingFiles.map((other) => [one, other]));
  for (const files of [...all, [...tellingFiles]]) mustRun(offered(files), files);
  const hostile = '"; rm -rf / #\n{{ checksum }}';
  assert.equal(offered([hostile, 'go.mod'], { [hostile]: 1e9 }), offered(['go.mod']));
  assert.equal(offered(['constructor', '__proto__'], { constructor: 1 }), offered([]));
});
