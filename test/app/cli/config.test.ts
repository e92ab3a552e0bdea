// The command line as a person, an editor or a script meets it: the real program, in a folder of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, suite, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

const program = join(import.meta.dirname, '../../../bin/roundhouse');
const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** A folder with these files, and one for the settings, in which the registry is never asked. */
function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-config-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

type Ran = { code: number | null; stdout: string; stderr: string };

async function config(folder: string, args: string[], { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {}): Promise<Ran> {
  const child = spawn(program, ['config', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ROUNDHOUSE_DATA: join(folder, 'data'), ROUNDHOUSE_CACHE: join(folder, 'cache'), NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ROUNDHOUSE_AIR_GAPPED: 'true', GIT_CEILING_DIRECTORIES: tmpdir(), ...env },
  });
  child.stdin.on('error', () => undefined).end(stdin);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), new Promise<number | null>((resolve) => child.on('close', resolve))]);
  assert.doesNotMatch(stderr, /^\s+at .*[.]ts:/m, 'no stack trace');
  return { code, stdout, stderr };
}

const good = `version: 2.1
parameters:
  slices: {type: integer, default: 1}
  who: {type: string, default: you}
  deep: {type: boolean, default: false}
  size: {type: enum, enum: [small, large], default: small}
commands:
  greet:
    parameters: {to: {type: string}}
    steps:
      - run: |
          echo << parameters.to >>
          echo done
jobs:
  build:
    docker: [{image: 'debian:bookworm'}]
    resource_class: << pipeline.parameters.size >>
    parallelism: << pipeline.parameters.slices >>
    environment: {BRANCH: << pipeline.git.branch >>, TAG: << pipeline.git.tag >>}
    steps:
      - greet: {to: << pipeline.parameters.who >>}
      - when: {condition: << pipeline.parameters.deep >>, steps: [checkout]}
  release:
    docker: [{image: 'debian:bookworm'}]
    steps: [checkout]
workflows:
  ci:
    jobs:
      - build: {filters: {tags: {only: /.*/}}}
      - release: {requires: [build], filters: {tags: {only: /v.*/}, branches: {ignore: /.*/}}}
`;
const bad = `version: 2.1
jobs:
  build:
    docker: [{image: 'debian:bookworm'}]
    parallelism: "3"
    steps:
      - run: {comand: echo}
      - nothing
workflows:
  ci:
    jobs:
      - build
      - other
`;

