// How does a step get to use ssh keys whose secret parts stay with the builder?
//
// The public parts go into ~/.ssh, and ssh is told which of them is for which host and that an agent, the builder, signs with them.

import { paths } from '../../sandbox-agent/protocol.ts';
import { isSshHost, type SshKey } from '../ssh-key.ts';

export type PublicSshKey = Pick<SshKey, 'fingerprint' | 'md5' | 'host' | 'publicKey'>;

/** Everything about the keys reaches the script as environment, never as text of it: a line for each. */
export function sshKeysEnvironment(keys: readonly PublicSshKey[]): Record<string, string> {
  return { RH_SSH_KEYS: keys.map(lineOf).join('\n'), RH_SSH_AGENT: paths.sshAgentSocket };
}

function lineOf({ fingerprint, md5, host, publicKey }: PublicSshKey): string {
  // A line break in it would be a line of ssh's configuration.
  if (host !== null && !isSshHost(host)) throw new Error(`the ssh key ${fingerprint} is for ${JSON.stringify(host)}, which is no host`);
  const [type = '', key = ''] = publicKey.split(' ');
  return [md5.replaceAll(':', ''), fingerprint, type, key, host ?? ''].join(' ');
}

/**
 * May run again, with the same keys or others: nothing is written twice. A host that has keys of its own is offered these alone; every
 * other host those of the agent, once a key is for any host.
 */
export const addSshKeysScript = `
set -eu
umask 077
mkdir -p "$HOME/.ssh"
config="$HOME/.ssh/config"
touch "$config"
chmod 700 "$HOME/.ssh"
chmod 600 "$config"
if [ -z "$RH_SSH_KEYS" ]; then
  echo "This repository has no ssh keys."
  exit 0
fi
add() {
  if grep -qxF "$1" "$config"; then return; fi
  printf '%s\\n' "$@" >> "$config"
}
printf '%s\\n' "$RH_SSH_KEYS" | while read -r md5 fingerprint type key host; do
  file="$HOME/.ssh/id_roundhouse_$md5.pub"
  echo "$type $key" > "$file"
  if [ -n "$host" ]; then
    add "# roundhouse: $fingerprint for $host" "Host $host" "  IdentitiesOnly yes" "  IdentityFile \\"$file\\"" "  IdentityAgent \\"$RH_SSH_AGENT\\""
  else
    add "# roundhouse: keys for any host" "Host *" "  IdentityAgent \\"$RH_SSH_AGENT\\""
  fi
  echo "$fingerprint for \${host:-any host}"
done
`;
