// How does a step get one real pipe for its output? By pipe2(2): Node's own 'pipe' is a pair of sockets, and a program in the step
// that opens /dev/stderr or /dev/stdout (a shell's `> /dev/stderr`, `tee /dev/stderr`) fails on a socket with ENXIO.

import { fchmodSync } from 'node:fs';
import { actAsBy, type ActAs } from './identity.ts';

export type Pipe = { readEnd: number; writeEnd: number };

export type SystemCalls = {
  /** Both ends are closed on exec. Anybody in the sandbox may open it again through /proc: a step may have changed its user. */
  makePipe(): Pipe;
  /** Bytes that lie in a pipe unread. */
  unread(fd: number): number;
  actAs: ActAs;
  /** Mounts an overlay with these options; throws an error with the number of the kernel's. */
  mountOverlay(options: string, target: string): void;
};

const closeOnExec = 0o2000000;
const setPipeSize = 1031;
const countUnread = 0x541b;
const noSetuidNoDevices = 0x2 | 0x4; // MS_NOSUID | MS_NODEV
const pipeBytes = 1024 * 1024;

type Native = { load(library: string): { func(declaration: string): (...args: unknown[]) => number }; errno(): number };

/** `addon` is koffi's binary. Its JavaScript wrapper is left out: it looks for the C library in process.execPath, which is our loader. */
export function loadSystemCalls(addon: string): SystemCalls {
  let calls: SystemCalls | undefined;
  const load = (): SystemCalls => (calls ??= bind(addon));
  // Not needed to listen, but soon after.
  setImmediate(load);
  return {
    makePipe: () => load().makePipe(),
    unread: (fd) => load().unread(fd),
    actAs: (user, act) => load().actAs(user, act),
    mountOverlay: (options, target) => load().mountOverlay(options, target),
  };
}

/** The C library, by koffi. */
export function loadLibrary(addon: string): { native: Native; libc: ReturnType<Native['load']> } {
  const holder: { exports: unknown } = { exports: {} };
  process.dlopen(holder, addon);
  const native = holder.exports as Native;
  return { native, libc: native.load('libc.so.6') };
}

function bind(addon: string): SystemCalls {
  const { native, libc } = loadLibrary(addon);
  const pipe2 = libc.func('int pipe2(_Out_ int *fds, int flags)');
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const mount = libc.func('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)');
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, ...)');
  return {
    makePipe() {
      const ends: [number, number] = [-1, -1];
      if (pipe2(ends, closeOnExec) !== 0) throw new Error(`pipe2 failed with errno ${native.errno()}`);
      const [readEnd, writeEnd] = ends;
      fchmodSync(writeEnd, 0o666);
      // Refused when the user has many large pipes already: the usual 64 KiB do, too.
      fcntl(readEnd, setPipeSize, 'int', pipeBytes);
      return { readEnd, writeEnd };
    },
    actAs: actAsBy(libc.func('long syscall(long number, ...)'), () => native.errno()),
    mountOverlay(options, target) {
      if (mount('overlay', target, 'overlay', noSetuidNoDevices, options) !== 0) throw new Error(`the kernel refused the mount with errno ${native.errno()}`);
    },
    unread(fd) {
      const count: [number] = [0];
      return ioctl(fd, countUnread, '_Out_ int *', count) === 0 ? count[0] : 0;
    },
  };
}