suite('roundhouse config validate', { concurrency: 2 }, () => {
  test('says that a good config is one, and where it was', async () => {
    const folder = folderWith({ '.circleci/config.yml': good });
    assert.deepEqual(await config(folder, ['validate']), { code: 0, stdout: 'Config file at .circleci/config.yml is valid.\n', stderr: '' });
  });

  test('takes the first of the config paths of the settings', async () => {
    const folder = folderWith({ '.circleci/config.yml': bad, '.circle.yml': good, 'own/ci.yml': good });
    assert.match((await config(folder, ['validate'])).stdout, / [.]circle[.]yml /);
    assert.match((await config(folder, ['validate'], { env: { ROUNDHOUSE_CONFIG_PATHS: 'own/ci.yml' } })).stdout, / own\/ci[.]yml /);
  });

  test('looks at the top of the work tree, and names the file from where one stands', async () => {
    const folder = folderWith({ '.circle.yml': bad, 'src/deep/x': '', '.git/HEAD': 'ref: refs/heads/side\n', '.git/objects/x': '', '.git/refs/x': '' });
    assert.match((await config(join(folder, 'src/deep'), ['validate'])).stderr, /^[.][.]\/[.][.]\/[.]circle[.]yml:5:/);
  });

  test('says every problem at once: file, line, column, what and the remedy, and the calls below it', async () => {
    const { code, stdout, stderr } = await config(folderWith({ 'some.yml': bad }), ['validate', 'some.yml']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    const places = [...stderr.matchAll(/^some[.]yml:(\d+:\d+): \S.*[.]$/gm)].map(([, place]) => place);
    assert.deepEqual(places, ['5:18', '7:9', '7:15', '8:9', '13:9']);
    assert.match(stderr, /^some[.]yml:8:9: .*Cannot find a definition for command named nothing.*\n    Error calling workflow: 'ci'\n    Error calling job: 'build'$/m);
  });

  test('as JSON, one object', async () => {
    const folder = folderWith({ '.circle.yml': bad });
    const { code, stdout, stderr } = await config(folder, ['validate', '--json']);
    assert.deepEqual([code, stderr], [2, '']);
    const { valid, errors, warnings } = JSON.parse(stdout) as { valid: boolean; errors: Record<string, unknown>[]; warnings: unknown[] };
    assert.deepEqual([valid, errors.length, warnings], [false, 5, []]);
    const { message, ...nothing } = errors[3]!;
    assert.deepEqual(nothing, { file: '.circle.yml', severity: 'error', line: 8, column: 9, trace: ["Error calling workflow: 'ci'", "Error calling job: 'build'"] });
    assert.match(String(message), /^jobs[.]build[.]steps\[1\]: /);
    writeFileSync(join(folder, '.circle.yml'), good);
    const again = await config(folder, ['validate', '--json']);
    assert.deepEqual([again.code, again.stderr, JSON.parse(again.stdout)], [0, '', { valid: true, errors: [], warnings: [], notYet: [] }]);
  });

  test('a warning is said as one, and does no harm', async () => {
    const twice = good.replace('environment: {BRANCH:', 'environment: {BRANCH: a, BRANCH:');
    const { code, stderr, stdout } = await config(folderWith({ '.circle.yml': twice }), ['validate']);
    assert.match(stderr, /^[.]circle[.]yml:\d+:\d+: warning: .*twice.*\n$/);
    assert.deepEqual([code, stdout], [0, 'Config file at .circle.yml is valid.\n']);
  });

  test('standard input is a file like others', async () => {
    const folder = folderWith({});
    assert.deepEqual(await config(folder, ['validate', '-'], { stdin: good }), { code: 0, stdout: 'Config file at <stdin> is valid.\n', stderr: '' });
    const { code, stderr } = await config(folder, ['validate', '-'], { stdin: 'version: 2.1\njobs: [\n' });
    assert.equal(code, 2);
    assert.match(stderr, /^<stdin>:\d+:\d+: .*Unable to parse YAML/);
  });

  test('what cannot be read is a sentence with its remedy', async () => {
    const folder = folderWith({ 'folder/x': '' });
    for (const [args, said] of [
      [['validate', 'none.yml'], /^roundhouse: none[.]yml is not there[.] Name .*\n$/],
      [['validate', 'folder'], /^roundhouse: folder is a folder[.] Name .*\n$/],
      [['validate'], /^roundhouse: there is no [.]circle[.]yml and no [.]circleci\/config[.]yml in .*[.] Name .*\n$/],
      [['process', 'none.yml', '--json'], /^roundhouse: none[.]yml is not there/],
      [['plan', '-', '--params-file', 'none.json'], /^roundhouse: none[.]json is not there/],
      [['validate', '--param', 'x'], /Write KEY=VALUE/],
      [['validate', '--branch', 'a', '--tag', 'b'], /cannot be used with/],
      [['validate', '--nothing'], /unknown option/],
      [['nothing'], /unknown command/],
    ] as const) {
      const { code, stderr, stdout } = await config(folder, [...args], { stdin: good });
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, said);
    }
  });
});

