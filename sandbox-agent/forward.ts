// How does a program in the sandbox reach the builder? By a socket here; each connection to it becomes a channel to the builder that
// asked for the socket last and is still there.

import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Connection, ServerChannel, SocketBindInfo, TcpipBindInfo } from 'ssh2';

export type Forward = {
  /** Rejects whatever is not a forwarding of one of the sockets, or its end. */
  request(connection: Connection, name: string, info: TcpipBindInfo | SocketBindInfo): Promise<void>;
};

/** Where the sockets lie, by the paths that builders name them by. One is there as soon as a builder has asked for it. */
export function forwardSockets(sockets: Readonly<Record<string, string>>): Forward {
  const forwards = new Map(Object.entries(sockets).map(([requested, socketPath]) => [requested, forwardSocket(requested, socketPath)]));
  return {
    async request(connection, name, info) {
      const forward = 'socketPath' in info ? forwards.get(info.socketPath) : undefined;
      if (forward === undefined) throw new Error(`${name} of something else`);
      if (name === 'cancel-streamlocal-forward@openssh.com') forward.leave(connection);
      else if (name === 'streamlocal-forward@openssh.com') await forward.begin(connection);
      else throw new Error(name);
    },
  };
}

function forwardSocket(requested: string, socketPath: string): { begin(connection: Connection): Promise<void>; leave(connection: Connection): void } {
  let builders: Connection[] = [];
  let listening: Promise<void> | null = null;

  const serve = (socket: Socket): void => {
    socket.on('error', () => {});
    const builder = builders.at(-1);
    if (builder === undefined) return void socket.destroy();
    builder.openssh_forwardOutStreamLocal(requested, (error, channel) => {
      if (error) socket.destroy();
      else join(socket, channel as unknown as ServerChannel);
    });
  };

  const leave = (connection: Connection): void => {
    builders = builders.filter((one) => one !== connection);
  };

  return {
    leave,
    async begin(connection) {
      leave(connection);
      builders.push(connection);
      connection.once('close', () => leave(connection));
      listening ??= listen(createServer({ allowHalfOpen: true }, serve), socketPath);
      await listening;
    },
  };
}

async function listen(server: Server, socketPath: string): Promise<void> {
  rmSync(socketPath, { force: true });
  server.listen(socketPath);
  await once(server, 'listening');
  // Steps may run as any user of the image.
  chmodSync(socketPath, 0o666);
}

/** Each direction ends by itself. ssh2 closes a server's channel when its writing ends, so its end of file is sent by hand. */
function join(socket: Socket, channel: ServerChannel): void {
  channel.on('error', () => {});
  socket.pipe(channel, { end: false });
  socket.once('end', () => channel.write(Buffer.alloc(0), () => channel.eof()));
  channel.pipe(socket);
  channel.once('close', () => socket.end());
  socket.once('close', () => channel.close());
}
