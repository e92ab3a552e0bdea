// The commands about orbs, as a person runs them: the real program, in a work tree of its own, with a registry on this machine.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { orbReferences, processConfig } from '../../../config-schema/compile.ts';
import { toPlain } from '../../../config-schema/language/node.ts';
import { orbSource } from '../../../activities/control/orbs.ts';
import { startOrbRegistry } from '../../fakes/orb-registry.ts';

const program = join(import.meta.dirname, '../../../bin/roundhouse');

async function folderWith(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-orbs-'));
  t.after(() => rm(folder, { recursive: true }));
  await lay(folder, files);
  return folder;
}

async function lay(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

type Ran = { code: number | null; stdout: string; stderr: string };

async function roundhouse(folder: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(program, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ROUNDHOUSE_DATA: join(folder, '.data'), ROUNDHOUSE_CACHE: join(folder, '.cache'), NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ROUNDHOUSE_AIR_GAPPED: 'true', GIT_CEILING_DIRECTORIES: tmpdir(), ...env },
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve) => child.on('close', resolve))]);
  assert.doesNotMatch(stderr, /^\s+at .*[.]ts:/m, 'no stack trace');
  return { code, stdout, stderr };
}

const command = (says: string, orbs = ''): string => `version: 2.1\n${orbs}commands:\n  say: {steps: [{run: "echo ${says}"}]}\n`;
const config = `version: 2.1
orbs:
  tools: acme/tools@1
  exact: acme/exact@1.0.0
  unused: acme/unused@volatile
  mine: {orbs: {deep: acme/deep@2.0.0}, commands: {say: {steps: [deep/say]}}}
jobs:
  build: {docker: [{image: "debian:bookworm"}], steps: [tools/say, exact/say, mine/say]}
workflows: {ci: {jobs: [build]}}
`;
const published = {
  'acme/tools/1.0.0.yml': command('old'),
  'acme/tools/1.2.0.yml': command('new', 'orbs: {base: acme/base@dev:x}\n'),
  'acme/base/dev-x.yml': command('base'),
  'acme/exact/1.0.0.yml': command('published'),
  'acme/unused/0.1.0.yml': command('unused'),
  'acme/deep/2.0.0.yml': command('deep'),
};

