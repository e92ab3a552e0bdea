// The command line: what a person types. Each command is one entry here; long ones live in files beside this one.

import tab from '@bomb.sh/tab/commander';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Settings } from '../../config-schema/settings.ts';
import { BadSettings } from '../read-settings.ts';
import type { Client } from '@temporalio/client';
import { auditCommands } from './audit-commands.ts';
import { builderCommands } from './builder-commands.ts';
import { configCommands } from './config-commands.ts';
import { contextCommands, variableCommands } from './context-commands.ts';
import { keyCommands } from './key-commands.ts';
import type { Remote } from './login.ts';
import { orbCommands } from './orb-commands.ts';
import { pageCommands } from './page-command.ts';
import type { Ports } from './ports.ts';
import { Problem } from './problem.ts';
import { repositoryCommands } from './repository-commands.ts';
import { settingsCommand } from './settings-command.ts';
import { secretCommands } from './secret-commands.ts';
import { deployKeyCommands, sshKeyCommands } from './ssh-key-commands.ts';
import { tokenCommands } from './token-commands.ts';
import { triggerCommands } from './trigger-commands.ts';
import { whole } from './whole.ts';
import type { Ask } from '../control/ask.ts';

const program = new Command('roundhouse')
  .description('Continuous integration on your own machines.')
  .version(packageJson.version)
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError()
  .showHelpAfterError('Add --help to see how it is used.')
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 passed, 1 the build failed, 2 wrong use or config, 3 a fault of Roundhouse.');

program
  .command('up')
  .description('run all of Roundhouse on this machine: Temporal, the app and a builder')
  .action(() => become('up'));

program.command('app').description('run the app alone: webhooks, page, ssh port, decisions').action(() => become('app'));

program.command('builder').description('run a builder alone: sandboxes on this machine').action(() => become('builder'));

program
  .command('demo')
  .description('run all of it with a local GitHub and a sample repository, and push to it')
  .option('--exit', 'wait for the verdict, print the check runs, and end with it')
  .action((options: object) => become('demo', options));

program
  .command('run')
  .description('run the config of this work tree, as it stands, in real sandboxes')
  .option('--config <file>', 'the config, relative to here (default: .circle.yml, else .circleci/config.yml)')
  .option('--job <name>', 'only this job and what it requires')
  .option('--env <key=value>', 'an environment variable for every step; may be repeated', collect, [])
  .option('--json', 'print one object at the end, and logs on stderr')
  .action((options: object) => become('run', options));

program
  .command('login')
  .description('speak to a Roundhouse on another machine from now on; the token is one of yours from its page, and is asked for')
  .argument('<url>', 'as in the browser: https://ci.example.org')
  .action(async (url: string) => (await import('./login.ts')).logIn(url));

program
  .command('logout')
  .description('forget what `login` has kept, and speak to the Roundhouse of this machine')
  .action(async () => (await import('./login.ts')).logOut());

program
  .command('builds')
  .description('list pipelines, newest first, with why nothing ran where nothing did')
  .argument('[repository]', 'OWNER/NAME')
  .option('--limit <n>', 'how many', whole, 20)
  .option('--json', 'as JSON, one object a line')
  .action(async (repository: string | undefined, options: { limit: number; json?: true }) => {
    const remote = await remoteHere();
    if (remote) return (await import('./remote-builds.ts')).printRemoteBuilds(remote, repository, options);
    const { printBuilds } = await import('./builds.ts');
    await withPorts((ports) => printBuilds(ports, repository, options));
  });

program
  .command('logs')
  .description('print the log of a job: OWNER/NAME#PIPELINE/WORKFLOW/JOB[/SLICE[@ATTEMPT]]')
  .argument('<address>')
  .option('--follow', 'go on while it runs')
  .option('--step <n>', 'only this step, from 1', whole)
  .action(async (address: string, options: { follow?: true; step?: number }) => {
    const remote = await remoteHere();
    if (remote) return (await import('./remote-logs.ts')).printRemoteLogs(remote, address, options);
    const { printLogs } = await import('./logs.ts');
    await withPorts((ports) => printLogs(ports, address, options));
  });

