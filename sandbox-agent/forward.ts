// How does git in the sandbox reach the repository? By a socket here; each connection to it becomes a channel to the builder that
// asked last and is still there.

import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Connection, ServerChannel, SocketBindInfo, TcpipBindInfo } from 'ssh2';

export type GitForward = {
  /** Rejects whatever is not a forwarding of git's socket, or its end. */
  request(connection: Connection, name: string, info: TcpipBindInfo | SocketBindInfo): Promise<void>;
};

/** `requested` is the path by which builders name the socket, `socketPath` where it lies. */
export function forwardGit({ requested, socketPath }: { requested: string; socketPath: string }): GitForward {
  let builders: Connection[] = [];
  let server: Server | null = null;

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
    async request(connection, name, info) {
      if (!('socketPath' in info) || info.socketPath !== requested) throw new Error(`${name} of something else`);
      if (name === 'cancel-streamlocal-forward@openssh.com') return leave(connection);
      if (name !== 'streamlocal-forward@openssh.com') throw new Error(name);
      leave(connection);
      builders.push(connection);
      connection.once('close', () => leave(connection));
      if (server !== null) return;
      rmSync(socketPath, { force: true });
      server = createServer({ allowHalfOpen: true }, serve).listen(socketPath);
      await once(server, 'listening');
      // Steps may run as any user of the image.
      chmodSync(socketPath, 0o666);
    },
  };
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
