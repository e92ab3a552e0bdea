// What does a repository keep beside its code: variables for each of its jobs, and ssh keys?

import type { Vault } from './vault.ts';
import type { VariableAbout } from './contexts.ts';

export type SshKeyAbout = {
  /** `SHA256:…`, as ssh-keygen prints it. */
  fingerprint: string;
  /** Sixteen bytes in hexadecimal, with colons. */
  md5: string;
  /** The host that it is for; null: any. */
  host: string | null;
  /** `ssh-ed25519 AAAA…` */
  publicKey: string;
  changedBy: string;
  changedAt: string;
};

/** By the repository's numeric id. Values are written and used, and never shown again. */
export type ProjectStore = {
  hasVariables(repositoryId: number): Promise<boolean>;
  variables(repositoryId: number): Promise<VariableAbout[]>;
  setVariable(repositoryId: number, name: string, value: string, by: string): Promise<void>;
  /** False when there is none. */
  unsetVariable(repositoryId: number, name: string): Promise<boolean>;
  variableValues(repositoryId: number): Promise<Record<string, string>>;
  sshKeys(repositoryId: number): Promise<SshKeyAbout[]>;
  addSshKey(repositoryId: number, key: Omit<SshKeyAbout, 'changedAt'>, privateKey: string): Promise<void>;
  removeSshKey(repositoryId: number, fingerprint: string): Promise<boolean>;
  /** In OpenSSH's format; null when there is no such key any more. */
  openSshKey(repositoryId: number, fingerprint: string): Promise<string | null>;
};

const variablesFolder = (repositoryId: number): string => `repositories/${repositoryId}/variables/`;
const sshKeysFolder = (repositoryId: number): string => `repositories/${repositoryId}/ssh-keys/`;
/** base64 has a slash. */
const sshKeyName = (repositoryId: number, fingerprint: string): string => `${sshKeysFolder(repositoryId)}${fingerprint.replaceAll('/', '_')}`;

export function projectStore(vault: Vault): ProjectStore {
  const now = (): string => new Date().toISOString();

  async function aboutAll<About>(folder: string): Promise<About[]> {
    const found: About[] = [];
    for await (const { about, isEmpty } of vault.list<About>(folder)) if (!isEmpty) found.push(about);
    return found;
  }

  /** An entry without a value stays, so that no backup brings it back. */
  async function end(folder: string, name: string): Promise<boolean> {
    for await (const entry of vault.list(folder)) {
      if (entry.name !== name || entry.isEmpty) continue;
      await vault.put(name, entry.about, null);
      return true;
    }
    return false;
  }

  return {
    async hasVariables(repositoryId) {
      for await (const { isEmpty } of vault.list(variablesFolder(repositoryId))) if (!isEmpty) return true;
      return false;
    },
    variables: (repositoryId) => aboutAll(variablesFolder(repositoryId)),
    setVariable: (repositoryId, name, value, by) => vault.put(`${variablesFolder(repositoryId)}${name}`, { name, changedBy: by, changedAt: now() } satisfies VariableAbout, { value }),
    unsetVariable: (repositoryId, name) => end(variablesFolder(repositoryId), `${variablesFolder(repositoryId)}${name}`),
    async variableValues(repositoryId) {
      const values: Record<string, string> = {};
      for await (const { name, about } of vault.list<VariableAbout>(variablesFolder(repositoryId))) {
        const opened = await vault.open<VariableAbout, { value: string }>(name, 'variable');
        if (opened?.secret) values[about.name] = opened.secret.value;
      }
      return values;
    },
    sshKeys: (repositoryId) => aboutAll(sshKeysFolder(repositoryId)),
    addSshKey: (repositoryId, key, privateKey) => vault.put(sshKeyName(repositoryId, key.fingerprint), { ...key, changedAt: now() } satisfies SshKeyAbout, { privateKey }),
    removeSshKey: (repositoryId, fingerprint) => end(sshKeysFolder(repositoryId), sshKeyName(repositoryId, fingerprint)),
    async openSshKey(repositoryId, fingerprint) {
      const opened = await vault.open<SshKeyAbout, { privateKey: string }>(sshKeyName(repositoryId, fingerprint), 'ssh-key');
      return opened?.secret?.privateKey ?? null;
    },
  };
}
