// Which config may a repository begin with, by what lies in it?

/** What is known of a repository before anybody has written a config. */
export type Contents = {
  /** Bytes by language, as GitHub counts them. */
  languages: Readonly<Record<string, number>>;
  /** Names of the files at its top. */
  files: readonly string[];
};

/** `kind` ends the sentence "This looks like …". The text holds nothing of the repository's own but names of files that are known here. */
export type FirstConfig = { kind: string; text: string };

/** A config that compiles and runs; whoever takes it is meant to change it. */
export function firstConfig({ languages, files }: Contents): FirstConfig {
  const has = (name: string): boolean => files.includes(name);
  const weight = (kit: Kit): number => kit.languages.reduce((sum, language) => sum + (languages[language] ?? 0), 0);
  // What a language brings goes before what many repositories have beside it.
  const found = kits.filter((kit) => kit.signs.some(has)).sort((a, b) => Number(a.isGeneral ?? false) - Number(b.isGeneral ?? false) || weight(b) - weight(a));
  const kit = found[0];
  return kit ? { kind: kit.kind, text: written(kit.job(has)) } : { kind: 'nothing that is known here', text: written(unknown) };
}

type Has = (name: string) => boolean;

type Job = {
  /** Said above the job. */
  note: string;
  /** Lines of the executor; by default a container of `image`. */
  executor: string[];
  /** Lines of YAML, without their place. */
  steps: string[];
};

type Kit = {
  kind: string;
  /** As GitHub calls them. */
  languages: string[];
  /** Files that say so; one is enough. */
  signs: string[];
  /** Beside any language. */
  isGeneral?: true;
  job: (has: Has) => Job;
};

const image = (name: string): string[] => ['docker:', `  - image: ${name}`];

type Cache = { name: string; of: string; paths: string[]; install: string[] };

/** The key changes with the lock file, so what was saved under one is always right. */
const cached = ({ name, of, paths, install }: Cache): string[] => [
  '- restore_cache:',
  '    keys:',
  `      - v1-${name}-{{ checksum "${of}" }}`,
  `      - v1-${name}-`,
  ...install,
  '- save_cache:',
  `    key: v1-${name}-{{ checksum "${of}" }}`,
  '    paths:',
  ...paths.map((path) => `      - ${path}`),
];

const results = (path: string): string[] => ['- store_test_results:', `    path: ${path}`];
const artifacts = (path: string): string[] => ['- store_artifacts:', `    path: ${path}`];

/** Where several lock files lie, the first counts. */
const firstOf = (has: Has, ...names: string[]): string | undefined => names.find(has);

function node(has: Has): Job {
  const lock = firstOf(has, 'pnpm-lock.yaml', 'yarn.lock', 'package-lock.json');
  const ways = {
    'pnpm-lock.yaml': { of: 'pnpm-lock.yaml', paths: ['~/.pnpm-store'], install: ['- run: corepack pnpm install --frozen-lockfile --store-dir ~/.pnpm-store'], test: 'corepack pnpm test' },
    'yarn.lock': { of: 'yarn.lock', paths: ['~/.cache/yarn'], install: ['- run: yarn install --frozen-lockfile --cache-folder ~/.cache/yarn'], test: 'yarn test' },
    'package-lock.json': { of: 'package-lock.json', paths: ['~/.npm'], install: ['- run: npm ci'], test: 'npm test' },
    none: { of: 'package.json', paths: ['~/.npm'], install: ['- run: npm install'], test: 'npm test' },
  };
  const { test, ...way } = ways[(lock ?? 'none') as keyof typeof ways];
  return {
    note: 'Runs what package.json calls "test". A runner that can write JUnit files shows each test by name: add store_test_results.',
    executor: image('cimg/node:lts'),
    steps: ['- checkout', ...cached({ name: 'packages', ...way }), `- run: ${test}`],
  };
}

