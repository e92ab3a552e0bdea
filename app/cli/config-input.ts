// Which config is meant, for which branch, with which parameters?

import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { entriesOf, toPlain } from '../../config-schema/language/node.ts';
import { collectProblems } from '../../config-schema/language/problems.ts';
import { readYaml } from '../../config-schema/language/yaml.ts';
import { Problem } from './problem.ts';

/** As typed. */
export type ConfigOptions = { orbs: string[]; param: [name: string, value: string][]; paramsFile?: string; branch?: string; tag?: string; changed?: string[]; json?: true };

export type ConfigInput = {
  /** As messages show it. */
  file: string;
  text: string;
  /** Top of the git work tree, or the current folder. */
  workTree: string;
  ref: { branch: string } | { tag: string };
  parameters: Record<string, unknown>;
};

/** Reads what was named, `-` being standard input; by default the first of `configPaths` that the work tree has. Throws Problem. */
export async function readInput(named: string | undefined, { orbs, param, paramsFile, branch, tag }: ConfigOptions, configPaths: readonly string[]): Promise<ConfigInput> {
  const notThere = orbs.find((orbFolder) => !statSync(orbFolder, { throwIfNoEntry: false })?.isDirectory());
  if (notThere !== undefined) throw new Problem(`--orbs ${notThere}: is not a folder. Name one that holds NAMESPACE/NAME/VERSION.yml.`, 2);
  const folder = named === undefined || named === '-' ? process.cwd() : dirname(resolve(named));
  // A config that lies outside, such as a generated one, belongs to where the person is.
  const tree = (await workTreeAt(folder)) ?? (await workTreeAt(process.cwd())) ?? { top: process.cwd(), branch: null };
  const file = named ?? findConfig(tree.top, configPaths);
  return {
    file: file === '-' ? '<stdin>' : file,
    text: file === '-' ? await readAll(process.stdin) : await readText(file),
    workTree: tree.top,
    ref: tag === undefined ? { branch: branch ?? tree.branch ?? 'main' } : { tag },
    parameters: { ...(paramsFile === undefined ? {} : await readParameters(paramsFile)), ...Object.fromEntries(param.map(([name, value]) => [name, typed(value)])) },
  };
}

/** As YAML would: `true` is a boolean, `5` an integer; quotes keep it a text. */
export function typed(text: string): unknown {
  const source = { path: 'the value', text };
  const node = readYaml(source, collectProblems(source));
  // No parameter is a list, a map, nothing or a fraction: then the text is meant, such as 1.20.
  const isFraction = /^[-+]?[\d_]*\./.test(text);
  return node?.kind === 'scalar' && !isFraction && (typeof node.value !== 'number' || Number.isInteger(node.value)) ? (node.value ?? text) : text;
}

async function readParameters(file: string): Promise<Record<string, unknown>> {
  const source = { path: file, text: await readText(file) };
  const problems = collectProblems(source);
  const node = readYaml(source, problems);
  const [wrong] = problems.diagnostics().filter(({ severity }) => severity === 'error');
  if (wrong) throw new Problem(`${file}:${wrong.line}:${wrong.column}: ${wrong.message}`, 2);
  if (node !== undefined && node.kind !== 'map') throw new Problem(`${file}: is not a map of parameters. Write NAME: VALUE on each line, or a JSON object.`, 2);
  return Object.fromEntries([...entriesOf(node)].map(([name, { value }]) => [name, toPlain(value)]));
}

function findConfig(top: string, configPaths: readonly string[]): string {
  const found = configPaths.find((path) => existsSync(join(top, path)));
  if (found === undefined) throw new Problem(`there is no ${configPaths.join(' and no ')} in ${top}. Name the config after the command, or - for standard input.`, 2);
  return relative(process.cwd(), join(top, found));
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'is not there' : code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'may not be read by this user' : `cannot be read: ${message}`;
    throw new Problem(`${file} ${why}. Name a file that can be read, or - for standard input.`, 2, { cause });
  }
}

/** null: not in a git work tree. */
export async function workTreeAt(folder: string): Promise<{ top: string; branch: string | null } | null> {
  // A git hook that calls us has GIT_DIR and more in its environment: they would win over the folder.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const ask = async (...args: string[]): Promise<string | null> =>
    promisify(execFile)('git', ['-c', 'safe.directory=*', '-C', folder, ...args], { env }).then(
      ({ stdout }) => stdout.replace(/\n$/, ''),
      () => null,
    );
  const [top, branch] = await Promise.all([ask('rev-parse', '--show-toplevel'), ask('symbolic-ref', '-q', '--short', 'HEAD')]);
  return top === null || top === '' ? null : { top, branch };
}
