// Which commands are there about the key-encryption key, and about saving what cannot be made again?

import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Manifest, Restored } from '../../activities/control/backup.ts';
import type { Rotation } from '../../activities/control/key-ring.ts';
import type { Ask } from '../control/ask.ts';
import { say } from './say.ts';
import { Problem } from './problem.ts';
import { readValue } from './secret-value.ts';

/** Both work on the data folder and the object store as they lie there; no app need run. */
export type BackupPorts = {
  backup(publicKeys: Uint8Array): Promise<{ bytes: Uint8Array; manifest: Manifest }>;
  restore(bytes: Uint8Array, options: { privateKey: Uint8Array | null; passphrase: string | null; replace: boolean }): Promise<Restored>;
  /** What it means to lose the key-encryption key. */
  lossMeans: string;
};


export function keyCommands(program: Command, askOf: () => Promise<Ask>, portsOf: () => Promise<BackupPorts>): void {
  const keys = program.command('keys').description('the key-encryption key, under which secrets, contexts and keys are encrypted at rest');

  keys
    .command('rotate')
    .description('make a new key-encryption key and encrypt everything anew under it; builds go on')
    .action(async () => {
      const { sentence, unreadable } = await (await askOf())<Rotation>('keys.rotate', {});
      say(sentence);
      say('A backup of before does not hold the new key: make another one. roundhouse backup');
      if (unreadable.length > 0) process.exitCode = 3;
    });

  keys
    .command('uses')
    .description('print how often the running app has opened something encrypted, by what for')
    .action(async () => {
      const { uses } = await (await askOf())<{ uses: Record<string, number> }>('keys.uses', {});
      process.stdout.write(`${JSON.stringify(uses)}\n`);
    });

  program
    .command('backup')
    .description('save keys, settings, secrets and the audit log, encrypted to an OpenPGP key of yours; builds and logs are not in it')
    .requiredOption('--to <file>', 'the public key, as `gpg --export --armor NAME` writes it')
    .argument('[file]', 'where to, - for standard output (default: roundhouse-DATE.backup.gpg here)')
    .action(async (file: string | undefined, { to }: { to: string }) => {
      const { backup, lossMeans } = await portsOf();
      const { bytes, manifest } = await backup(await read(to, '--to'));
      const name = file ?? `roundhouse-${manifest.madeAt.slice(0, 10)}.backup.gpg`;
      if (name === '-') process.stdout.write(bytes);
      else await writeFile(name, bytes, { mode: 0o600 });
      say(`Saved ${manifest.files.length} files and ${Object.values(manifest.objects).reduce((sum, count) => sum + count, 0)} objects${name === '-' ? '' : ` in ${name}`}.`);
      for (const sentence of manifest.notInside) say(sentence);
      say(lossMeans);
      const { noteInAudit } = await import('../control/ask.ts');
      await noteInAudit(await askOf(), { action: 'backup.made', subject: 'this installation', details: { to: name, keyInside: manifest.keyEncryptionKey.isInside } });
    });

  program
    .command('restore')
    .description('bring back what a backup holds and is not here; what is here stays')
    .argument('<file>', 'the backup, encrypted or as gpg has decrypted it')
    .option('--key <file>', 'your private key, as `gpg --export-secret-keys --armor NAME` writes it')
    .option('--passphrase', 'ask for the passphrase of the private key')
    .option('--replace', 'also files of the data folder that are here and differ')
    .action(async (file: string, { key, passphrase, replace }: { key?: string; passphrase?: true; replace?: true }) => {
      if (await isAnswered(askOf)) throw new Problem('the app runs, and would go on with what it has read. Stop it first.', 2);
      const { restore } = await portsOf();
      const restored = await restore(await read(file, 'the backup'), {
        privateKey: key === undefined ? null : await read(key, '--key'),
        passphrase: passphrase ? await readValue('passphrase') : null,
        replace: replace === true,
      });
      const { files, objects } = restored;
      say(`Restored what was saved at ${restored.madeAt}: ${files.restored.length + files.replaced.length} files, ${objects.restored} objects; ${files.kept.length} files and ${objects.kept} objects were here already.`);
      if (files.merged.length > 0) say(`Keys were added to ${files.merged.join(', ')}.`);
      for (const warning of restored.warnings) say(warning);
    });
}

async function read(file: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Problem(`${what} ${file} ${code === 'ENOENT' ? 'is not there' : `cannot be read: ${message}`}. Name a file that can be read.`, 2, { cause });
  }
}

async function isAnswered(askOf: () => Promise<Ask>): Promise<boolean> {
  return (await askOf())('keys.uses', {}).then(
    () => true,
    () => false,
  );
}
