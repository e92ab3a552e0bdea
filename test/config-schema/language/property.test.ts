// No text makes the compiler throw, or takes it long: texts by chance, damaged configs, and such as are made to do harm.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { OrbSource, OrbSources } from '../../../config-schema/language/processed.ts';
import { judge } from './judging.ts';
import { absent, sharedFiles, sharedOrbs, sharedText } from './shared.ts';

const runs = Number(process.env['FAST_CHECK_RUNS'] ?? 300);

const words = [
  ...['version', '2.1', 'jobs', 'workflows', 'commands', 'executors', 'orbs', 'parameters', 'job-groups', 'setup', 'steps', 'docker', 'image', 'machine', 'macos', 'xcode', 'executor', 'name', 'environment', 'run', 'command', 'when', 'unless'],
  ...['condition', 'and', 'or', 'not', 'equal', 'matches', 'changed', 'pattern', 'value', 'checkout', 'save_cache', 'restore_cache', 'key', 'keys', 'paths', 'type', 'default', 'enum', 'string', 'boolean', 'integer', 'executor', 'env_var_name', 'requires'],
  ...['filters', 'branches', 'tags', 'only', 'ignore', 'matrix', 'exclude', 'alias', 'pre-steps', 'post-steps', 'context', 'parallelism', 'approval', 'no-op', 'serial-group', 'override-with', 'triggers', 'schedule', 'cron', 'max_auto_reruns', 'a', 'b', 'o/a'],
  ...['<< parameters.a >>', '<< pipeline.git.branch >>', '<< matrix.a >>', '<<# parameters.a >>x<</ parameters.a >>', '<<', '>>', '\\<<', '/(a+)+$/', 'pipeline.number == 1', '__proto__', 'constructor', 'true', '3', '.', '', '~', 'on'],
];

test('trees of the words of the language', () => {
  const word = fc.constantFrom(...words);
  const { map } = fc.letrec<{ tree: unknown; map: Record<string, unknown> }>((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, word, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('tree'), { maxLength: 4 }), tie('map')),
    map: fc.dictionary(word, tie('tree'), { maxKeys: 5 }),
  }));
  const job = fc.record({ docker: fc.constant([{ image: 'a' }]), steps: fc.array(map, { maxLength: 4 }) }, { noNullPrototype: true });
  const config = fc.record({ version: fc.constant(2.1), commands: fc.record({ a: map, b: map }), executors: fc.record({ a: map }), orbs: fc.record({ o: map }), parameters: fc.record({ a: map }), jobs: fc.record({ a: fc.oneof(job, map), b: map }), workflows: fc.record({ a: fc.oneof(map, fc.record({ jobs: fc.array(fc.oneof(fc.constantFrom('a', 'b', 'o/a'), fc.record({ a: map })), { maxLength: 4 }) })) }) }, { requiredKeys: ['version'] });
  fc.assert(fc.property(fc.oneof(map, config), (value) => void judge(stringify(value))), { numRuns: runs });
});

