// Which files have changed since a revision, and which pipeline parameters and configs follow? What the orb circleci/path-filtering asks.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parametersFor, readExclude, readMapping } from '../../config-schema/changed-paths.ts';
import { Refused } from '../refused.ts';
import { expandVariables } from './env-subst.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * The mapping is a file, or a text with blanks in it; variables in every option are filled in, as the original does. Writes the parameters
 * as JSON to `--output`, and to `--config-list` the configs that apply, one a line: those of the mapping, where a line that names one matches.
 */
export function filterPaths(args: string[], around: Surroundings): number {
  const { mapping, exclude, 'base-revision': base, output, 'config-path': config, 'config-list': list, 'same-base': sameBase, 'files-parameter': filesParameter } = readOptions(args, around);
  const mappings = readLines(readMapping, /\s/.test(mapping) || mapping === '' ? mapping : read(mapping, around.cwd));
  const excluded = readLines(readExclude, /\s/.test(exclude) || exclude === '' || !existsSync(resolve(around.cwd, exclude)) ? exclude : read(exclude, around.cwd));
  const changed = changedPaths(base, sameBase !== 'false', around).filter((path) => !excluded.some((pattern) => pattern.test(path)));
  const { parameters, configs } = parametersFor(mappings, changed);
  if (filesParameter !== '' && changed.length > 0) parameters[filesParameter] = changed.join(',');
  around.print(`${changed.length} changed ${changed.length === 1 ? 'path' : 'paths'} since ${base}:\n${changed.map((path) => `  ${path}\n`).join('')}`);
  around.print(`pipeline parameters: ${JSON.stringify(parameters)}\n`);
  write(output, `${JSON.stringify(parameters)}\n`, around.cwd);
  if (list !== '') write(list, (configs.length > 0 ? configs : [config]).map((path) => `${path}\n`).join(''), around.cwd);
  return 0;
}

type Options = Record<'mapping' | 'base-revision' | 'output' | 'config-path' | 'config-list' | 'exclude' | 'same-base' | 'files-parameter', string>;

const type = 'string';

function readOptions(args: string[], { env }: Surroundings): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        mapping: { type, default: '' },
        'base-revision': { type, default: 'main' },
        output: { type, default: '/tmp/pipeline-parameters.json' },
        'config-path': { type, default: '.circleci/continue_config.yml' },
        'config-list': { type, default: '' },
        exclude: { type, default: '' },
        'same-base': { type, default: 'true' },
        'files-parameter': { type, default: '' },
      },
    });
    return Object.fromEntries(Object.entries(values).map(([option, value]) => [option, expandVariables(value, env)])) as Options;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(`path-filter: ${(error as Error).message}`);
  }
}

function readLines<T>(lines: (text: string) => T[], text: string): T[] {
  try {
    return lines(text);
  } catch (error) {
    throw new Refused(`path-filter: ${(error as Error).message}.`);
  }
}

/** Since the two went apart; of a commit that is the base itself, since the one before it, or nothing; of the first one, all. */
function changedPaths(base: string, ofBaseItself: boolean, around: Surroundings): string[] {
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
  // That of origin would be the default branch.
  const find = (): string | null => (/^HEAD\b/.test(base) ? null : commit(`origin/${base}`)) ?? commit(base);
  const found = find() ?? (git('fetch', '--quiet', 'origin', base) === null ? null : (find() ?? commit('FETCH_HEAD')));
  if (found === null) throw noSuchRevision(base);
  const since = git('merge-base', found, head)?.trim() ?? found;
  if (since === head && !ofBaseItself) return [];
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