suite('roundhouse config process', { concurrency: 2 }, () => {
  const folder = folderWith({ '.circle.yml': good, 'given.json': '{"slices": 3, "who": "them"}', 'given.yml': 'who: &a them\ndeep: yes\n' });
  const jobOf = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await config(folder, ['process', ...args]);
    assert.deepEqual([code, stderr], [0, '']);
    return (parse(stdout) as { jobs: { build: Record<string, unknown> } }).jobs.build;
  };

  test('prints what is left when everything of 2.1 is expanded', async () => {
    const { code, stdout } = await config(folder, ['process']);
    assert.equal(code, 0);
    assert.match(stdout, /^version: 2\njobs:\n  build:\n/);
    assert.match(stdout, /^ {4}- run:\n {8}command: \|\n {10}echo you\n {10}echo done$/m);
    assert.match(stdout, /^workflows:\n(?:.*\n)*? {2}version: 2$/m);
    assert.deepEqual(Object.keys((parse(stdout) as { jobs: object }).jobs), ['build', 'release'], 'filters are the run’s business');
  });

  test('as JSON', async () => {
    const { stdout } = await config(folder, ['process', '--json']);
    assert.deepEqual(JSON.parse(stdout), parse((await config(folder, ['process'])).stdout));
    const failed = await config(folder, ['process', '-', '--json'], { stdin: bad });
    assert.deepEqual([failed.code, failed.stderr, (JSON.parse(failed.stdout) as { errors: unknown[] }).errors.length], [2, '', 5]);
  });

  test('parameters are typed as YAML types them, and checked as declared', async () => {
    const given = await jobOf('--param', 'slices=5', '--param', 'who=1.20', '--param', 'deep=on', '--param', 'size=large');
    assert.deepEqual([given['parallelism'], given['resource_class']], [5, 'large']);
    assert.deepEqual(given['steps'], [{ run: { command: 'echo 1.20\necho done\n' } }, 'checkout']);
    assert.deepEqual((await jobOf('--param', 'who="5"'))['steps'], [{ run: { command: 'echo 5\necho done\n' } }]);
    assert.deepEqual((await jobOf('--param', 'who=a=b'))['steps'], [{ run: { command: 'echo a=b\necho done\n' } }]);
    for (const wrong of ['slices=many', 'slices="5"', 'deep=perhaps', 'who=true', 'size=huge', 'other=1']) {
      const { code, stderr, stdout } = await config(folder, ['process', '--param', wrong]);
      assert.deepEqual([code, stdout], [2, ''], wrong);
      assert.match(stderr, new RegExp(`^[.]circle[.]yml:\\d+:\\d+: .*\\b${/^\w+/.exec(wrong)![0]}\\b`), wrong);
    }
  });

  test('parameters may come in a file; those of the command line win', async () => {
    assert.equal((await jobOf('--params-file', 'given.json'))['parallelism'], 3);
    assert.equal((await jobOf('--params-file', 'given.json', '--param', 'slices=4'))['parallelism'], 4);
    assert.deepEqual((await jobOf('--params-file', 'given.yml'))['steps'], [{ run: { command: 'echo them\necho done\n' } }, 'checkout']);
    const list = await config(folder, ['process', '--params-file', '.circle.yml/..']);
    assert.equal(list.code, 2);
  });

  test('errors go to stderr in the form of validate', async () => {
    const { code, stdout, stderr } = await config(folder, ['process', '-'], { stdin: bad });
    assert.deepEqual([code, stdout], [2, '']);
    assert.deepEqual([...stderr.matchAll(/^<stdin>:(\d+:\d+): /gm)].map(([, place]) => place), ['5:18', '7:9', '7:15', '8:9', '13:9']);
  });
});

suite('roundhouse config: branch and tag', { concurrency: 2 }, () => {
  const plan = async (folder: string, ...args: string[]): Promise<string[]> => {
    const { stdout, stderr, code } = await config(folder, ['plan', ...args]);
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { workflows: { jobs: { name: string }[] }[] }).workflows.flatMap(({ jobs }) => jobs.map(({ name }) => name));
  };

  test('a plan holds what runs for the branch or tag', async () => {
    const folder = folderWith({ '.circle.yml': good });
    assert.deepEqual(await plan(folder), ['build']);
    assert.deepEqual(await plan(folder, '--branch', 'v1'), ['build']);
    assert.deepEqual(await plan(folder, '--tag', 'v1'), ['build', 'release']);
    assert.deepEqual(await plan(folder, '--tag', '1'), ['build']);
    const { code, stderr, stdout } = await config(folder, ['plan', '-', '--json'], { stdin: bad });
    assert.deepEqual([code, stderr, (JSON.parse(stdout) as { valid: boolean }).valid], [2, '', false]);
  });

  test('a plan holds what runs when these paths have changed; when nobody names any all have, and a warning says so', async () => {
    const asking = `version: 2.1\njobs: {api: &j {docker: [{image: a}], steps: [checkout]}, docs: *j}\nworkflows:\n  api: {when: {changed: services/**}, jobs: [api]}\n  docs: {when: {changed: [docs/**, go.mod]}, jobs: [docs]}\n`;
    const folder = folderWith({ '.circle.yml': asking });
    assert.deepEqual(await plan(folder, '--changed', 'docs/a', '--changed', 'README.md'), ['docs']);
    assert.deepEqual(await plan(folder, '--changed', 'services/a', '--changed', 'go.mod'), ['api', 'docs']);
    assert.deepEqual(await plan(folder), ['api', 'docs']);
    for (const command of ['validate', 'process']) {
      assert.match((await config(folder, [command])).stderr, /^\.circle\.yml:4:\d+: warning: workflows\.api\.when\.changed: which paths have changed is not known: name those that shall count with --changed PATH\. .*\n$/);
      assert.equal((await config(folder, [command, '--changed', 'x'])).stderr, '');
    }
  });

  test('the branch is that of the work tree, else main', async () => {
    const branchOf = async (folder: string, ...args: string[]): Promise<unknown> =>
      (JSON.parse((await config(folder, ['plan', ...args])).stdout) as { jobs: { build: { environment: unknown } } }).jobs.build.environment;
    const git = { '.git/objects/x': '', '.git/refs/x': '' };
    assert.deepEqual(await branchOf(folderWith({ '.circle.yml': good })), { BRANCH: 'main', TAG: '' });
    const tree = folderWith({ '.circle.yml': good, '.git/HEAD': 'ref: refs/heads/topic/one\n', ...git });
    assert.deepEqual(await branchOf(tree), { BRANCH: 'topic/one', TAG: '' });
    assert.deepEqual(await branchOf(tree, '--branch', 'two'), { BRANCH: 'two', TAG: '' });
    assert.deepEqual(await branchOf(tree, '--tag', 'v3'), { BRANCH: '', TAG: 'v3' });
    assert.deepEqual(await branchOf(folderWith({ '.circle.yml': good, '.git/HEAD': `${'1'.repeat(40)}\n`, ...git })), { BRANCH: 'main', TAG: '' });
  });
});