test('characters', () => {
  const piece = fc.constantFrom('a', ': ', ':', '- ', '\n', '\n  ', '\n    ', '\t', '#', '"', "'", '&x ', '*x', '<<: *x', '<<', '>>', '|\n', '>-\n', '[', ']', '{', '}', ',', '? ', '!', '!!str ', '%', '@', '`', '---\n', '...', '\r', '\0', '\ufeff', '\u2028', '😀', '\ud800', '\\', '0x1', '1e9', '.nan');
  fc.assert(fc.property(fc.oneof(fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')), fc.string({ unit: 'binary', maxLength: 200 }), fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))), (text) => void judge(text)), { numRuns: runs });
});

suite('configs that have been damaged', () => {
  const own = `version: 2.1
parameters: {p: {type: integer, default: 2}}
orbs:
  o: {commands: {c: {parameters: {s: {type: steps, default: []}}, steps: [{steps: << parameters.s >>}]}}, executors: {e: {docker: [{image: x}]}}}
executors: {e: &e {parameters: {v: {type: string, default: a}}, docker: [{image: << parameters.v >>}], environment: {A: 1}}}
commands:
  c: {parameters: {b: {type: boolean, default: true}}, steps: [{when: {condition: << parameters.b >>, steps: [{run: "echo \\\\<<EOF"}]}}]}
jobs:
  j:
    parameters: {v: {type: string, default: x}, e: {type: executor, default: e}}
    executor: << parameters.e >>
    parallelism: << pipeline.parameters.p >>
    steps: [checkout, c, {o/c: {s: [c]}}, {save_cache: {key: a, paths: [.]}}]
  k: {machine: true, steps: [{run: {command: make, when: always}}]}
job-groups: {g: {jobs: [k, hold: {type: approval, requires: [k]}]}}
workflows:
  w:
    when: {equal: [1, << pipeline.number >>]}
    jobs:
      - j: {matrix: {parameters: {v: [a, b]}, exclude: [{v: b}]}, filters: {branches: {only: /m.*/}}, pre-steps: [checkout]}
      - g: {requires: [j], serial-group: x}
      - end: {type: approval, requires: [g: [success, failed]]}
`;
  const orbs = absent ? new Map() : sharedOrbs();
  const seeds = [own, ...sharedFiles('configs/real/*.yml').map(sharedText).filter((text) => text.length < 12_000)];
  const orbsOf = (text: string): OrbSources => new Map([...orbs].filter(([reference]) => text.includes(reference)));

  /** One thing that happens to a line. */
  const blow = fc.record({ at: fc.nat(), kind: fc.constantFrom('drop', 'twice', 'swap', 'in', 'out', 'cut', 'word', 'key', 'join'), to: fc.nat(), word: fc.constantFrom(...words, ': ', '*x', '&x', '[', '}', '\t', '"') });
  const damaged = (text: string, blows: { at: number; kind: string; to: number; word: string }[]): string => {
    const lines = text.split('\n');
    for (const { at, kind, to, word } of blows) {
      const i = at % lines.length;
      const line = lines[i] ?? '';
      if (kind === 'drop') lines.splice(i, 1);
      else if (kind === 'twice') lines.splice(i, 0, line);
      else if (kind === 'swap') [lines[i], lines[to % lines.length]] = [lines[to % lines.length] ?? '', line];
      else if (kind === 'in') lines[i] = `  ${line}`;
      else if (kind === 'out') lines[i] = line.replace(/^ {1,2}/, '');
      else if (kind === 'cut') lines[i] = line.slice(0, to % (line.length + 1));
      else if (kind === 'word') lines[i] = line.replace(/\S+$/, word);
      else if (kind === 'key') lines[i] = line.replace(/[\w-]+(?=:)/, word);
      else lines.splice(i, 2, line + (lines[i + 1] ?? '').trimStart());
      if (lines.length === 0) lines.push('');
    }
    return lines.join('\n');
  };

  test('are judged', () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(blow, { minLength: 1, maxLength: 4 }), (seed, blows) => {
        const text = damaged(seed, blows);
        judge(text, orbsOf(text));
      }),
      { numRuns: runs },
    );
  });

  test('are undamaged at first', () => assert.deepEqual(judge(own), []));
});

