// How long does a config take to compile, over the mere parsing of its YAML?

import { parseDocument } from 'yaml';
import { compileConfig } from '../../config-schema/compile.ts';
import type { OrbSources } from '../../config-schema/language/processed.ts';
import { absent, orbsFor, sharedFiles, sharedOrbs, sharedText } from '../../test/config-schema/language/shared.ts';
import { inPairs, median, rounded, timed, type Bench } from './bench.ts';

type Input = { name: string; text: string; orbs: OrbSources };

/** The orbs are at hand: what is measured is the compiler alone. Where the configs of other people are missing, one like the largest is made up. */
export async function benchConfig(bench: Bench): Promise<void> {
  const all = absent ? new Map() : sharedOrbs();
  const inputOf = (name: string): Input => ({ name, text: sharedText(name), orbs: orbsFor(sharedText(name), name, all) });
  const inputs = sharedFiles('configs/{real,extra}/*.yml').concat(sharedFiles('oracle/*/input.yml')).map(inputOf);
  const largest = inputs.toSorted((a, b) => b.text.length - a.text.length)[0] ?? { name: 'made up', text: madeUp(), orbs: new Map() };
  const compiled = compileConfig(largest.text, { path: largest.name, orbs: largest.orbs });
  if ('errors' in compiled) throw new Error(`${largest.name} does not compile: ${compiled.errors[0]?.message}`);

  const ours = (): Promise<number> => timed(async () => void compileConfig(largest.text, { path: largest.name, orbs: largest.orbs }));
  const baseline = (): Promise<number> => timed(async () => void parseDocument(largest.text));
  const n = bench.quick ? 5 : 31;
  bench.say(`config: ${n} compiles of ${largest.name}, ${largest.text.length} characters, each followed by yaml's parse of it …`);
  // The first ones are the engine's, which has yet to see what is worth compiling.
  await inPairs(bench, 5, ours, baseline);
  const pairs = await inPairs(bench, n, ours, baseline);
  const about = { input: largest.name, characters: largest.text.length, jobs: Object.keys(compiled.plan.jobs).length, n };
  const ms = rounded(median(pairs.map((pair) => pair.ours)));
  const baselineMs = rounded(median(pairs.map((pair) => pair.baseline)));
  bench.print({ figure: 'config-compile-ratio', value: rounded(median(pairs.map((pair) => pair.ours / pair.baseline)), 2), unit: 'ratio', baseline: "yaml's parse of the same text", ms, baselineMs, ...about });
  bench.print({ figure: 'config-compile-ms', value: ms, unit: 'ms', ...about });

  if (absent) {
    bench.say(`config: config-corpus-ms is left out: ${absent}`);
    return;
  }
  const real = inputs.filter(({ name }) => name.startsWith('configs/real/'));
  const passes: { ms: number; slowest: { name: string; ms: number } }[] = [];
  bench.say(`config: each of ${real.length} real configs …`);
  for (let pass = 0; pass < (bench.quick ? 2 : 7); pass++) {
    const times: { name: string; ms: number }[] = [];
    for (const { name, text, orbs } of real) {
      bench.signal.throwIfAborted();
      times.push({ name, ms: await timed(async () => void compileConfig(text, { path: name, orbs })) });
    }
    passes.push({ ms: times.reduce((sum, { ms }) => sum + ms, 0), slowest: times.toSorted((a, b) => b.ms - a.ms)[0]! });
  }
  const { slowest } = passes.at(-1)!;
  bench.print({ figure: 'config-corpus-ms', value: rounded(median(passes.map((pass) => pass.ms))), unit: 'ms', n: passes.length, files: real.length, characters: real.reduce((sum, { text }) => sum + text.length, 0), slowest: slowest.name, slowestMs: rounded(slowest.ms) });
}

/** As large as the largest real one, and of the same stuff: scripts, commands with parameters, anchors, a matrix. */
function madeUp(): string {
  const script = (name: string): string => Array.from({ length: 12 }, (_, line) => `            echo "${name}: line ${line} of a script" | tee -a log-${line}.txt\n`).join('');
  const command = (i: number): string => `  command-${i}:
    parameters:
      path: {type: string, default: "."}
      verbose: {type: boolean, default: false}
    steps:
      - restore_cache: {keys: ["v1-${i}-{{ checksum \\"go.sum\\" }}", v1-${i}-]}
      - run:
          name: Run << parameters.path >>
          command: |
${script(`command ${i}`)}      - when: {condition: << parameters.verbose >>, steps: [{run: echo verbose}]}
`;
  const job = (i: number): string => `  job-${i}:
    <<: *defaults
    parameters:
      version: {type: string, default: "1.${i}"}
    steps:
      - checkout
      - command-${i % 40}: {path: src/${i}}
      - command-${(i + 7) % 40}: {path: lib, verbose: true}
      - run:
          command: |
${script(`job ${i} << parameters.version >>`)}`;
  const list = (length: number, make: (i: number) => string): string => Array.from({ length }, (_, i) => make(i)).join('');
  return `version: 2.1
defaults: &defaults
  docker: [{image: "debian:bookworm"}]
  environment: {LEVEL: 3, MODE: "on"}
commands:
${list(40, command)}jobs:
${list(60, job)}workflows:
  all:
    jobs:
${list(60, (i) => `      - job-${i}: {${i > 0 ? `requires: [${i % 10 === 1 ? `job-0-1.20` : `job-${i - 1}${(i - 1) % 10 === 0 ? '-1.20' : ''}`}], ` : ''}${i % 10 === 0 ? 'matrix: {parameters: {version: ["1.20", "1.21", "1.22"]}}' : 'filters: {branches: {ignore: /wip.*/}}'}}\n`)}`;
}