const go = (has: Has): Job => ({
  note: 'The image brings gotestsum, which writes down how each test went.',
  executor: image('cimg/go:1.24'),
  steps: [
    '- checkout',
    ...cached({ name: 'modules', of: has('go.sum') ? 'go.sum' : 'go.mod', paths: ['~/go/pkg/mod'], install: ['- run: go mod download'] }),
    '- run: go vet ./...',
    '- run: mkdir -p test-results && gotestsum --junitfile test-results/junit.xml ./...',
    ...results('test-results'),
  ],
});

const rust = (has: Has): Job => ({
  note: 'Builds and tests every package of the workspace.',
  executor: image('cimg/rust:1.85'),
  steps: [
    '- checkout',
    ...cached({ name: 'cargo', of: has('Cargo.lock') ? 'Cargo.lock' : 'Cargo.toml', paths: ['~/.cargo/registry', 'target'], install: [`- run: cargo build --workspace --all-targets${has('Cargo.lock') ? ' --locked' : ''}`] }),
    '- run: cargo test --workspace',
  ],
});

const maven = (has: Has): Job => ({
  note: 'Compiles, tests and packages.',
  executor: image('cimg/openjdk:21.0'),
  steps: [
    '- checkout',
    ...cached({ name: 'maven', of: 'pom.xml', paths: ['~/.m2/repository'], install: [`- run: ${has('mvnw') ? './mvnw' : 'mvn'} --batch-mode verify`] }),
    ...results('target/surefire-reports'),
    ...artifacts('target'),
  ],
});

const gradle = (has: Has): Job => ({
  note: 'Compiles, tests and assembles.',
  executor: image('cimg/openjdk:21.0'),
  steps: [
    '- checkout',
    ...cached({ name: 'gradle', of: firstOf(has, 'gradle.lockfile', 'build.gradle.kts', 'build.gradle') ?? 'build.gradle', paths: ['~/.gradle/caches', '~/.gradle/wrapper'], install: [`- run: ${has('gradlew') ? './gradlew' : 'gradle'} --no-daemon build`] }),
    ...results('build/test-results'),
    ...artifacts('build/reports'),
  ],
});

const ruby = (has: Has): Job => ({
  note: 'Runs the default task of Rake, or RSpec where there is a file .rspec. With the gem rspec_junit_formatter, RSpec can write down each test: add store_test_results.',
  executor: image('cimg/ruby:3.4'),
  steps: [
    '- checkout',
    ...cached({ name: 'gems', of: has('Gemfile.lock') ? 'Gemfile.lock' : 'Gemfile', paths: ['vendor/bundle'], install: ['- run: bundle config set --local path vendor/bundle && bundle install'] }),
    `- run: bundle exec ${has('.rspec') ? 'rspec' : 'rake'}`,
  ],
});

function python(has: Has): Job {
  const requirements = has('requirements.txt');
  return {
    note: 'Everything is installed into an environment of its own, .venv, which is what the cache keeps.',
    executor: image('cimg/python:3.13'),
    steps: [
      '- checkout',
      ...cached({
        name: 'venv',
        of: firstOf(has, 'uv.lock', 'poetry.lock', 'requirements.txt', 'pyproject.toml', 'setup.py') ?? 'pyproject.toml',
        paths: ['.venv'],
        install: ['- run:', '    name: Install', '    command: |', '      python -m venv .venv', `      .venv/bin/pip install pytest ${requirements ? '-r requirements.txt' : '-e .'}`],
      }),
      '- run: mkdir -p test-results && .venv/bin/python -m pytest --junitxml=test-results/junit.xml',
      ...results('test-results'),
    ],
  };
}

const php = (has: Has): Job => ({
  note: 'Runs PHPUnit, if the project requires it.',
  executor: image('cimg/php:8.4'),
  steps: [
    '- checkout',
    ...cached({ name: 'composer', of: has('composer.lock') ? 'composer.lock' : 'composer.json', paths: ['vendor'], install: ['- run: composer install --no-interaction --prefer-dist'] }),
    '- run: mkdir -p test-results && vendor/bin/phpunit --log-junit test-results/junit.xml',
    ...results('test-results'),
  ],
});

