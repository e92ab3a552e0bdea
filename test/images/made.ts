// Which images do tests have, and how are they made of nothing but Debian's packages?

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianImages } from '../../activities/adapters/images/debian.ts';
import { withLock } from '../../activities/adapters/lxc/syscalls.ts';
import { removeTree } from '../../activities/adapters/remove-tree.ts';
import { writeLayout, type ConfigPart } from './layout.ts';

const run = promisify(execFile);

/**
 * `busybox`: no bash, no package manager. `cimg`: as the convenience images are: a user `circleci` (3434) with sudo, and an entrypoint
 * that says `the entrypoint ran` and fails. `redis`, `postgres`: services; the latter takes POSTGRES_PASSWORD, POSTGRES_USER and POSTGRES_DB.
 */
export type MadeImage = 'busybox' | 'cimg' | 'redis' | 'postgres';

type Recipe = { packages: string[]; /** Run in the image's file system. */ script: string; config: ConfigPart };

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const onDebian: Record<Exclude<MadeImage, 'busybox'>, Recipe> = {
  cimg: {
    packages: ['sudo'],
    script: `
      groupadd --gid 3434 circleci && useradd --uid 3434 --gid circleci --create-home --shell /bin/bash circleci
      echo 'circleci ALL=NOPASSWD: ALL' >/etc/sudoers.d/50-circleci
      mkdir -p /home/circleci/project /home/circleci/bin
      printf '#!/bin/sh\\necho greetings from the path\\n' >/home/circleci/bin/greet && chmod 755 /home/circleci/bin/greet
      chown -R circleci:circleci /home/circleci`,
    config: {
      User: 'circleci',
      Env: [`PATH=/home/circleci/bin:/home/circleci/.local/bin:${usualPath}`, 'LANG=C.UTF-8', 'CIMG_SAYS=made=for tests'],
      WorkingDir: '/home/circleci/project',
      Entrypoint: ['/bin/sh', '-c', 'echo the entrypoint ran >&2; exit 1'],
      Cmd: ['/bin/sh'],
      Labels: { maintainer: 'Roundhouse' },
    },
  },
  redis: {
    packages: ['redis-server'],
    script: 'mkdir /data && chown redis:redis /data',
    config: { User: 'redis', Env: [`PATH=${usualPath}`], WorkingDir: '/data', Entrypoint: ['redis-server'], Cmd: ['--save', '', '--protected-mode', 'no'] },
  },
  postgres: {
    packages: ['postgresql-15'],
    script: `
      mkdir -p /var/lib/postgresql/data && chown postgres:postgres /var/lib/postgresql/data /var/run/postgresql
      cat >/usr/local/bin/docker-entrypoint.sh <<'END'
#!/bin/sh
set -e
if [ "$(id -u)" = 0 ]; then exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"; fi
[ -n "$POSTGRES_PASSWORD" ] || { echo 'POSTGRES_PASSWORD is missing' >&2; exit 1; }
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" >/tmp/password
  initdb --username="\${POSTGRES_USER:-postgres}" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --no-sync
  rm /tmp/password
  [ "\${POSTGRES_DB:-postgres}" = postgres ] || echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | postgres --single -D "$PGDATA" postgres >/dev/null
fi
exec "$@"
END
      chmod 755 /usr/local/bin/docker-entrypoint.sh`,
    config: {
      Env: [`PATH=/usr/lib/postgresql/15/bin:${usualPath}`, 'PGDATA=/var/lib/postgresql/data'],
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['postgres', '-c', 'listen_addresses=*', '-c', 'fsync=off'],
    },
  },
};

/** The image's layout, made when it is missing. Those on Debian share their lower layer. */
export async function madeImage(cacheFolder: string, name: MadeImage): Promise<string> {
  const version = createHash('sha256').update(readFileSync(import.meta.filename)).digest('hex').slice(0, 12);
  const folder = join(cacheFolder, 'test-images', version);
  await mkdir(folder, { recursive: true });
  return once(join(folder, name), async (fresh) => {
    if (name === 'busybox') return makeBusybox(fresh);
    const debian = (await debianImages({ cacheFolder }).image('debian:bookworm')).folder;
    const base = await once(join(folder, 'base.tar.gz'), (archive) => pack(debian, archive));
    await makeOnDebian(fresh, { debian, base, recipe: onDebian[name] });
  });
}

/** Made under another name until it is whole, by one process. */
async function once(path: string, make: (fresh: string) => Promise<void>): Promise<string> {
  await withLock(`${path}.lock`, async () => {
    if (existsSync(path)) return;
    const fresh = path.replace(/(\.tar\.gz)?$/, '.new$1');
    await removeTree(fresh);
    await make(fresh);
    await rename(fresh, path);
  });
  return path;
}

async function makeBusybox(fresh: string): Promise<void> {
  const tree = join(fresh, 'tree');
  await mkdir(tree, { recursive: true });
  const files = "mkdir -p bin etc tmp root && chmod 1777 tmp && cp /bin/busybox bin/ && for name in $(bin/busybox --list); do [ $name = busybox ] || ln -s busybox bin/$name; done";
  const users = "printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534:nobody:/:/bin/false\\n' >etc/passwd && printf 'root:x:0:\\nnobody:x:65534:\\n' >etc/group";
  await run('sh', ['-ec', `umask 022; ${files} && ${users}`], { cwd: tree });
  await finish(fresh, [], tree, { Env: ['PATH=/bin'], Cmd: ['sh'] });
}

async function makeOnDebian(fresh: string, { debian, base, recipe }: { debian: string; base: string; recipe: Recipe }): Promise<void> {
  for (const name of ['tree', 'work', 'root']) await mkdir(join(fresh, name), { recursive: true });
  const script = `
    mount -t overlay overlay -o "lowerdir=$1,upperdir=tree,workdir=work" root
    mount --bind /etc/resolv.conf root/etc/resolv.conf
    mount -t tmpfs tmpfs root/var/lib/apt/lists
    mount -t proc proc root/proc
    # Packages of a service would make its data and keys at once.
    mkdir -p root/etc/postgresql-common && echo 'create_main_cluster = false' >root/etc/postgresql-common/createcluster.conf
    shift
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    chroot root sh -ec "$@"
    # What an overlay notes as removed, in the words of image layers.
    find tree -type c | while read -r gone; do rm "$gone" && : >"$(dirname "$gone")/.wh.$(basename "$gone")"; done`;
  const inside = `apt-get -q update && apt-get -q install --yes --no-install-recommends -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-unsafe-io ${recipe.packages.join(' ')} && apt-get clean
    rm -rf /var/cache/apt/*.bin\n${recipe.script}`;
  // In a mount namespace of its own, so that the mounts are gone with it.
  await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', `umask 022\n${script}`, 'sh', debian, inside], { cwd: fresh, maxBuffer: 1 << 26 });
  await finish(fresh, [base], join(fresh, 'tree'), recipe.config);
}

async function finish(fresh: string, lower: string[], tree: string, config: ConfigPart): Promise<void> {
  const layer = join(fresh, 'layer.tar.gz');
  await pack(tree, layer);
  await writeLayout(fresh, [{ layers: [...lower, layer], config }]);
  for (const name of ['tree', 'work', 'root', 'layer.tar.gz']) await removeTree(join(fresh, name));
}

const pack = async (folder: string, archive: string): Promise<void> => void (await run('tar', ['-C', folder, '--use-compress-program=gzip -1', '-cf', archive, '.']));