suite('roundhouse config: orbs', { concurrency: 2 }, () => {
  const uses = `version: 2.1
orbs:
  hello: acme/hello@1
jobs:
  build: {docker: [{image: 'debian:bookworm'}], steps: [hello/greet]}
workflows: {ci: {jobs: [build]}}
`;
  const orb = (word: string): string => `version: 2.1\ncommands: {greet: {steps: [{run: echo ${word}}]}}\n`;
  const commandOf = async (folder: string, ...args: string[]): Promise<unknown> => {
    const { stdout, stderr } = await config(folder, ['process', ...args]);
    assert.equal(stderr, '');
    return (parse(stdout) as { jobs: { build: { steps: unknown[] } } }).jobs.build.steps[0];
  };

  test('come from the folders that are named, in their order, then from the work tree', async () => {
    const folder = folderWith({ '.circle.yml': uses, '.circle/orbs/acme/hello/1.2.3.yml': orb('tree'), 'one/acme/other/1.0.0.yml': orb('other'), 'two/acme/hello/1.0.0.yml': orb('two'), 'three/acme/hello/1.9.0.yml': orb('three') });
    assert.deepEqual(await commandOf(folder), { run: { command: 'echo tree' } });
    assert.deepEqual(await commandOf(folder, '--orbs', 'one', '--orbs', 'two', '--orbs', 'three'), { run: { command: 'echo two' } });
    assert.match((await config(folder, ['process'])).stdout, /^# Orb 'acme\/hello@1' resolved to 'acme\/hello@1[.]2[.]3'\nversion: 2\n/);
  });

  test('a folder that is not there is said', async () => {
    const { code, stderr } = await config(folderWith({ '.circle.yml': uses }), ['process', '--orbs', 'nowhere']);
    assert.deepEqual([code, stderr], [2, 'roundhouse: --orbs nowhere: is not a folder. Name one that holds NAMESPACE/NAME/VERSION.yml.\n']);
  });

  test('one that cannot be had is a problem of the config, in its line', async () => {
    const folder = folderWith({ '.circle.yml': uses });
    const airGapped = await config(folder, ['validate']);
    assert.equal(airGapped.code, 2);
    assert.match(airGapped.stderr, /^[.]circle[.]yml:3:10: orbs[.]hello: Cannot find acme\/hello@1 in the orb registry[.]/);
    // Nobody listens there.
    const away = await config(folder, ['validate'], { env: { ROUNDHOUSE_AIR_GAPPED: 'false', ROUNDHOUSE_ORB_REGISTRY: 'http://127.0.0.1:9/graphql' } });
    assert.equal(away.code, 2);
    assert.match(away.stderr, /^[.]circle[.]yml:3:10: orbs[.]hello: .*127[.]0[.]0[.]1/);
  });
});

suite('roundhouse config pack', { concurrency: 2 }, () => {
  const pack = async (files: Record<string, string>): Promise<Ran> => config(folderWith(files), ['pack', 'src']);
  const packed = async (files: Record<string, string>): Promise<unknown> => {
    const { code, stdout, stderr } = await pack(files);
    assert.deepEqual([code, stderr], [0, ''], stderr);
    return parse(stdout, { schema: 'core' });
  };

  test('folders and files are keys; what begins with @ or lies at the top belongs to its folder; dot names are passed over', async () => {
    assert.deepEqual(
      await packed({
        'src/@config.yml': 'version: 2.1\n',
        'src/more.yaml': 'orbs: {node: circleci/node@5}\n',
        'src/jobs/build.yml': 'docker: [{image: a}]\nsteps: [checkout]\n',
        'src/jobs/@others.yml': 'test: {machine: true, steps: [checkout]}\n',
        'src/workflows/ci/jobs.yml': '- build\n- test\n',
        'src/workflows/ci/@when.yml': 'when: true\n',
        'src/README.md': '# no YAML',
        'src/.hidden.yml': 'a: 1',
        'src/.git/config.yml': 'b: 1',
      }),
      {
        version: 2.1,
        orbs: { node: 'circleci/node@5' },
        jobs: { build: { docker: [{ image: 'a' }], steps: ['checkout'] }, test: { machine: true, steps: ['checkout'] } },
        workflows: { ci: { when: true, jobs: ['build', 'test'] } },
      },
    );
  });

  test('a folder of commands within the commands only keeps them together; one that is a command is one', async () => {
    const steps = 'steps: [checkout]\n';
    assert.deepEqual(await packed({ 'src/commands/top.yml': steps, 'src/commands/aws/login.yml': steps, 'src/commands/aws/eu/push.yml': steps, 'src/jobs/all/@job.yml': `machine: true\n${steps}`, 'src/jobs/all/environment.yml': 'A: b\n' }), {
      commands: { top: { steps: ['checkout'] }, login: { steps: ['checkout'] }, push: { steps: ['checkout'] } },
      jobs: { all: { machine: true, steps: ['checkout'], environment: { A: 'b' } } },
    });
  });

  test('what YAML 1.1 reads is what every reader reads afterwards', async () => {
    const { stdout } = await pack({ 'src/a.yml': 'flag: on\nother: no\ntext: "on"\nroot: .\nversion: "1.20"\nfloat: 1.20\nday: 2019-01-01\nscript: |\n  a\n    b\nanchor: &x {k: v}\nalias: *x\nmerged: {<<: *x, l: w}\n' });
    const expected = { flag: true, other: false, text: 'on', root: '.', version: '1.20', float: 1.2, day: '2019-01-01', script: 'a\n  b\n', anchor: { k: 'v' }, alias: { k: 'v' }, merged: { l: 'w', k: 'v' } };
    assert.deepEqual(parse(stdout, { schema: 'core' }), expected);
    assert.match(stdout, /^root: [.]$/m);
  });

  test('what is said twice is refused, with both files; so is what is no YAML', async () => {
    const twice = await pack({ 'src/a.yml': 'jobs: {build: {machine: true}}\nsame: 1\n', 'src/b.yml': 'same: 1\n', 'src/jobs/build.yml': 'machine: false\n', 'src/c.yml': '- list\n', 'src/d.yml': 'a: b: c\n' });
    assert.deepEqual([twice.code, twice.stdout], [2, '']);
    assert.match(twice.stderr, /src\/jobs\/build[.]yml: jobs[.]build[.]machine is there already, from src\/a[.]yml[.] Keep one/);
    assert.match(twice.stderr, /src\/c[.]yml: is not a map/);
    assert.match(twice.stderr, /src\/d[.]yml:1:\d+: .*Unable to parse YAML/);
    assert.doesNotMatch(twice.stderr, /same/);
  });

  test('a folder that is none, or holds nothing, is a sentence', async () => {
    for (const files of [{ 'src/x.txt': '' }, { src: '' }, {}]) {
      const { code, stdout, stderr } = await pack(files);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^roundhouse: src: .*[.] Name .*[.]\n$/);
    }
  });
});

