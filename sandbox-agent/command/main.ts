// What are `circleci`, `circleci-agent` and `roundhouse` in a sandbox? One program, for the steps of a build.

import { Refused } from '../refused.ts';
import { continuePipeline } from './continue.ts';
import { expandVariables } from './env-subst.ts';
import { help } from './help.ts';
import { filterPaths } from './path-filter.ts';
import { haltStep } from './step-halt.ts';
import type { Surroundings } from './surroundings.ts';
import { surroundingsOf } from './surroundings.ts';
import { globTests } from './tests-glob.ts';
import { runTests } from './tests-run.ts';
import { printShare } from './tests-split.ts';

/** Set by scripts/build-agent. */
declare const ROUNDHOUSE_VERSION: string;

type Subcommand = (args: string[], around: Surroundings) => number | Promise<number>;

const subcommands: Record<string, Subcommand> = {
  'tests glob': globTests,
  'tests split': printShare,
  'tests run': runTests,
  'step halt': haltStep,
  async 'env subst'(args, { env, readStdin, print }) {
    const [text = await readStdin()] = args[0] === '--' ? args.slice(1) : args;
    print(expandVariables(text, env));
    return 0;
  },
  'run oidc': notYet('run oidc'),
  run(args, { complain }) {
    complain(`run ${args.slice(0, 2).join(' ')}: releases are not recorded here; nothing was done.`);
    return 0;
  },
  continue: continuePipeline,
  'path-filter': filterPaths,
  // YAML takes time to load, which the others need not have.
  'merge-configs': async (args, around) => (await import('./merge-configs.ts')).mergeConfigs(args, around),
  config(_args, { complain }) {
    complain('config: configs are checked outside of builds, by `roundhouse config`, and on each push.');
    return 1;
  },
  version(_args, { print }) {
    print(`roundhouse ${ROUNDHOUSE_VERSION}\n`);
    return 0;
  },
  help(_args, { name, print }) {
    print(help(name));
    return 0;
  },
};

function notYet(what: string): Subcommand {
  return (_args, { complain }) => {
    complain(`${what} is not supported yet.`);
    return 1;
  };
}

async function answer(args: string[], around: Surroundings): Promise<number> {
  // A question of the original's that never comes up here.
  const words = args[0] === '--skip-update-check' ? args.slice(1) : args;
  const [first = 'help', second = ''] = words;
  const isHelp = first === '--help' || first === '-h' || words.slice(1, 3).some((word) => word === '--help' || word === '-h');
  if (isHelp) return subcommands['help']!([], around);
  if (first === '--version') return subcommands['version']!([], around);
  const [found, taken] = Object.hasOwn(subcommands, `${first} ${second}`) ? [`${first} ${second}`, 2] : [first, 1];
  if (!Object.hasOwn(subcommands, found)) throw new Refused(`there is no command \`${`${first} ${second}`.trim()}\` in a build. \`${around.name} help\` lists what there is.`);
  return subcommands[found]!(words.slice(taken), around);
}

const [name = 'circleci', ...args] = process.argv.slice(2);
const around = surroundingsOf(name);
answer(args, around).then(
  (exitCode) => (process.exitCode = exitCode),
  (error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    around.complain(error.message);
    process.exitCode = 2;
  },
);