suite('texts that are made to do harm', () => {
  const list = (length: number, make: (i: number) => string): string => Array.from({ length }, (_, i) => make(i)).join('');
  const withJob = (job: string, rest = ''): string => `version: 2.1\n${rest}jobs:\n  build:\n    docker: [{image: a}]\n${job}`;
  const stepsOf = (steps: string, rest = ''): string => withJob(`    steps: ${steps}\n`, rest);
  const commands = (length: number, make: (i: number) => string): string => `commands:\n${list(length, (i) => `  c${i}: ${make(i)}\n`)}`;
  const workflow = (jobs: string, rest = '', job = 'parameters: {a: {type: string, default: x}, b: {type: string, default: x}}'): string => `version: 2.1\n${rest}jobs:\n  j:\n    docker: [{image: a}]\n    steps: [checkout]\n    ${job}\nworkflows:\n  w:\n    jobs:\n${jobs}`;
  const numbers = (length: number): string => `[${list(length, (i) => `"${i}", `)}]`;
  const orb = (text: string): OrbSource => ({ version: '1.0.0', text, sha256: createHash('sha256').update(text).digest('hex'), origin: 'here' });
  const nothing = /^/;

  /** The text, and what it is told; null where it is no fault. */
  const rows: [string, string, RegExp | null, OrbSources?][] = [
    ['aliases of aliases', stepsOf('[checkout, *z9]', `x:\n  - &z0 [{run: a}, {run: b}, {run: c}]\n${list(9, (i) => `  - &z${i + 1} [${list(9, () => `*z${i}, `)}]\n`)}`), /aliases/],
    ['aliases of aliases in merge keys', stepsOf('[checkout]', `x:\n  - &z0 {${list(50, (i) => `a${i}: 1, `)}}\n${list(2000, (i) => `  - &z${i + 1} {<<: *z${i}, b${i}: 1}\n`)}`), /aliases/],
    ['an alias in its own anchor', 'version: 2.1\njobs: &a {build: *a}\n', /inside its own anchor/],
    ['20,000 aliases of one step', stepsOf(`[${list(20_000, () => '*s, ')}]`, 'x: &s {run: echo}\n'), null],
    ['flow lists 1,000 deep', `version: 2.1\nx: ${'['.repeat(1000)}${']'.repeat(1000)}\n`, /levels|deeply/],
    ['flow lists 100,000 deep', `version: 2.1\nx: ${'['.repeat(100_000)}`, /nested too deeply|levels/],
    ['maps 1,000 deep', `version: 2.1\n${list(1000, (i) => `${' '.repeat(i)}x:\n`)}`, /levels|deeply/],
    ['conditions 90 deep', stepsOf(`[{when: {condition: ${'{not: '.repeat(90)}true${'}'.repeat(90)}, steps: []}}]`), null],
    ['a command that calls itself', stepsOf('[c0]', commands(1, () => '{steps: [c0]}')), /c0/],
    ['commands that call each other', stepsOf('[c0]', commands(2, (i) => `{steps: [c${1 - i}]}`)), /c[01]/],
    ['a circle of 500 commands', stepsOf('[c0]', commands(500, (i) => `{steps: [c${(i + 1) % 500}]}`)), /./],
    ['a chain of 2,000 commands', stepsOf('[c0]', commands(2000, (i) => (i === 1999 ? '{steps: [checkout]}' : `{steps: [c${i + 1}]}`))), nothing],
    ['commands that double, 60 times', stepsOf('[c0]', commands(60, (i) => (i === 59 ? '{steps: [checkout]}' : `{steps: [c${i + 1}, c${i + 1}]}`))), /more than \d+ steps/],
    ['commands that double and do nothing, 60 times', stepsOf('[c0]', commands(60, (i) => (i === 59 ? '{steps: []}' : `{steps: [c${i + 1}, c${i + 1}]}`))), nothing],
    ['conditions that double, 60 times', stepsOf('[c0]', commands(60, (i) => (i === 59 ? '{steps: [checkout]}' : `{steps: [{when: {condition: true, steps: [c${i + 1}, c${i + 1}]}}]}`))), /levels deep|more than \d+ steps/],
    ['a text that doubles, 60 times', stepsOf('[c0: {p: ha}]', commands(60, (i) => `{parameters: {p: {type: string}}, steps: [${i === 59 ? 'run: << parameters.p >>' : `c${i + 1}: {p: << parameters.p >><< parameters.p >>}`}]}`)), nothing],
    ['steps that are handed on and double, 60 times', stepsOf('[c0: {p: [checkout]}]', commands(60, (i) => `{parameters: {p: {type: steps}}, steps: [${i === 59 ? 'steps: << parameters.p >>' : `c${i + 1}: {p: [{steps: << parameters.p >>}, {steps: << parameters.p >>}]}`}]}`)), /more than \d+ steps/],
    ['steps that are handed to themselves', stepsOf('[c0: {p: [{c0: {p: [checkout]}}]}]', commands(1, () => '{parameters: {p: {type: steps, default: [c0]}}, steps: [steps: << parameters.p >>]}')), null],
    ['a default that calls its own command', stepsOf('[c0]', commands(1, () => '{parameters: {p: {type: steps, default: [c0]}}, steps: [steps: << parameters.p >>]}')), /./],
    ['commands that are names of each other', stepsOf('[c0]', commands(2, (i) => `c${1 - i}`)), /./],
    ['executors that are names of each other', 'version: 2.1\nexecutors: {a: b, b: a}\njobs: {build: {executor: a, steps: [checkout]}}\n', /./],
    ['jobs that are names of each other', 'version: 2.1\njobs: {a: b, b: a}\nworkflows: {w: {jobs: [a]}}\n', /./],
    ['job groups that hold each other', 'version: 2.1\njobs: {}\njob-groups: {a: {jobs: [b]}, b: {jobs: [a]}}\nworkflows: {w: {jobs: [a]}}\n', /./],
    ['a matrix of 10,000 jobs', workflow(`      - j: {matrix: {parameters: {a: ${numbers(100)}, b: ${numbers(100)}}}}\n`), null],
    ['a matrix of 10,100 jobs', workflow(`      - j: {matrix: {parameters: {a: ${numbers(101)}, b: ${numbers(100)}}}}\n`), /cannot generate more than 10000 jobs/],
    ['a matrix of 10^30 jobs', workflow(`      - j: {matrix: {parameters: {${list(30, (i) => `p${i}: ${numbers(10)}, `)}}}}\n`, '', `parameters: {${list(30, (i) => `p${i}: {type: string}, `)}}`), /cannot generate more than 10000 jobs/],
    ['20 matrices of 10,000 jobs', workflow(list(20, (i) => `      - j: {name: n${i}-<< matrix.a >>-<< matrix.b >>, matrix: {parameters: {a: &n ${numbers(100)}, b: *n}}}\n`)), /more than \d+ steps and jobs/],
    ['a matrix of 10,000 jobs with 1,000 exclusions', workflow(`      - j: {matrix: {parameters: {a: ${numbers(100)}, b: ${numbers(100)}}, exclude: [${list(1000, (i) => `{a: "${i % 100}", b: "${(i * 7) % 100}"}, `)}]}}\n`), null],
    ['a matrix that requires a matrix', workflow(`      - j: {name: x, matrix: {alias: x, parameters: {a: ${numbers(60)}, b: ${numbers(60)}}}}\n      - j: {name: y, matrix: {parameters: {a: ${numbers(60)}, b: ${numbers(60)}}}, requires: [x]}\n`), nothing],
    ['3,000 jobs in a row', workflow(list(3000, (i) => `      - j: {name: n${i}${i === 0 ? '' : `, requires: [n${i - 1}]`}}\n`)), null],
    ['3,000 jobs in a circle', workflow(list(3000, (i) => `      - j: {name: n${i}, requires: [n${(i + 2999) % 3000}]}\n`)), /At least one job in the workflow must have no dependencies|unreachable/],
    ['300 jobs that require all before them', workflow(list(300, (i) => `      - j: {name: n${i}, requires: [${list(i, (k) => `n${k},`)}]}\n`)), null],
    ['3,000 different jobs of one name', workflow(list(3000, (i) => `      - j: {a: "${i}"}\n`)), null],
    ['1,000 workflows', `${workflow('      - j\n')}${list(1000, (i) => `  w${i}: {jobs: [j]}\n`)}`, null],
    ['a pattern that others choke on', workflow(`      - j: {filters: {branches: {only: [/(a+)+$/, /(a|a)*b/, "/${'(x+x+)+'.repeat(20)}y/"]}}}\n`), null],
    ['a pattern that repeats a repetition', workflow('      - j: {filters: {branches: {only: "/((((a{100}){100}){100}){100})/"}}}\n'), /./],
    ['globs that others choke on', workflow('      - j\n').replace('  w:\n', `  w:\n    when: {changed: ["${'*a'.repeat(10)}b", "${'{a,b,'.repeat(40)}c${'}'.repeat(40)}", "${'**/a/'.repeat(9)}*", "${'[a-z]*'.repeat(10)}x", "${'{,a}'.repeat(60)}b"]}\n`), null],
    ['15 conditions of 100 different globs', workflow('      - j\n').replace('  w:\n', `  w:\n    when: {or: [${list(15, (i) => `{changed: [${list(100, (k) => `"${'*a{a,[a-z]}?'.repeat(10)}${i}x${k}", `)}]}, `)}]}\n`), /no more than 500 patterns/],
    ['2,000 conditions of the same 100 globs', workflow('      - j\n').replace('  w:\n', `  w:\n    when: {or: [${list(2000, (i) => `{changed: ${i === 0 ? `&g [${list(100, (k) => `"${'*a{a,[a-z]}?'.repeat(10)}${k}", `)}]` : '*g'}}, `)}]}\n`), null],
    ['50,000 openings of a tag', stepsOf(`[run: "${'<< '.repeat(50_000)}"]`), /Unclosed|expected|2048/i],
    ['50,000 escaped tags', stepsOf(`[run: "${'\\\\<<'.repeat(30_000)}"]`), nothing],
    ['5,000 sections in one another', stepsOf(`[run: "${'<<# pipeline.number >>'.repeat(5000)}${'<</ pipeline.number >>'.repeat(5000)}"]`), nothing],
    ['5,000 sections beside each other', stepsOf(`[run: "${'<<# pipeline.number >>x<</ pipeline.number >>'.repeat(3000)}"]`), null],
    ['an expression of 2,000 brackets', workflow('      - j\n', '').replace('    jobs:\n', `    when: "${'('.repeat(2000)}true"\n    jobs:\n`), /./],
    ['an expression of 1,000 negations', workflow('      - j\n').replace('  w:\n', `  w:\n    when: "${'not '.repeat(500)}true"\n`), nothing],
    ['50,000 keys that are there twice', `version: 2.1\njobs: {build: {docker: [{image: a}], steps: [checkout]}}\n${'x: 1\n'.repeat(50_000)}`, null],
    ['100 unknown keys in each of 100 jobs', `version: 2.1\njobs:\n${list(100, (i) => `  j${i}: {docker: [{image: a}], steps: [checkout], ${list(100, (k) => `x${k}: 1, `)}}\n`)}workflows: {w: {jobs: [j0]}}\n`, /extraneous key/],
    ['100 KB in one word', stepsOf(`[${'a'.repeat(100_000)}]`), /Cannot find a definition for command named a+/],
    ['5,000 pipeline parameters', stepsOf('[checkout]', `parameters:\n${list(5000, (i) => `  p${i}: {type: string, default: << pipeline.parameters.p${i} >>}\n`)}`), nothing],
    ['inline orbs 40 deep', `version: 2.1\n${list(40, (i) => `${'  '.repeat(i * 2)}orbs:\n${'  '.repeat(i * 2 + 1)}o:\n`)}${'  '.repeat(80)}commands: {c: {steps: [checkout]}}\njobs: {build: {docker: [{image: a}], steps: [checkout]}}\n`, nothing],
    ['an orb that imports itself', stepsOf('[o/c]', 'orbs: {o: a/a@1}\n'), /./, new Map([['a/a@1', orb('version: 2.1\norbs: {x: a/a@1}\ncommands: {c: {steps: [x/c]}}\n')]])],
    ['orbs that import each other', stepsOf('[o/c]', 'orbs: {o: a/a@1}\n'), /./, new Map([['a/a@1', orb('version: 2.1\norbs: {x: b/b@1}\ncommands: {c: {steps: [x/c]}}\n')], ['b/b@1', orb('version: 2.1\norbs: {x: a/a@1}\ncommands: {c: {steps: [x/c]}}\n')]])],
    ['orbs that import each other, and nothing of it is called', stepsOf('[o/c]', 'orbs: {o: a/a@1}\n'), nothing, new Map([['a/a@1', orb('version: 2.1\norbs: {x: b/b@1}\ncommands: {c: {steps: [checkout]}}\n')], ['b/b@1', orb('version: 2.1\norbs: {x: a/a@1}\ncommands: {c: {steps: [checkout]}}\n')]])],
    ['an orb that is no YAML', stepsOf('[o/c]', 'orbs: {o: a/a@1}\n'), /a\/a@1/, new Map([['a/a@1', orb('version: [\n')]])],
    ['an orb of aliases of aliases', stepsOf('[o/c]', 'orbs: {o: a/a@1}\n'), /a\/a@1/, new Map([['a/a@1', orb(`x:\n  - &z0 [1, 2, 3]\n${list(9, (i) => `  - &z${i + 1} [${list(9, () => `*z${i}, `)}]\n`)}commands: {c: {steps: [checkout]}}\n`)]])],
  ];
  for (const [name, text, said, orbs] of rows)
    test(name, () => {
      const errors = judge(text, orbs);
      if (said === null) assert.deepEqual(errors.slice(0, 3), []);
      else if (said !== nothing) assert.ok(errors.some((message) => said.test(message)), errors.slice(0, 3).join('\n') || 'it compiles');
    });
});