suite('roundhouse config schema', { concurrency: 2 }, () => {
  test('is a JSON Schema that takes a good config, and refuses a wrong key', async () => {
    const { code, stdout } = await config(folderWith({}), ['schema']);
    assert.equal(code, 0);
    const fits = new Ajv({ strict: false, logger: false }).compile(JSON.parse(stdout) as object);
    assert.ok(fits(parse(good)), JSON.stringify(fits.errors));
    assert.ok(!fits(parse(good.replace('parallelism:', 'paralellism:'))));
  });

  test('there is one of the settings, too', async () => {
    const { stdout } = await config(folderWith({}), ['schema', '--settings']);
    const fits = new Ajv({ strict: false, logger: false }).compile(JSON.parse(stdout) as object);
    assert.ok(fits({ port: 3000 }));
    assert.ok(!fits({ prot: 3000 }));
  });
});

test('the shell completes the commands and their options', async () => {
  const child = spawn(program, ['complete', '--', 'config', 'v']);
  assert.match(await text(child.stdout), /^validate\t/);
  const options = await text(spawn(program, ['complete', '--', 'config', 'process', '--']).stdout);
  for (const option of ['orbs', 'param', 'params-file', 'branch', 'tag', 'json']) assert.match(options, new RegExp(`^--${option}\t`, 'm'));
});
