// Which commands are there about ssh keys of repositories: those of `add_ssh_keys`, and deploy keys?

import type { Command } from 'commander';
import type { SshKeyAbout } from '../../activities/control/project-store.ts';
import type { DeployKeyAbout } from '../../activities/control/deploy-keys.ts';
import type { Ask } from '../control/ask.ts';
import { print, say } from './say.ts';
import { printable } from './printable.ts';
import { readValue } from './secret-value.ts';


export function sshKeyCommands(program: Command, askOf: () => Promise<Ask>): void {
  const keys = program.command('ssh-keys').description('keys for the step add_ssh_keys; their private parts never enter a sandbox');

  keys
    .command('list')
    .description('list the keys of a repository by their fingerprints')
    .argument('<owner/name>')
    .option('--json', 'as one JSON object')
    .action(async (repository: string, { json }: { json?: true }) => {
      const answer = await (await askOf())<{ keys: SshKeyAbout[] }>('ssh-keys.list', { repository });
      if (json) return print(JSON.stringify(answer.keys, null, 2));
      for (const key of answer.keys) print(`${key.fingerprint}  ${key.md5}  for ${key.host ?? 'any host'}  set ${key.changedAt.slice(0, 16).replace('T', ' ')} by ${printable(key.changedBy)}`);
    });

  keys
    .command('add')
    .description('keep a private key, from standard input: roundhouse ssh-keys add acme/shop --host deploy.example.org < id_ed25519')
    .argument('<owner/name>')
    .option('--host <name>', 'the host that it is for (default: any)')
    .action(async (repository: string, { host }: { host?: string }) => {
      const ask = await askOf();
      const added = await ask<{ fingerprint: string; md5: string }>('ssh-keys.add', { repository, host: host ?? null, privateKey: `${await readValue('private key')}\n` });
      say(`Keeps the key for ${host ?? 'any host'}. In a config:`);
      print(`- add_ssh_keys: {fingerprints: ["${added.fingerprint}"]}`);
    });

  keys
    .command('remove')
    .description('forget a key')
    .argument('<owner/name>')
    .argument('<fingerprint>', 'SHA256:…, as list shows it')
    .action(async (repository: string, fingerprint: string) => {
      await (await askOf())('ssh-keys.remove', { repository, fingerprint });
      say(`${fingerprint} is gone.`);
    });
}

export function deployKeyCommands(program: Command, askOf: () => Promise<Ask>): void {
  const keys = program.command('deploy-keys').description('the keys by which code is fetched, where the setting checkout is deploy-key');

  keys
    .command('list')
    .description('list the deploy keys that Roundhouse made')
    .option('--json', 'as one JSON object')
    .action(async ({ json }: { json?: true }) => {
      const answer = await (await askOf())<{ keys: (DeployKeyAbout & { repositoryId: number })[] }>('deploy-keys.list', {});
      if (json) return print(JSON.stringify(answer.keys, null, 2));
      for (const key of answer.keys) print(`${printable(key.repository)}  ${key.fingerprint}  "${printable(key.title)}"  made ${key.createdAt.slice(0, 10)}`);
    });

  keys
    .command('rotate')
    .description('make a new deploy key for a repository and remove the one before')
    .argument('<owner/name>')
    .action(async (repository: string) => {
      const { key } = await (await askOf())<{ key: DeployKeyAbout }>('deploy-keys.rotate', { repository });
      say(`${repository} has the deploy key ${key.fingerprint} now.`);
    });

  keys
    .command('remove')
    .description("remove a repository's deploy key, here and on GitHub")
    .argument('<owner/name>')
    .action(async (repository: string) => {
      const { remains } = await (await askOf())<{ remains: string | null }>('deploy-keys.remove', { repository });
      say(remains ?? `${repository} has no deploy key of ours any more.`);
    });
}
