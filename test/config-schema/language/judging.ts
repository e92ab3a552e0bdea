// What holds for every text whatever, be it a config or not?

import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { compileConfig, orbReferences, printConfig, processConfig } from '../../../config-schema/compile.ts';
import type { OrbSources } from '../../../config-schema/language/processed.ts';
import type { Diagnostic } from '../../../config-schema/plan.ts';

/** As many and as long as a pipeline may hand in, and such as patterns choke on. */
const hostilePaths = Array.from({ length: 290 }, (_, i) => `${i % 2 === 0 ? 'a'.repeat(168) : 'a/'.repeat(84)}${i}`);

/** Compiles the text: never a throw, never more than a second for 100 KB, every problem at a place in it, what compiles can be printed. Returns the errors. */
export function judge(text: string, orbs: OrbSources = new Map()): string[] {
  const options = { path: '.circle.yml', orbs, changed: { paths: hostilePaths } };
  const bytes = text.length + [...orbs.values()].reduce((sum, orb) => sum + ('text' in orb ? orb.text.length : 0), 0);
  const { compiled, ms } = timed(() => compileConfig(text, options));
  // Twice that, for a processor that is shared; one that is slower is so for the yardstick, too. The best of some tries, since others only add to it.
  const allowedMs = 2000 * Math.max(1, bytes / 100_000);
  let best = ms;
  for (let tries = 0; best >= allowedMs && tries < 3; tries++) best = Math.min(best, timed(() => compileConfig(text, options)).ms);
  assert.ok(best < allowedMs || best < allowedMs * slowness(), `${best} ms for ${bytes} characters`);

  const all = 'errors' in compiled ? compiled.errors : [...compiled.plan.warnings, ...compiled.notYet];
  arePlaced(all, text);
  const errors = all.filter(({ severity }) => severity === 'error');
  if ('errors' in compiled) assert.ok(errors.length > 0, 'what does not compile says why');
  else JSON.stringify(compiled.plan);

  if (ms < 200) {
    const done = processConfig(text, options);
    if ('processed' in done) parse(printConfig(done.processed), { maxAliasCount: -1, logLevel: 'silent' });
    if ('plan' in compiled) assert.ok('processed' in done, 'a plan is made of a processed config');
    orbReferences(text, { path: options.path });
  }
  return 'errors' in compiled ? errors.map(({ message }) => message) : [];
}

const yardstick = Array.from({ length: 500 }, (_, i) => `key${i}: {a: [1, two, 3.5], b: "text ${i}"}`).join('\n');
/** Of a processor on which the slowest of our texts takes 1.3 s. */
const yardstickMs = 45;

/** How many times as long as usual this processor takes, just now, for something that is always the same; at least once. */
function slowness(): number {
  return Math.max(1, Math.min(...[1, 2, 3].map(() => timed(() => parse(yardstick)).ms)) / yardstickMs);
}

/** In the processor's time: others may be busy on the machine. */
function timed<T>(compile: () => T): { compiled: T; ms: number } {
  const before = process.cpuUsage();
  const compiled = compile();
  const { user, system } = process.cpuUsage(before);
  return { compiled, ms: (user + system) / 1000 };
}

/** At a place in the text, and with where, what and the remedy. */
export function arePlaced(diagnostics: readonly Diagnostic[], text: string): void {
  const lines = text.split('\n');
  for (const { line, column, endLine, message } of diagnostics) {
    assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= lines[line - 1]!.length + 1, `${line}:${column} ${message}`);
    assert.ok(endLine === undefined || (endLine > line && endLine <= lines.length), message);
    assert.match(message, /^[^]+: [^]+[.!]$/, 'says where, what and the remedy');
  }
}
