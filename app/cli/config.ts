// `roundhouse config`: is the config right, and what does it become?

import { compileConfig, orbReferences, printConfig, processConfig } from '../../config-schema/compile.ts';
import type { ChangedPaths } from '../../config-schema/language/changed.ts';
import type { OrbSources, PipelineValues } from '../../config-schema/language/processed.ts';
import { toPlain } from '../../config-schema/language/node.ts';
import { processedTree } from '../../config-schema/language/print.ts';
import { sampleValues } from '../../config-schema/pipeline-values.ts';
import type { Settings } from '../../config-schema/settings.ts';
import { readSettings } from '../read-settings.ts';
import { readInput, type ConfigInput, type ConfigOptions } from './config-input.ts';
import { findingLines, findingsObject, findingsOf, type Findings } from './config-report.ts';

type CompileOptions = { path: string; values: PipelineValues; parameters: Record<string, unknown>; changed: ChangedPaths };

/** Gets every orb that the text needs: from the folders, then the work tree, then wherever the settings say. */
export type LoadOrbs = (
  text: string,
  options: CompileOptions,
  from: { settings: Settings; orbReferences: typeof orbReferences; folders: readonly string[]; workTree: string; note: (sentence: string) => void },
) => Promise<OrbSources>;

export type ConfigCommand = (file: string | undefined, options: ConfigOptions, loadOrbs: LoadOrbs) => Promise<void>;

/** Says every problem; exit code 2 when there is one. */
export const validate: ConfigCommand = async (named, options, loadOrbs) => {
  const input = await read(named, options, loadOrbs);
  const compiled = compileConfig(input.text, input.options);
  const findings = 'errors' in compiled ? findingsOf(compiled.errors) : findingsOf(compiled.plan.warnings, compiled.notYet);
  if (options.json) print(findingsObject(input.file, findings));
  else {
    process.stderr.write(findingLines(input.file, findings));
    if (findings.errors.length === 0) process.stdout.write(`Config file at ${input.file} is valid.\n`);
  }
  if (findings.errors.length > 0) process.exitCode = 2;
};

/** Prints what is left when nothing of 2.1 is left. */
export const processIt: ConfigCommand = async (named, options, loadOrbs) => {
  const input = await read(named, options, loadOrbs);
  const done = processConfig(input.text, input.options);
  if ('errors' in done) return fail(input, findingsOf(done.errors), options);
  process.stderr.write(findingLines(input.file, findingsOf(done.warnings)));
  if (options.json) print(toPlain(processedTree(done.processed)));
  else process.stdout.write(printConfig(done.processed));
};

/** Prints what would run, as JSON. */
export const plan: ConfigCommand = async (named, options, loadOrbs) => {
  const input = await read(named, options, loadOrbs);
  const compiled = compileConfig(input.text, input.options);
  if ('errors' in compiled) return fail(input, findingsOf(compiled.errors), options);
  process.stderr.write(findingLines(input.file, findingsOf(compiled.plan.warnings, compiled.notYet)));
  print(compiled.plan);
};

type Ready = Pick<ConfigInput, 'file' | 'text'> & { options: CompileOptions & { orbs: OrbSources } };

async function read(named: string | undefined, given: ConfigOptions, loadOrbs: LoadOrbs): Promise<Ready> {
  const settings = await readSettings();
  const { file, text, workTree, ref, parameters } = await readInput(named, given, settings.configPaths);
  const changed = given.changed?.length ? { paths: given.changed } : { unknown: 'name those that shall count with --changed PATH' };
  const options = { path: file, values: sampleValues(ref), parameters, changed };
  // Most configs name no orb, and need not wait for what fetches them.
  const needsOrbs = orbReferences(text, options).length > 0;
  const note = (sentence: string): void => void process.stderr.write(`${file}: note: ${sentence}\n`);
  const orbs: OrbSources = needsOrbs ? await loadOrbs(text, options, { settings, orbReferences, folders: given.orbs, workTree, note }) : new Map();
  return { file, text, options: { ...options, orbs } };
}

function fail({ file }: Ready, findings: Findings, { json }: ConfigOptions): void {
  if (json) print(findingsObject(file, findings));
  else process.stderr.write(findingLines(file, findings));
  process.exitCode = 2;
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
