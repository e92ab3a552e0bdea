import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parametersFor, readMapping } from '../../config-schema/changed-paths.ts';

suite('which parameters and configs follow from changed paths', () => {
  const rows: [what: string, mapping: string, changed: string[], parameters: object, configs: string[]][] = [
    ['a pattern matches a whole path', 'src/.* build true\nsrc other 1', ['src/a.ts', 'lib/src/b'], { build: true }, []],
    ['alternatives are held together', 'a|b/c x true', ['b', 'a/c'], {}, []],
    ['a dot is any character, a line break too', 'docs/.* docs true', ['docs/a\nb'], { docs: true }, []],
    ['values are JSON', 'a b "x"\na c 12\na d false\na e "two words \\"quoted\\""', ['a'], { b: 'x', c: 12, d: false, e: 'two words "quoted"' }, []],
    ['of two lines for one parameter that match the later counts', '.* level 1\na level 2\nb level 3', ['a'], { level: 2 }, []],
    ['configs come in the order of their lines, each once', 'b x true b.yml\na y true a.yml\nab? z "q" b.yml\nc w true c.yml', ['a', 'b'], { x: true, y: true, z: 'q' }, ['b.yml', 'a.yml']],
    ['blanks, tabs, empty lines and comments', '\n  # src x true\n\ta\tb   true  \r\n\n', ['a'], { b: true }, []],
    ['lookarounds, which Python has too', '(?!docs/).* code true', ['docs/a'], {}, []],
    ['what is not JSON is a text', 'a b changed\na c yes', ['a'], { b: 'changed', c: 'yes' }, []],
    ['a line may name a config only', 'a a.yml\nb b.yaml\nc c.yml', ['a', 'b'], {}, ['a.yml', 'b.yaml']],
    ['nothing changed', '.* x true x.yml', [], {}, []],
  ];
  for (const [what, mapping, changed, parameters, configs] of rows) test(what, () => assert.deepEqual(parametersFor(readMapping(mapping), changed), { parameters, configs }));
});

suite('a line that cannot be read is said with its number', () => {
  const rows: [mapping: string, expected: RegExp][] = [
    ['a b true\n\nsrc/.* build', /^line 3 of the mapping, `src\/\.\* build`, is not REGEX PARAMETER VALUE \[CONFIG\]$/],
    ['a b true x.yml more', /^line 1 .* is not REGEX PARAMETER VALUE/],
    ['( b true', /^line 1 .* has no regular expression: /],
    ['a b null', /^line 1 .* has a value that no parameter can have/],
    ['a b [1]', /^line 1 .* has a value that no parameter can have/],
  ];
  for (const [mapping, message] of rows) test(mapping, () => assert.throws(() => readMapping(mapping), { message }));
});
