// By which keys do a builder and one sandbox's agent know each other?

import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { paths } from '../../../sandbox-agent/protocol.ts';
import { generateKey } from '../../key-file.ts';

export type AgentKeys = { hostPrivate: string; hostPublic: string; clientPrivate: string; clientPublic: string };

export function makeAgentKeys(): AgentKeys {
  const [host, client] = [generateKey(), generateKey()];
  return { hostPrivate: host.privateKey, hostPublic: host.publicKey, clientPrivate: client.privateKey, clientPublic: client.publicKey };
}

/** Lays the agent's half into the folder that the sandbox sees as `paths.run`. */
export function writeAgentKeys(keys: AgentKeys, folder: string, owner: number): void {
  for (const [path, text] of [
    [paths.hostKey, keys.hostPrivate],
    [paths.authorizedKey, `${keys.clientPublic}\n`],
  ] as const) {
    const file = join(folder, basename(path));
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    chownSync(file, owner, owner);
  }
}
