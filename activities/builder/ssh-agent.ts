// How does somebody use an ssh key who never gets it? By OpenSSH's agent protocol, which this process answers from its memory.
//
// ssh2 has the protocol too, but loses its place in the stream at the first message that it does not know, and OpenSSH sends one
// (session-bind@openssh.com) on every connection.

import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import ssh2 from 'ssh2';

export type AgentKey = {
  /** In a format that `describeSshKey` accepts. */
  privateKey: string;
  comment: string;
};

/** The numbers of the protocol's messages (draft-miller-ssh-agent). Every other one is answered by a failure. */
const listRequest = 11;
const signRequest = 13;
const failure = Buffer.from([5]);
const listAnswer = Buffer.from([12]);
const signAnswer = Buffer.from([14]);
/** As OpenSSH's agent. */
const mostMessageBytes = 256 * 1024;

/** One connection to an agent that lists these keys and signs with them, and does nothing else. */
export function sshAgentStream(keys: readonly AgentKey[]): Duplex {
  const identities = keys.map(identityOf);
  let waiting: Buffer = Buffer.alloc(0);
  let goOn: (() => void) | null = null;
  return new Duplex({
    read() {
      goOn?.();
      goOn = null;
    },
    write(bytes: Buffer, _encoding, done) {
      waiting = Buffer.concat([waiting, bytes]);
      let wanted = true;
      while (waiting.length >= 4) {
        const length = waiting.readUInt32BE(0);
        if (length === 0 || length > mostMessageBytes) return done(new Error(`an ssh agent gets no message of ${length} bytes`));
        if (waiting.length < 4 + length) break;
        wanted = this.push(text(answer(identities, waiting.subarray(4, 4 + length))));
        waiting = waiting.subarray(4 + length);
      }
      // Who asks without listening is not read any further.
      if (wanted) done();
      else goOn = done;
    },
    final(done) {
      this.push(null);
      done();
    },
  });
}

/** The same on a unix socket that this user alone can reach, for the time of the work. */
export async function withAgentSocket<T>(keys: readonly AgentKey[], work: (socketPath: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ssh-agent-'));
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
    const stream = sshAgentStream(keys);
    stream.on('error', () => socket.destroy());
    socket.once('close', () => stream.destroy());
    socket.pipe(stream).pipe(socket);
  });
  try {
    const path = join(folder, 'socket');
    server.listen(path);
    await once(server, 'listening');
    return await work(path);
  } finally {
    server.close();
    for (const socket of open) socket.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

type Identity = { type: string; publicKey: Buffer; privateKey: KeyObject; comment: string };

function identityOf({ privateKey, comment }: AgentKey): Identity {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error || !parsed.isPrivateKey()) throw new Error(`the ssh key ${comment} is not usable`, { cause: parsed });
  return { type: parsed.type, publicKey: parsed.getPublicSSH(), privateKey: createPrivateKey(parsed.getPrivatePEM()), comment };
}

function answer(identities: Identity[], message: Buffer): Buffer {
  switch (message[0]) {
    case listRequest:
      return Buffer.concat([listAnswer, number(identities.length), ...identities.flatMap(({ publicKey, comment }) => [text(publicKey), text(comment)])]);
    case signRequest: {
      const [publicKey, rest] = takeText(message.subarray(1));
      const [data, flags] = takeText(rest);
      const identity = identities.find((one) => publicKey !== null && one.publicKey.equals(publicKey));
      if (!identity || !data || flags.length !== 4) return failure;
      const signature = signatureOf(identity, data, flags.readUInt32BE(0));
      return signature === null ? failure : Buffer.concat([signAnswer, text(signature)]);
    }
    default:
      return failure;
  }
}

const rsaSha256 = 2;
const rsaSha512 = 4;
const curveHashes: Record<string, string> = { 'ecdsa-sha2-nistp256': 'sha256', 'ecdsa-sha2-nistp384': 'sha384', 'ecdsa-sha2-nistp521': 'sha512' };

/** As it travels: the name of the algorithm and the signature (RFC 4253, 5656, 8332, 8709). null for what is not done: RSA with SHA-1. */
function signatureOf({ type, privateKey }: Identity, data: Buffer, flags: number): Buffer | null {
  if (type === 'ssh-ed25519') return named(type, sign(null, data, privateKey));
  if (type === 'ssh-rsa' && flags & rsaSha512) return named('rsa-sha2-512', sign('sha512', data, privateKey));
  if (type === 'ssh-rsa' && flags & rsaSha256) return named('rsa-sha2-256', sign('sha256', data, privateKey));
  const hash = curveHashes[type];
  if (hash === undefined) return null;
  const both = sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const half = both.length / 2;
  return named(type, Buffer.concat([text(positive(both.subarray(0, half))), text(positive(both.subarray(half)))]));
}

const named = (algorithm: string, signature: Buffer): Buffer => Buffer.concat([text(algorithm), text(signature)]);

/** A number without leading zeros, and with one where its first bit would make it negative. */
function positive(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
  return (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

function takeText(bytes: Buffer): [Buffer | null, Buffer] {
  const length = bytes.length < 4 ? Infinity : bytes.readUInt32BE(0);
  return bytes.length < 4 + length ? [null, Buffer.alloc(0)] : [bytes.subarray(4, 4 + length), bytes.subarray(4 + length)];
}
