// What is a virtual machine of the config's here? A Debian with Docker's engine in it.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machineImage } from '../../builder/docker-engine.ts';
import { plainConfig, type ImageConfig, type ImageStore } from '../../builder/image-store.ts';
import { SandboxError } from '../../builder/sandbox.ts';
import { asEntrypointUser, entrypointMakes } from '../lxc/main-process.ts';
import { withLock } from '../lxc/syscalls.ts';
import { removeTree } from '../remove-tree.ts';
import { debianImages, type DebianImagesOptions } from './debian.ts';

/** Our own name for it, and those of the original's virtual machines with Linux, none of which is the name of an image. */
export const isMachineImage = (reference: string): boolean => new RegExp(`^(${machineImage}|default|ubuntu-\\d{4}(-[\\w.]+)*|linux-cuda-\\d+|android)(:[\\w.-]+)?$`).test(reference);

/** The first suite whose Docker builds with BuildKit in a user namespace, and has `docker compose` and `docker buildx`. */
const suite = 'trixie';

/** crun, because Debian's runc cannot mount a file of the sandbox's root read-only into a container, as `docker run --init` asks. */
const packages = ['docker.io', 'docker-cli', 'docker-buildx', 'docker-compose', 'crun', 'iptables', 'iproute2', 'procps', 'sudo', 'openssh-client', 'gnupg', 'wget', 'xz-utils', 'zip', 'unzip', 'jq', 'make'];

const install = `export DEBIAN_FRONTEND=noninteractive
apt-get update -q && apt-get install -y -q --no-install-recommends "$@" && apt-get clean || exit
rm -rf /var/lib/apt/lists/*
useradd --create-home --uid 1001 --shell /bin/bash --groups docker circleci
echo 'circleci ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/circleci`;

const engineSocket = '/run/docker.sock';

/**
 * Clients that come before the engine is ready wait: the socket is there, with its owner, before the first step, and the engine inherits
 * it. Under cgroup v2 only a cgroup without processes has controllers for those below it, so what runs here moves aside.
 */
const engine = `set -e
cgroups=/sys/fs/cgroup
if [ -e $cgroups/cgroup.controllers ]; then
  mkdir -p $cgroups/sandbox
  for try in 1 2 3 4 5; do # A step that has just begun may be in the way.
    while read -r pid; do echo "$pid" > $cgroups/sandbox/cgroup.procs || :; done < $cgroups/cgroup.procs
    if sed 's/[^ ]*/+&/g' $cgroups/cgroup.controllers > $cgroups/cgroup.subtree_control; then break; fi
  done
fi
mtu=$(cat /sys/class/net/eth0/mtu)
exec perl -MSocket -MPOSIX -e '
  $^F = 255; # The socket stays open for the engine.
  my $socket;
  my $fresh = "${engineSocket}.new";
  socket($socket, PF_UNIX, SOCK_STREAM, 0) and bind($socket, sockaddr_un($fresh)) and listen($socket, 128) or die "$fresh: $!";
  chown(0, scalar getgrnam("docker"), $fresh);
  chmod(0660, $fresh);
  rename($fresh, "${engineSocket}") or die "${engineSocket}: $!";
  dup2(fileno($socket), 3);
  $ENV{LISTEN_FDS} = 1;
  $ENV{LISTEN_PID} = $$;
  exec(@ARGV) or die "$ARGV[0]: $!"' \\
  dockerd --host fd:// --log-level error --storage-driver overlay2 --add-runtime crun=/usr/bin/crun --default-runtime crun \\
  --mtu "$mtu" --default-network-opt "bridge=com.docker.network.driver.mtu=$mtu" "$@"`;

const config: ImageConfig = {
  ...plainConfig,
  user: 'circleci',
  entrypoint: ['/bin/sh', '-c', engine, 'docker-engine'],
  labels: { 'com.circleci.preserve-entrypoint': 'true', [asEntrypointUser]: 'root', [entrypointMakes]: engineSocket },
};

/** Made once for each list of packages, and kept. */
export function machineImages(options: DebianImagesOptions): ImageStore {
  const { cacheFolder, log = () => {} } = options;
  const folder = join(cacheFolder, 'images', 'machine');
  const recipe = createHash('sha256').update(JSON.stringify([packages, install])).digest('hex').slice(0, 8);
  const image = join(folder, `${suite}-${recipe}`);
  return {
    async image(_reference, asked) {
      if (!existsSync(image)) {
        const base = await debianImages(options).image(`debian:${suite}`, asked);
        await mkdir(folder, { recursive: true });
        await withLock(`${image}.lock`, async () => {
          if (existsSync(image)) return;
          log(`making the image of virtual machines from debian:${suite}`);
          asked?.say?.('Making the image of virtual machines, which this builder does once.');
          await makeImage(base.folder, image);
        });
      }
      return { folder: image, digest: null, config };
    },
  };
}

/** Under another name until it is whole, so that a half-made image is never used. */
async function makeImage(base: string, image: string): Promise<void> {
  const fresh = `${image}.new`;
  await removeTree(fresh);
  const make = `umask 022; cp -a --reflink=auto "$1" "$2"
    mount -t proc proc "$2/proc" && touch "$2/etc/resolv.conf" && mount --bind /etc/resolv.conf "$2/etc/resolv.conf" || exit
    target=$2; shift 2; exec chroot "$target" sh -c "$@"`;
  try {
    // In a mount namespace of its own, what is mounted in the folder is gone with it, however it ends.
    await promisify(execFile)('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', make, 'sh', base, fresh, install, 'sh', ...packages], { cwd: '/', maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    await removeTree(fresh);
    throw new SandboxError('start-failed', 'The image of virtual machines could not be made from the packages of Debian.', { cause: error });
  }
  await rename(fresh, image);
}