const elixir = (has: Has): Job => ({
  note: 'Mix runs its tests in the environment "test".',
  executor: [...image('elixir:1.18'), 'environment:', '  MIX_ENV: test'],
  steps: [
    '- checkout',
    '- run: mix local.hex --force && mix local.rebar --force',
    ...cached({ name: 'mix', of: has('mix.lock') ? 'mix.lock' : 'mix.exs', paths: ['deps', '_build'], install: ['- run: mix deps.get && mix compile'] }),
    '- run: mix test',
  ],
});

const cmake = (): Job => ({
  note: 'CTest writes down how each test went, from CMake 3.21 on.',
  executor: image('buildpack-deps:bookworm'),
  steps: [
    '- checkout',
    '- run: apt-get update && apt-get install -y --no-install-recommends cmake',
    '- run: cmake -S . -B build -DCMAKE_BUILD_TYPE=Release',
    '- run: cmake --build build --parallel',
    '- run: mkdir -p test-results && ctest --test-dir build --output-on-failure --output-junit "$PWD/test-results/ctest.xml"',
    ...results('test-results'),
  ],
});

const make = (): Job => ({
  note: 'The image has compilers, make and the usual libraries. Name the target that tests, if there is one.',
  executor: image('buildpack-deps:bookworm'),
  steps: ['- checkout', '- run: make'],
});

const docker = (): Job => ({
  note: 'A machine has Docker of its own; what it built is gone with it, unless a step pushes it.',
  executor: ['machine:', '  image: default'],
  steps: ['- checkout', '- run: docker build --tag app .'],
});

const unknown: Job = {
  note: 'Replace the last step by what builds and tests this repository, and the image by one that has the tools.',
  executor: image('cimg/base:current'),
  steps: ['- checkout', '- run: ls -l'],
};

/** In this order where nothing else decides. */
const kits: Kit[] = [
  { kind: 'a Go module', languages: ['Go'], signs: ['go.mod'], job: go },
  { kind: 'a Rust package', languages: ['Rust'], signs: ['Cargo.toml'], job: rust },
  { kind: 'a project built by Gradle', languages: ['Java', 'Kotlin', 'Groovy'], signs: ['build.gradle', 'build.gradle.kts'], job: gradle },
  { kind: 'a project built by Maven', languages: ['Java', 'Kotlin', 'Scala'], signs: ['pom.xml'], job: maven },
  { kind: 'an Elixir project', languages: ['Elixir'], signs: ['mix.exs'], job: elixir },
  { kind: 'a Ruby project', languages: ['Ruby'], signs: ['Gemfile'], job: ruby },
  { kind: 'a PHP project', languages: ['PHP'], signs: ['composer.json'], job: php },
  { kind: 'a Python project', languages: ['Python'], signs: ['pyproject.toml', 'requirements.txt', 'setup.py'], job: python },
  { kind: 'a JavaScript or TypeScript project', languages: ['JavaScript', 'TypeScript', 'Vue', 'Svelte'], signs: ['package.json'], job: node },
  { kind: 'a C or C++ project built by CMake', languages: ['C', 'C++'], signs: ['CMakeLists.txt'], job: cmake },
  { kind: 'something that make builds', languages: [], signs: ['Makefile', 'makefile', 'GNUmakefile'], isGeneral: true, job: make },
  { kind: 'something that becomes a container image', languages: [], signs: ['Dockerfile'], isGeneral: true, job: docker },
];

/** Every file whose name says something here. */
export const tellingFiles: readonly string[] = [...new Set([...kits.flatMap(({ signs }) => signs), 'package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'go.sum', 'Cargo.lock', 'mvnw', 'gradlew', 'gradle.lockfile', 'Gemfile.lock', '.rspec', 'uv.lock', 'poetry.lock', 'composer.lock', 'mix.lock'])];

const indented = (lines: string[], by: number): string => lines.map((line) => `${' '.repeat(by)}${line}`).join('\n');

const written = ({ note, executor, steps }: Job): string => `# What is done for every push. The language is CircleCI's, version 2.1.
version: 2.1

jobs:
  # ${note}
  build-and-test:
${indented(executor, 4)}
    steps:
${indented(steps, 6)}

workflows:
  main:
    jobs:
      - build-and-test
`;
