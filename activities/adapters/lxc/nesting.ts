// Can containers run in a sandbox of this machine?

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** null: yes; else what the kernel refuses. Tries what Docker's engine needs of it, in namespaces that are gone at once. */
export async function whyNoNesting(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-nesting-'));
  try {
    const { stdout } = await promisify(execFile)('unshare', ['--user', '--map-root-user', '--net', '--mount', '--cgroup', '--', 'sh', '-c', attempt, 'sh', folder]);
    return stdout.trim() || null;
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1) ?? null;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Prints the first thing that does not work. */
const attempt = `cd "$1" && mkdir lower upper work root
try() { what=$1; shift; "$@" >/dev/null 2>error || { echo "$what: $(tail -n 1 error)"; exit; }; }
try 'no overlay in a user namespace' mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay root
try 'no bridge in a user namespace' ip link add name bridge0 type bridge
try 'no veth in a user namespace' ip link add name veth0 type veth peer name veth1
try 'no address translation in a user namespace' nft add table ip try '{ chain out { type nat hook postrouting priority 100; oifname != "lo" masquerade; }; }'`;