suite('orbs vendor', () => {
  test('writes what the config uses, dependencies too, and then nothing else is needed', async (t) => {
    const tree = await folderWith(t, { '.circleci/config.yml': config, 'sub/x': '' });
    const registry = await startOrbRegistry(await folderWith(t, published));
    t.after(() => registry.close());
    execFileSync('git', ['init', '-q', tree]);
    const env = { ROUNDHOUSE_AIR_GAPPED: 'false', ROUNDHOUSE_ORB_REGISTRY: registry.graphql };
    const ran = await roundhouse(join(tree, 'sub'), ['orbs', 'vendor', '--json'], env);
    assert.equal(ran.code, 0, ran.stderr);
    const { written, kept, problems } = JSON.parse(ran.stdout) as { written: { reference: string; version: string; file: string; origin: string }[]; kept: unknown[]; problems: unknown[] };
    assert.deepEqual(written.map(({ reference, version }) => `${reference} ${version}`).sort(), ['acme/base@dev:x dev:x', 'acme/deep@2.0.0 2.0.0', 'acme/exact@1.0.0 1.0.0', 'acme/tools@1 1.2.0', 'acme/unused@volatile 0.1.0']);
    assert.deepEqual([kept, problems], [[], []]);
    for (const { file } of written) assert.equal(await readFile(join(tree, file), 'utf8'), published[file.replace('.circle/orbs/', '') as keyof typeof published]);
    const alone = await roundhouse(tree, ['config', 'process']);
    assert.equal(alone.code, 0, alone.stderr);
    assert.match(alone.stdout, /echo new[^]*echo published[^]*echo deep/);
  });

  test('a release that was patched stays patched; what may change is asked for again', async (t) => {
    const tree = await folderWith(t, { '.circle.yml': config, '.circle/orbs/acme/exact/1.0.0.yml': command('patched'), '.circle/orbs/acme/tools/1.0.0.yml': command('old') });
    const registry = await startOrbRegistry(await folderWith(t, published));
    t.after(() => registry.close());
    const env = { ROUNDHOUSE_AIR_GAPPED: 'false', ROUNDHOUSE_ORB_REGISTRY: registry.graphql };
    const ran = await roundhouse(tree, ['orbs', 'vendor'], env);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /^kept \.circle\/orbs\/acme\/exact\/1\.0\.0\.yml: acme\/exact@1\.0\.0$/m);
    assert.match(ran.stdout, /^wrote \.circle\/orbs\/acme\/tools\/1\.2\.0\.yml: acme\/tools@1, from the registry http/m);
    assert.equal(await readFile(join(tree, '.circle/orbs/acme/exact/1.0.0.yml'), 'utf8'), command('patched'));
    const again = await roundhouse(tree, ['orbs', 'vendor'], env);
    assert.doesNotMatch(again.stdout, /wrote/);
  });

  test('what cannot be had is told, and the rest is written', async (t) => {
    const tree = await folderWith(t, { '.circle.yml': config.replace('acme/unused@volatile', 'https://orbs.example/o.yml') });
    const orbs = await folderWith(t, { 'acme/exact/1.0.0.yml': command('x'), 'acme/deep/2.0.0.yml': command('x') });
    const ran = await roundhouse(tree, ['orbs', 'vendor', '--orbs', orbs, '--config', '.circle.yml']);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /^\.circle\.yml: cannot find acme\/tools@1\. Looked in: .*\.circle\/orbs\. The public registry was not asked: airGapped is set\./m);
    assert.match(ran.stderr, /^\.circle\.yml: cannot find https:\/\/orbs\.example\/o\.yml\. Orbs may not come from orbs\.example\./m);
    assert.deepEqual((await readdir(join(tree, '.circle/orbs/acme'))).sort(), ['deep', 'exact']);
  });

  test('a registry that is away is told at once', async (t) => {
    const tree = await folderWith(t, { '.circle.yml': config });
    const registry = await startOrbRegistry(tree);
    await registry.close();
    const ran = await roundhouse(tree, ['orbs', 'vendor'], { ROUNDHOUSE_AIR_GAPPED: 'false', ROUNDHOUSE_ORB_REGISTRY: registry.graphql });
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /cannot find acme\/tools@1\. Cannot fetch the orb acme\/tools@1: http:\/\/127\.0\.0\.1:\d+ does not answer \(ECONNREFUSED\)\. Try again later\./);
  });

  test('a config without orbs needs none', async (t) => {
    const tree = await folderWith(t, { '.circle.yml': 'version: 2.1\njobs: {build: {docker: [{image: "debian:bookworm"}], steps: [checkout]}}\n' });
    const ran = await roundhouse(tree, ['orbs', 'vendor']);
    assert.deepEqual(ran, { code: 0, stdout: '.circle.yml uses no orbs.\n', stderr: '' });
    assert.equal(existsSync(join(tree, '.circle')), false);
  });
});

const source = {
  'src/@orb.yml': 'version: 2.1\ndescription: An orb\ndisplay: {source_url: "https://example.org"}\norbs: {base: acme/base@1.0.0}\n',
  'src/commands/greet.yml': `parameters:
  loud: {type: boolean, default: on}
  quiet: {type: boolean, default: Off}
  answer: {type: string, default: "on"}
  version: {type: string, default: "1.20"}
steps:
  - run:
      name: Greet << parameters.answer >>
      command: << include(scripts/greet.sh) >>
`,
  'src/commands/README.md': '# not a command',
  'src/jobs/test.yaml': 'docker: [{image: "debian:bookworm"}]\nsteps: [greet]\n',
  'src/executors/default.yml': 'docker: [{image: "debian:bookworm"}]\n',
  'src/examples/simple.yml': 'usage: {version: 2.1, orbs: {x: acme/x@1.0.0}}\n',
  'src/scripts/greet.sh': '#!/bin/bash\ncat <<EOF >> out.txt\n$ANSWER << no tag >>\nEOF\nread -r x <<< "$y"\n',
  'src/tests/greet.bats': '@test "x" { true; }\n',
  'src/scripts/data.yml': 'not: packed\n',
};

