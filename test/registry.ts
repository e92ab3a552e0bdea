// Where do tests get images from? From Debian's own registry program, on a port of this machine.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { readSettings } from '../app/read-settings.ts';
import { writeLayout, type ImageParts } from './images/layout.ts';
import { madeImage, type MadeImage } from './images/made.ts';

const run = promisify(execFile);

/** One of those that are made once for all tests; an image of your own layers; or several, as a list for several architectures. */
export type TestImage = MadeImage | ImageParts | ImageParts[];

export type Registry = {
  /** `127.0.0.1:PORT`, spoken to over plain http. */
  host: string;
  /** `name` may carry a tag. Answers the reference: `127.0.0.1:PORT/NAME:TAG`. */
  push(name: string, image: TestImage): Promise<string>;
  /** Such as `GET /v2/NAME/blobs/sha256:… 200`, those of `push` too, in their order. */
  requests(): string[];
  /** Forgets the requests so far. */
  forget(): void;
  stop(): Promise<void>;
};

export type RegistryOptions = {
  /** Without it, nobody can pull or push. */
  login?: { username: string; password: string };
  /** Default: any free port. To start again where one was stopped. */
  port?: number;
};

/** Everything that it stores is gone when it stops. */
export async function startRegistry({ login, port = 0 }: RegistryOptions = {}): Promise<Registry> {
  const folder = await mkdtemp('/tmp/rh-test-registry-');
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: `127.0.0.1:${port}` },
    ...(login ? { auth: { htpasswd: { realm: 'tests', path: join(folder, 'htpasswd') } } } : {}),
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  await writeFile(join(folder, 'auth.json'), '{}');
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  const requests = followRequests(child);
  const host = await listeningAt(child);
  if (login) {
    await writeFile(join(folder, 'htpasswd'), `${login.username}:${await bcrypt(login.password)}\n`);
    await writeFile(join(folder, 'auth.json'), JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${login.username}:${login.password}`).toString('base64') } } }), { mode: 0o600 });
  }
  let pushed = 0;
  return {
    host,
    async push(name, image) {
      const reference = `${host}/${name}${/:[^/]+$/.test(name) ? '' : ':latest'}`;
      const own = join(folder, `layout-${pushed++}`);
      const layout = typeof image === 'string' ? await madeImage((await readSettings()).cache, image) : own;
      if (typeof image !== 'string') await writeLayout(own, [image].flat());
      await run('skopeo', ['copy', '--all', '--preserve-digests', '--dest-tls-verify=false', '--dest-authfile', join(folder, 'auth.json'), `oci:${layout}:image`, `docker://${reference}`]);
      await rm(own, { recursive: true, force: true });
      return reference;
    },
    requests: () => [...requests],
    forget: () => void requests.splice(0),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** From its access log, which is Apache's format. */
function followRequests(child: ChildProcess): string[] {
  const requests: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const match = /"([A-Z]+ \S+) HTTP\/[\d.]+" (\d{3})/.exec(line);
    if (match) requests.push(`${match[1]} ${match[2]}`);
  });
  return requests;
}

async function listeningAt(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      const match = /msg="listening on ([\d.]+:\d+)"/.exec(line);
      if (match) resolve(match[1]!);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}:\n${said.slice(-5).join('\n')}`)));
  });
}

/** htpasswd files of registries know this hash alone; perl, which Debian always has, reaches the C library's. */
async function bcrypt(password: string): Promise<string> {
  const { stdout } = await run('perl', ['-e', 'print crypt($ENV{PASSWORD}, q($2y$05$).("a" x 21)."u")'], { env: { PASSWORD: password } });
  return stdout;
}
