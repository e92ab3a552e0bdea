// How does a sidecar's main process begin? As this program, which then becomes it.

import { accessSync, closeSync, constants, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { makeFolders } from './make-folders.ts';
import { constants as os } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { whyNotStarted } from './launch.ts';
import { loadLibrary } from './pipe.ts';
import type { MainProcess } from './protocol.ts';
import { Refused } from './refused.ts';
import { completeEnvironment, stepUser } from './user.ts';

// The builder looks at the container before it says what will run.
writeSync(2, '\n');
const { argv, env: given, cwd, user: asked } = JSON.parse(readFileSync(0, 'utf8')) as MainProcess;
let env = given;
try {
  const user = stepUser(asked);
  env = completeEnvironment(given, user, cwd);
  if (argv.length === 0) throw new Refused('Neither the image nor the config says what to run in this container.');
  makeFolders(cwd);
  process.umask(0o022);
  process.setgroups?.(user.groups);
  process.setgid?.(user.ids.gid ?? 0);
  process.setuid?.(user.ids.uid ?? 0);
  process.chdir(cwd);
  const program = findProgram(argv[0] ?? '', env['PATH'] ?? '');
  writeSync(2, '\n');
  leaveNothingOfNode();
  process.execve?.(program, argv, env);
} catch (error) {
  const reason = error instanceof Refused ? error.message : whyNotStarted(error as NodeJS.ErrnoException, argv[0] ?? '', env, cwd);
  for (const stream of [1, 2]) writeSync(stream, `${reason}\n`);
  process.exit(127);
}

/** The program reads nothing, prints to one place, and dies of a broken pipe, which Node ignores. */
function leaveNothingOfNode(): void {
  const { libc } = loadLibrary(join(dirname(process.argv[1] ?? ''), 'koffi.node'));
  closeSync(0);
  openSync('/dev/null', 'r');
  libc.func('int dup2(int from, int to)')(1, 2);
  libc.func('long signal(int signal, long action)')(os.signals.SIGPIPE, 0);
}

/** As execvp(3) looks for it. */
function findProgram(name: string, path: string): string {
  const places = name.includes('/') ? [name] : path.split(delimiter).map((folder) => join(folder || '.', name));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw Object.assign(new Error(`there is no program ${name}`), { code: 'ENOENT' });
}
