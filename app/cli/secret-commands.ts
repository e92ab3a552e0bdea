// Which commands are there about committed secrets, and what do they take?

import { InvalidArgumentError, type Command } from 'commander';
import type { SecretPorts } from './secret-files.ts';
import type { RotateOptions, SetOptions } from './secrets.ts';

export const collect = (value: string, before: string[]): string[] => [...before, value];

export function trustOf(value: string): 'T1' | 'T2' {
  if (value !== 'T1' && value !== 'T2') throw new InvalidArgumentError('Write T1 (any ref of the repository) or T2 (the default branch and protected refs).');
  return value;
}

const repositoryOption = ['--repository <owner/name>', 'which repository (default: that of the remote origin)'] as const;

/** Nothing is loaded before a command needs it. */
export function secretCommands(program: Command, portsOf: () => Promise<SecretPorts>): void {
  const secrets = program.command('secrets').description('secrets that are committed with the code, encrypted: .circle/secrets');
  const implementation = () => import('./secrets.ts');

  secrets
    .command('key')
    .description("print the repository's public key, with its fingerprint and address")
    .argument('[owner/name]', 'the repository (default: that of the remote origin)')
    .option('--json', 'as one JSON object')
    .action(async (repository: string | undefined, options: { json?: true }) => (await implementation()).showKey(await portsOf(), { ...options, ...(repository !== undefined && { repository }) }));

  secrets
    .command('set')
    .description('encrypt a value, from a prompt or standard input, into .circle/secrets/NAME.asc')
    .argument('<name>')
    .option('--refs <pattern>', 'only for branches of this name, or tags/NAME; * stands for anything; may be repeated', collect, [])
    .option('--min-trust <level>', 'T1: any ref of the repository; T2: the default branch and protected refs', trustOf, 'T1')
    .option('--expires <date>', 'not after this day')
    .option('--key <file or address>', 'the public key (default: .circle/secrets/key.pub.asc, else what the app of this machine says)')
    .option(...repositoryOption)
    .action(async (name: string, options: SetOptions) => (await implementation()).setSecret(await portsOf(), name, options));

  secrets
    .command('list')
    .description('list the secrets of this work tree')
    .option(...repositoryOption)
    .option('--json', 'as JSON, one object a line')
    .action(async (options: { repository?: string; json?: true }) => (await implementation()).listSecrets(await portsOf(), options));

  secrets
    .command('check')
    .description('look whether each secret of this work tree can be used')
    .option('--ref <name>', 'on this branch, or tags/NAME (default: the branch that is checked out)')
    .option('--offline', 'without asking the app of this machine')
    .option(...repositoryOption)
    .option('--json', 'as one JSON object')
    .action(async (options: { ref?: string; offline?: true; repository?: string; json?: true }) => (await implementation()).checkSecrets(await portsOf(), options));

  secrets
    .command('rotate')
    .description('make a new key and encrypt all secrets anew for it; with names, only these and for the same key')
    .argument('[names...]')
    .option('--until <date>', 'the key before opens until then (default: 30 days)')
    .option('--refs <pattern>', 'narrow the secrets to these refs; may be repeated', collect, [])
    .option('--min-trust <level>', 'narrow the secrets to T2', trustOf)
    .option('--expires <date>', 'narrow the secrets to end then')
    .option(...repositoryOption)
    .action(async (names: string[], options: RotateOptions) => (await implementation()).rotateSecrets(await portsOf(), names, options));

  secrets
    .command('revoke')
    .description('end a secret as it was committed, on every branch, or all that was encrypted for a key')
    .argument('[name]')
    .option('--key <fingerprint>', 'the key')
    .option(...repositoryOption)
    .action(async (name: string | undefined, options: { key?: string; repository?: string }) => (await implementation()).revokeSecrets(await portsOf(), name, options));
}