program
  .command('artifacts')
  .description('list the artifacts of a job: OWNER/NAME#PIPELINE/WORKFLOW/JOB[/SLICE]')
  .argument('<address>')
  .option('--to <folder>', 'copy them into this folder')
  .option('--json', 'as JSON, one object a line')
  .action(async (address: string, options: { to?: string; json?: true }) => {
    const remote = await remoteHere();
    if (remote) return (await import('./remote-artifacts.ts')).printRemoteArtifacts(remote, address, options);
    const { printArtifacts } = await import('./artifacts.ts');
    await withPorts((ports) => printArtifacts(ports, address, options));
  });

program
  .command('cancel')
  .description('cancel a pipeline, or a part of it: OWNER/NAME#PIPELINE[/WORKFLOW[/JOB]]')
  .argument('<address>')
  .action(async (address: string) => {
    const { cancel } = await import('./cancel.ts');
    await cancel(await askOf(), address);
  });

program
  .command('approve')
  .description('approve a job that waits for it: OWNER/NAME#PIPELINE/WORKFLOW/JOB')
  .argument('<address>')
  .action(async (address: string) => {
    const { approve } = await import('./approve.ts');
    await approve(await askOf(), address);
  });

program
  .command('allow')
  .description('let the commit of a fork run that waits for a maintainer: OWNER/NAME#PIPELINE')
  .argument('<address>')
  .action(async (address: string) => {
    const { allow } = await import('./allow.ts');
    await allow(await askOf(), address);
  });

program
  .command('rerun')
  .description('run a pipeline of the same commit again, or a part of it: OWNER/NAME#PIPELINE[/WORKFLOW[/JOB[/SLICE]]]')
  .argument('<address>')
  .option('--failed', 'only what failed, and what did not run because of it')
  .action(async (address: string, options: { failed?: true }) => {
    const { rerun } = await import('./rerun.ts');
    await rerun(await askOf(), address, options);
  });

program
  .command('why')
  .description('why something ran, did not run, waits or failed: OWNER/NAME#PIPELINE, down to a job, or a commit')
  .argument('<address>')
  .option('--repository <name>', 'of a commit: the repository, OWNER/NAME, to hear why nothing began')
  .action(async (address: string, options: { repository?: string }) => {
    const { explain } = await import('./why.ts');
    await explain(await askOf(), address, options);
  });

program
  .command('setup')
  .description('make the GitHub App of this installation, through a page that this opens on this machine')
  .option('--organization <name>', 'the App belongs to this organization instead of you')
  .option('--url <url>', 'where GitHub reaches this installation (default: the public URL of the settings)')
  .option('--replace', 'make a new App although there is one')
  .action(async (options: { organization?: string; url?: string; replace?: true }) => {
    const { setUp } = await import('./setup.ts');
    await setUp(options);
  });

program
  .command('doctor')
  .description('look at this machine and the settings: what is well, and what mends the rest')
  .option('--json', 'as JSON, one object a line')
  .action((options: object) => become('doctor', options));

configCommands(program, async (text, options, from) => {
  const { loadOrbsHere } = await import('../../activities/adapters/orbs.ts');
  return loadOrbsHere(text, options, from);
});

orbCommands(program, { loadOrbsToVendor: async (...asked) => (await import('../../activities/adapters/orbs.ts')).loadOrbsToVendor(...asked) });

const askOf = async (): Promise<Ask> => {
  const { askControl } = await import('../control/ask.ts');
  const here: Ask = async (operation, input) => askControl((await readSettingsHere()).data)(operation, input);
  const remote = await remoteHere();
  return remote ? (await import('./remote.ts')).askRemote(remote, here) : here;
};

