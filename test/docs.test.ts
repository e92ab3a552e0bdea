// Are the documents true? What a machine can compare, it compares here.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { defaultClasses } from '../config-schema/classes.ts';
import { compileConfig } from '../config-schema/compile.ts';
import { notYet } from '../config-schema/language/not-yet.ts';
import { resolveSettings, settingsTable } from '../config-schema/settings.ts';
import packageJson from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = globSync(['*.md', 'docs/*.md'], { cwd: root }).sort();
const readme = read('README.md');
const architecture = read('ARCHITECTURE.md');

test('the documents are there', () => {
  for (const name of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/SETTINGS.md']) assert.ok(documents.includes(name), name);
  assert.match(read('LICENSE'), /Apache License\s+Version 2\.0[^]+Copyright 2026 The Roundhouse authors/);
});

suite('every document', () => {
  for (const name of documents) {
    const text = read(name);

    test(`${name}: what it links to in the project is there`, () => {
      const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
      for (const link of links.filter((target) => !/^[a-z]+:/.test(target))) {
        const [path = '', anchor] = link.split('#', 2) as [string, string?];
        const file = path === '' ? name : join(dirname(name), path);
        assert.ok(existsSync(join(root, file)), `${link}: there is no ${file}`);
        if (anchor !== undefined) assert.ok(anchorsOf(read(file)).includes(anchor), `${link}: ${file} has no such heading`);
      }
    });

    test(`${name}: the files that it names are there`, () => {
      const named = [...text.matchAll(/`((?:app|workflows|activities|sandbox-agent|config-schema|test|scripts|bin|docs)\/[\w./-]*)`/g)].map(([, path]) => path!);
      assert.deepEqual(named.filter((path) => !existsSync(join(root, path))), []);
    });
  }

  test('a file that is named without its folder exists once or more', () => {
    const known = new Set(globSync('{app,workflows,activities,sandbox-agent,config-schema,scripts,test}/**/*', { cwd: root }).map((path) => path.split('/').at(-1)));
    const named = [...architecture.matchAll(/`([\w-]+\.(?:ts|js|denylist))`/g)].map(([, name]) => name!);
    assert.ok(named.length > 20);
    assert.deepEqual(named.filter((name) => !known.has(name)), []);
  });
});

suite('docs/SETTINGS.md', () => {
  const text = read('docs/SETTINGS.md');

  test('holds the table of settings as it is now', () => assert.ok(text.endsWith(`\n${settingsTable()}`), 'it is not the table of config-schema/settings-table.ts: run scripts/docs'));

  test('holds the classes as they are now', () => {
    const rows = [...text.matchAll(/^\| (\S+) \| (\d+) \| (\d+) GB \|$/gm)].map(([, name, cpus, memory]) => [name, Number(cpus), Number(memory)]);
    assert.deepEqual(rows, Object.entries(defaultClasses).map(([name, { cpus, memoryBytes }]) => [name, cpus, memoryBytes / 1024 ** 3]));
  });

  test('its example is taken', () => {
    const [example] = blocks(text, 'yaml');
    const resolved = resolveSettings({}, parse(example!), { hostName: 'here', isRoot: true });
    assert.ok('settings' in resolved, JSON.stringify(resolved));
    assert.equal(resolved.settings.classes['medium']!.memoryBytes, 2 * 1024 ** 3);
  });
});

suite('README.md', () => {
  const helps = new Map<string, string>();
  const help = (...command: string[]): string => {
    const name = command.join(' ');
    if (!helps.has(name)) helps.set(name, execFileSync(join(root, 'bin/roundhouse'), [...command, '--help'], { encoding: 'utf8' }));
    return helps.get(name)!;
  };
  const commandsIn = (text: string): string[] => [...text.split('\nCommands:\n')[1]?.matchAll(/^ {2}([a-z-]+) .*/gm) ?? []].map(([, name]) => name!).filter((name) => name !== 'help');
  const commands = commandsIn(help());
  /** `orbs vendor` where a command only holds others. */
  const all = commands.flatMap((name) => {
    const below = name === 'complete' ? [] : commandsIn(help(name));
    return below.length === 0 ? [name] : below.map((each) => `${name} ${each}`);
  });
  const rows = [...readme.matchAll(/^\| `roundhouse ([a-z-]+)( [a-z]+)?(.*?)` \|/gm)].map(([, name = '', next = '', usage = '']): readonly [string, string] => (all.includes(name) ? [name, `${next}${usage}`] : [`${name}${next}`, usage]));

  test('its table has every command, and no other', () => {
    assert.ok(commands.length >= 8);
    assert.deepEqual(rows.map(([name]) => name).sort(), [...all].sort());
  });

  test('every command that a document names exists', () => {
    for (const name of documents) {
      const named = [...read(name).matchAll(/(?:`|^|sudo |bin\/)roundhouse ([a-z-]+)/gm)].map(([, command]) => command!);
      assert.deepEqual(named.filter((command) => !commands.includes(command)), [], name);
    }
  });

  test('its table has every option, and no other', () => {
    for (const [name, usage] of rows) {
      const options = [...help(...name.split(' ')).matchAll(/^ {2}(?:-., )?(--[a-z-]+)/gm)].map(([, option]) => option!).filter((option) => !['--help', '--version'].includes(option));
      assert.deepEqual([...usage.matchAll(/--[a-z-]+/g)].map(([option]) => option).sort(), options.sort(), name);
    }
  });

  test('its example config compiles without a warning', () => {
    const config = blocks(readme, 'yaml').find((block) => block.startsWith('version:'));
    const compiled = compileConfig(config!, { path: '.circle.yml' });
    assert.deepEqual('plan' in compiled ? compiled.plan.warnings : compiled.errors, []);
  });

  test('what the language has and we do not yet is named, place by place', () => {
    const section = readme.split('### Not yet')[1]!.split('\n## ')[0]!;
    const said = [...section.matchAll(/^\| [^|]+ \| (`[^|]+) \|$/gm)].map(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!));
    assert.deepEqual(said, Object.values(notYet).map((place) => Object.keys(place)));
  });
});

suite('ARCHITECTURE.md', () => {
  const section = (heading: string): string => architecture.split(`\n### ${heading}\n`)[1]!.split(/\n##+ /)[0]!;
  const listed = (text: string): string[] => [...text.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name]) => name!).sort();

  test('every dependency has its reason, and nothing else has', () => {
    const { dependencies, optionalDependencies, devDependencies } = packageJson;
    assert.deepEqual(listed(section('To run')), Object.keys({ ...dependencies, ...optionalDependencies }).sort());
    assert.deepEqual(listed(section('To develop')), Object.keys(devDependencies).sort());
  });

  test('every package that bootstrap installs has its reason', () => {
    const [, wanted] = /wanted=\(([^)]+)\)/.exec(read('scripts/bootstrap'))!;
    const text = section('System packages');
    for (const name of wanted!.split(/\s+/)) assert.match(text, new RegExp(`^- .*\`${name}\`.*: \\S`, 'm'));
  });
});

suite('SECURITY.md', () => {
  const rows = [...read('SECURITY.md').matchAll(/^\| (\d+) \| .* \| (`test\/.*`) \|$/gm)].map(([, number, files]) => ({ number: Number(number), files: [...files!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!) }));

  test('every check of the threat list that a test names is listed with that test', () => {
    for (const file of globSync('test/**/*.test.ts', { cwd: root })) {
      for (const [, number] of read(file).matchAll(/^test\(['"`]check (\d+):/gm)) {
        assert.ok(rows.some((row) => row.number === Number(number) && row.files.includes(file)), `check ${number} is tested in ${file}, and SECURITY.md does not say so`);
      }
    }
    assert.ok(rows.length > 15);
  });
});

const withoutCode = (text: string): string => text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** What stands in blocks of this language. */
const blocks = (text: string, language: string): string[] => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block]) => block!);

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