suite('orbs pack', () => {
  test('joins the parts, includes scripts, and keeps what YAML 1.1 means', async (t) => {
    const folder = await folderWith(t, source);
    const ran = await roundhouse(folder, ['orbs', 'pack', 'src']);
    assert.equal(ran.code, 0, ran.stderr);
    const orb = parse(ran.stdout, { version: '1.1' }) as Record<string, Record<string, Record<string, never>>>;
    assert.deepEqual(Object.keys(orb), ['version', 'description', 'display', 'orbs', 'commands', 'examples', 'executors', 'jobs']);
    const greet = orb['commands']!['greet'] as unknown as { parameters: Record<string, { default: unknown }>; steps: [{ run: { name: string; command: string } }] };
    assert.deepEqual(Object.fromEntries(Object.entries(greet.parameters).map(([name, { default: value }]) => [name, value])), { loud: true, quiet: false, answer: 'on', version: '1.20' });
    assert.match(ran.stdout, /default: "on"|default: 'on'/);
    assert.equal(greet.steps[0].run.name, 'Greet << parameters.answer >>');
    assert.equal(greet.steps[0].run.command, source['src/scripts/greet.sh'].replaceAll('<<', '\\<<'));
    assert.deepEqual(Object.keys(orb['jobs']!), ['test']);
  });

  test('what was packed compiles, and its script runs as it was written', async (t) => {
    const folder = await folderWith(t, source);
    const { stdout } = await roundhouse(folder, ['orbs', 'pack', 'src']);
    const text = 'version: 2.1\norbs: {my: acme/my@1.0.0}\nworkflows: {ci: {jobs: [my/test]}}\n';
    const orbs = new Map([['acme/my@1.0.0', orbSource('1.0.0', stdout, 'here')]]);
    const options = { path: '.circle.yml', orbs };
    assert.deepEqual(orbReferences(text, options), []);
    const done = processConfig(text, options);
    assert.ok('processed' in done, 'errors' in done ? JSON.stringify(done.errors) : '');
    const [job] = [...done.processed.jobs.values()];
    const { steps } = toPlain(job!) as { steps: { run: { name: string; command: string } }[] };
    assert.deepEqual(steps, [{ run: { name: 'Greet on', command: source['src/scripts/greet.sh'] } }]);
  });

  test('every fault of the includes is told, and nothing is printed', async (t) => {
    const folder = await folderWith(t, { '@orb.yml': 'version: 2.1\n', 'scripts/a.sh': 'a' });
    const run = (words: string): string => `steps: [{run: ${JSON.stringify(words)}}]\n`;
    const places = { missing: '<< include(scripts/none.sh) >>', out: '<<include(../../../etc/passwd)>>', link: '<< include(scripts/link) >>', twice: '<<include(scripts/a.sh)>> <<include(scripts/a.sh)>>', beside: 'cd x; <<include(scripts/a.sh)>>' };
    await lay(folder, Object.fromEntries(Object.entries(places).map(([name, words]) => [`commands/${name}.yml`, run(words)])));
    await symlink('/etc/hostname', join(folder, 'scripts/link'));
    const ran = await roundhouse(folder, ['orbs', 'pack', '.']);
    assert.deepEqual([ran.code, ran.stdout], [2, '']);
    const said = ran.stderr.trim().split('\n');
    assert.equal(said.length, 5, ran.stderr);
    const words = { missing: 'there is no such file', out: 'leads out of the orb', link: 'leads out of the orb', twice: 'must be the whole value', beside: 'must be the whole value' };
    for (const [name, sentence] of Object.entries(words)) assert.ok(said.some((line) => line.includes(`commands/${name}.yml`) && line.includes(sentence)), `${name}: ${ran.stderr}`);
  });

  test('a folder that is no orb is told with the remedy', async (t) => {
    const folder = await folderWith(t, { 'config.yml': 'hello: 1\n' });
    for (const name of ['.', 'nowhere']) {
      const ran = await roundhouse(folder, ['orbs', 'pack', name]);
      assert.equal(ran.code, 2);
      assert.match(ran.stderr, /^roundhouse: .*Name the folder that holds/);
    }
  });
});
