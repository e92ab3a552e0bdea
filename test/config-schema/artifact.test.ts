import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { artifactFolder, artifactPathBelow, nameInWords, shownPath } from '../../config-schema/artifact.ts';

suite('the path of an artifact', () => {
  const file = (path: string) => ({ path, isFolder: false });
  const folder = (path: string) => ({ path, isFolder: true });
  const rows: [path: string, destination: string | null, found: { path: string; isFolder: boolean }, shown: string][] = [
    ['out/report.html', null, file('/work/out/report.html'), 'out/report.html'],
    ['./out/', null, folder('/work/out'), 'out'],
    ['.', null, folder('/work'), ''],
    ['/tmp/out', null, folder('/tmp/out'), 'tmp/out'],
    ['~/out', null, folder('/root/out'), 'root/out'],
    ['~', null, folder('/root'), 'root'],
    ['~other/out', null, folder('/work/~other/out'), '~other/out'],
    ['../out', null, folder('/out'), 'out'],
    ['a/../../b', null, file('/b'), 'b'],
    ['/tmp/out', 'reports', folder('/tmp/out'), 'reports'],
    ['/tmp/out', '/reports//', folder('/tmp/out'), 'reports'],
    ['/tmp/a.txt', 'b.txt', file('/tmp/a.txt'), 'b.txt'],
    ['/tmp/a.txt', 'reports/', file('/tmp/a.txt'), 'reports/a.txt'],
    ['/tmp/a.txt', '../../etc/x', file('/tmp/a.txt'), 'etc/x'],
    ['/tmp/out', '.', folder('/tmp/out'), ''],
  ];
  for (const [path, destination, found, shown] of rows) test(`${path} to ${destination}`, () => assert.equal(shownPath({ path, destination }, found), shown));
});

test('a file below it never leads out, whatever it is called', () => {
  for (const [shown, name, path] of [['out', 'a/b', 'out/a/b'], ['', 'a', 'a'], ['out', '', 'out'], ['out', '../../../a', 'a'], ['out', './/a', 'out/a']] as const) assert.equal(artifactPathBelow(shown, name), path);
});

suite('a name that came as bytes', () => {
  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  for (const [name, bytes, shown] of [
    ['plain', Buffer.from('a b.txt'), 'a b.txt'],
    ['UTF-8', Buffer.from('Prüfbericht ✓'), 'Prüfbericht ✓'],
    ['a line break', Buffer.from('a\nb'), 'a\nb'],
    ['a byte order mark', Buffer.from('\ufeffa'), '\ufeffa'],
    ['not UTF-8', Buffer.from([0x61, 0xff, 0xc3]), 'a%FF%C3'],
    ['not UTF-8 as a whole', Buffer.from([0xc3, 0xa9, 0xff]), '%C3%A9%FF'],
  ] as const)
    test(name, () => assert.equal(nameInWords(latin1(bytes)), shown));
});

test('a folder lists what lies in it, and how much lies below', () => {
  const files = ['b.txt', 'a/x', 'a/y/z', 'a/y/w', 'aa/x', 'a.txt'].map((path, file) => ({ path, file, bytes: 10, sha256: '' }));
  const names = (folder: string): string => {
    const found = artifactFolder(files, folder);
    return found === null ? 'none' : [...found.folders.map((each) => `${each.name}/ ${each.files} ${each.bytes}`), ...found.files.map(({ name, file }) => `${name} ${file}`)].join(', ');
  };
  assert.equal(names(''), 'a/ 3 30, aa/ 1 10, a.txt 5, b.txt 0');
  assert.equal(names('a'), 'y/ 2 20, x 1');
  assert.equal(names('a/y'), 'w 3, z 2');
  assert.equal(names('a/x'), 'none');
  assert.equal(names('c'), 'none');
});
