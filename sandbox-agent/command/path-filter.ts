// Which files have changed since a revision, and which pipeline parameters and configs follow? What the orb circleci/path-filtering asks.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parametersFor, readMapping, type Mapping } from '../../config-schema/changed-paths.ts';
import { Refused } from '../refused.ts';
import type { Surroundings } from './surroundings.ts';

/** The mapping is a file, or a text with blanks in it. Writes the parameters as JSON to `--output`, and to `--config-list` the configs that apply, one a line. */
export function filterPaths(args: string[], around: Surroundings): number {
  const { mapping, 'base-revision': base, output, 'config-path': config, 'config-list': list, exclude } = readOptions(args);
  const mappings = readMappings(/\s/.test(mapping) || mapping === '' ? mapping : read(mapping, around.cwd));
  const excluded = new Set(exclude.split(/\s+/).filter(Boolean));
  const changed = changedPaths(base, around).filter((path) => !excluded.has(path));
  const { parameters, configs } = parametersFor(mappings, changed);
  around.print(`${changed.length} changed ${changed.length === 1 ? 'path' : 'paths'} since ${base}:\n${changed.map((path) => `  ${path}\n`).join('')}`);
  around.print(`pipeline parameters: ${JSON.stringify(parameters)}\n`);
  write(output, `${JSON.stringify(parameters)}\n`, around.cwd);
  // A mapping that names configs chooses among them.
  if (list !== '') write(list, (mappings.some((each) => each.config !== null) ? configs : [config]).map((path) => `${path}\n`).join(''), around.cwd);
  return 0;
}

type Options = Record<'mapping' | 'base-revision' | 'output' | 'config-path' | 'config-list' | 'exclude', string>;

const type = 'string';

function readOptions(args: string[]): Options {
  try {
    return parseArgs({
      args,
      options: {
        mapping: { type, default: '' },
        'base-revision': { type, default: 'main' },
        output: { type, default: '/tmp/pipeline-parameters.json' },
        'config-path': { type, default: '.circleci/continue_config.yml' },
        'config-list': { type, default: '' },
        exclude: { type, default: '' },
      },
    }).values;
  } catch (error) {
    throw new Refused(`path-filter: ${(error as Error).message}`);
  }
}

function readMappings(text: string): Mapping[] {
  try {
    return readMapping(text);
  } catch (error) {
    throw new Refused(`path-filter: ${(error as Error).message}.`);
  }
}

/** Since the two went apart; of a commit that is the base itself, since the one before it; of the first one, all. */
function changedPaths(base: string, around: Surroundings): string[] {
  const git = (...args: string[]): string | null => {
    try {
      return execFileSync('git', args, { cwd: around.cwd, env: around.env as NodeJS.ProcessEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Refused('path-filter: this image has no git. Use one that has it.');
      return null;
    }
  };
  const commit = (revision: string): string | null => git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`)?.trim() ?? null;
  const head = commit('HEAD');
  if (head === null) throw new Refused(`path-filter: ${around.cwd} is not a checkout of a repository. Put \`checkout\` before this step.`);
  // It would be an option of git's.
  if (base === '' || base.startsWith('-')) throw noSuchRevision(base);
  const find = (): string | null => commit(`origin/${base}`) ?? commit(base);
  const found = find() ?? (git('fetch', '--quiet', 'origin', base) === null ? null : (find() ?? commit('FETCH_HEAD')));
  if (found === null) throw noSuchRevision(base);
  const since = git('merge-base', found, head)?.trim() ?? found;
  const from = since === head ? (commit('HEAD~1') ?? emptyTree) : since;
  const names = git('diff', '--name-only', '--no-renames', '-z', from, head);
  if (names === null) throw new Refused(`path-filter: git cannot compare ${from.slice(0, 12)} with ${head.slice(0, 12)}. A shallow checkout holds too little: use another method.`);
  return names.split('\0').filter(Boolean);
}

const noSuchRevision = (base: string): Refused => new Refused(`path-filter: there is no revision "${base}". Correct base-revision: a branch of the repository, a tag or a commit.`);

/** That of no files, which every repository knows. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

function read(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new Refused(`path-filter: the mapping ${file} cannot be read: ${(error as Error).message}`);
  }
}

function write(file: string, text: string, cwd: string): void {
  try {
    writeFileSync(resolve(cwd, file), text);
  } catch (error) {
    throw new Refused(`path-filter: ${file} cannot be written: ${(error as Error).message}`);
  }
}
