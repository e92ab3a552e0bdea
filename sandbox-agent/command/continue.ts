// With which config does the pipeline of a setup config go on? With one that a step hands in: it leaves it where the builder looks when the step has ended.

import { constants, closeSync, fstatSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { faultOfParameters, mostContinuationBytes, type Continuation } from '../../config-schema/continuation.ts';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';

/** Answers 1, with a sentence, when the pipeline cannot go on with it. */
export function continuePipeline(args: string[], around: Surroundings): number {
  const { file, finish, parameters } = readArguments(args);
  const place = around.env['ROUNDHOUSE_CONTINUATION_FILE'];
  try {
    if (!place) throw new Refused('continue: this is not a job of a setup config. A pipeline goes on once, from a job of a config with `setup: true`.');
    handIn(place, finish ? nothing : { path: shownPath(file, around), configuration: textOf(file, around.cwd), parameters: parametersOf(parameters, around.cwd) });
    around.print(finish ? 'The pipeline ends with its setup workflow.\n' : `When the setup workflow has ended, the pipeline goes on with ${file}.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    around.complain(error.message);
    return 1;
  }
}

const nothing: Continuation = { path: '', configuration: null, parameters: {} };

function readArguments(args: string[]): { file: string; finish: boolean; parameters: string } {
  const { values, positionals } = parse(args);
  const { finish = false, parameters = '{}' } = values;
  const [file = '', more] = positionals;
  if (more !== undefined) throw new Refused(`continue: one config is handed in; \`${more}\` is one too many.`);
  if ((file === '') !== finish) throw new Refused('continue: name the config to go on with: continue .circleci/continue_config.yml --parameters \'{"deploy": true}\'; or --finish to go on with nothing.');
  return { file, finish, parameters };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: { parameters: { type: 'string' }, finish: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    throw new Refused(`continue: ${(error as Error).message}`);
  }
}

/** A JSON object, or a file that holds one; empty: none. */
function parametersOf(given: string, cwd: string): Continuation['parameters'] {
  const text = given.trim();
  const [json, from] = text.startsWith('{') || text === '' ? [text || '{}', '--parameters'] : [textOf(text, cwd), text];
  const parameters = readJson(json, from);
  const fault = faultOfParameters(parameters);
  if (fault !== null) throw new Refused(`continue: ${from} cannot be used: ${fault}.`);
  return parameters as Continuation['parameters'];
}

function readJson(json: string, from: string): unknown {
  try {
    return JSON.parse(json.trim() || '{}');
  } catch (error) {
    throw new Refused(`continue: ${from} is not JSON: ${(error as Error).message}`);
  }
}

function textOf(file: string, cwd: string): string {
  let opened: number | undefined;
  try {
    opened = openSync(resolve(cwd, file), constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = fstatSync(opened);
    if (size > mostContinuationBytes) throw new Refused(tooLarge(file));
    return readFileSync(opened, 'utf8');
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(`continue: ${file} cannot be read: ${(error as Error).message}`);
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

const tooLarge = (file: string): string => `continue: ${file} is too large: a config and its parameters have at most ${mostContinuationBytes / 1024 / 1024} MB.`;

/** As it lies in the repository, where it does: messages about the config name it. */
function shownPath(file: string, { cwd, env }: Surroundings): string {
  const project = (env['CIRCLE_WORKING_DIRECTORY'] ?? cwd).replace(/^~(?=\/|$)/, env['HOME'] ?? '~');
  const path = relative(project, resolve(cwd, file));
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

/** Seen whole or not at all, and there is one of a job. */
function handIn(place: string, continuation: Continuation): void {
  const text = JSON.stringify(continuation);
  if (Buffer.byteLength(text) > 2 * mostContinuationBytes) throw new Refused(tooLarge(continuation.path));
  const draft = `${place}.${process.pid}`;
  try {
    // The folder is everybody's: a link that somebody else put there is not followed.
    writeFileSync(draft, text, { flag: 'wx', mode: 0o644 });
    linkSync(draft, place);
  } catch (error) {
    const isTwice = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new Refused(isTwice ? 'continue: this job has handed in a config already. A pipeline goes on once.' : `continue: ${place} cannot be made: ${(error as Error).message}`);
  } finally {
    rmSync(draft, { force: true });
  }
}