async function remoteHere(): Promise<Remote | null> {
  return (await import('./login.ts')).remoteHere();
}
secretCommands(program, async () => ({ ask: await askOf(), cipher: await import('../../activities/adapters/openpgp.ts') }));
contextCommands(program, askOf);
variableCommands(program, askOf);
sshKeyCommands(program, askOf);
repositoryCommands(program, askOf);
settingsCommand(program, askOf);
pageCommands(program, askOf);
tokenCommands(program, askOf);
triggerCommands(program, askOf);
deployKeyCommands(program, askOf);
builderCommands(program, askOf);
keyCommands(program, askOf, async () => {
  const settings = await readSettingsHere();
  const [{ openStore }, { dataFolder }, { openKeyRing }, { encryptFile, decryptFile }, { makeBackup, restoreBackup }, { kekLossMeans }] = await Promise.all([
    import('../../activities/adapters/store.ts'),
    import('../../activities/adapters/data-folder.ts'),
    import('../../activities/adapters/key-encryption-key.ts'),
    import('../../activities/adapters/openpgp-backup.ts'),
    import('../../activities/control/backup.ts'),
    import('../../activities/control/key-ring.ts'),
  ]);
  const places = { store: openStore(settings), data: dataFolder(settings), kek: openKeyRing(settings, process.env) };
  return {
    backup: (publicKeys) => makeBackup({ ...places, version: packageJson.version, encrypt: (bytes) => encryptFile(publicKeys, bytes).catch(asProblem) }),
    restore: (bytes, { privateKey, passphrase, replace }) =>
      restoreBackup(bytes, {
        ...places,
        replace,
        decrypt: (encrypted) => {
          if (privateKey === null) throw new Problem('the backup is encrypted. Name your private key: --key FILE; or decrypt it first: gpg --decrypt', 2);
          return decryptFile(encrypted, { privateKey, ...(passphrase !== null && { passphrase }) }).catch(asProblem);
        },
      }),
    lossMeans: kekLossMeans,
  };
});
auditCommands(program, askOf, async () => {
  const settings = await readSettingsHere();
  const [{ openStore }, { fileHighWater }, { readPublicKeys }] = await Promise.all([import('../../activities/adapters/store.ts'), import('../../activities/adapters/audit-head.ts'), import('../../activities/adapters/audit-keys.ts')]);
  const publicKeys = await readPublicKeys(`${settings.data}/audit-keys.pub`);
  const reading = { store: openStore(settings), publicKeys, highWater: fileHighWater(`${settings.data}/audit-head`) };
  const [{ readAudit, matches }, { verifyAudit }, { exportAudit }] = await Promise.all([import('../../activities/control/audit-read.ts'), import('../../activities/control/audit-verify.ts'), import('../../activities/control/audit-export.ts')]);
  return { read: (options) => readAudit(reading, options), matches, verify: () => verifyAudit(reading), exportLines: () => exportAudit(reading) };
});

// `roundhouse complete SHELL` prints a script of completions for that shell.
tab(program);

// Whoever reads our output may have seen enough of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3));

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  process.exit(exitCodeOf(error));
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its own sentence already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof BadSettings) {
    for (const sentence of error.sentences) process.stderr.write(`roundhouse: ${sentence}\n`);
    return 2;
  }
  process.stderr.write(`roundhouse: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.LOG_LEVEL === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof Problem ? error.exitCode : 3;
}

/** The same process goes on as another program of ours: signals and process ids are its own. */
function become(role: 'up' | 'app' | 'builder' | 'demo' | 'run' | 'doctor', options: object = {}): never {
  const places = { app: '../main.ts', builder: '../../activities/builder/main.ts', up: '../up/main.ts', demo: '../demo/main.ts', run: '../run/main.ts', doctor: '../doctor/main.ts' };
  const file = new URL(places[role], import.meta.url).pathname;
  process.execve!(process.execPath, [process.execPath, ...process.execArgv, file, JSON.stringify(options)], process.env);
  throw new Error(`cannot become ${file}`);
}

/** What is wrong with a key or a file that somebody named is theirs to mend. */
function asProblem(cause: unknown): never {
  throw new Problem((cause as Error).message, 2, { cause });
}

async function readSettingsHere(): Promise<Settings> {
  const { readSettings } = await import('../read-settings.ts');
  return readSettings();
}

async function withPorts(work: (ports: Ports) => Promise<void>): Promise<void> {
  const settings = await readSettingsHere();
  const { openStore } = await import('../../activities/adapters/store.ts');
  const { logCodec } = await import('../../activities/log-codec.ts');
  const { connectClient } = await import('../../activities/adapters/temporal.ts');
  const store = openStore(settings);
  let client: Client;
  try {
    client = await connectClient(settings);
  } catch (cause) {
    throw new Problem(`Temporal does not answer at ${settings.temporalAddress}. Is Roundhouse running here? Start it: roundhouse up`, 3, { cause });
  }
  try {
    await work({ store, client, logCodec });
  } finally {
    await client.connection.close();
  }
}

function collect(value: string, before: string[]): string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*=/.test(value)) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [...before, value];
}
