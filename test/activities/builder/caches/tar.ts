// How do tests get an archive that no honest tar makes?

import { execFileSync } from 'node:child_process';

export type Member = { name: string | Buffer; type?: 'file' | 'hardlink' | 'symlink' | 'device' | 'folder' | 'fifo'; link?: string; content?: string; mode?: number; uid?: number; /** What the header says. */ claimedSize?: number };

const types = { file: '0', hardlink: '1', symlink: '2', device: '3', folder: '5', fifo: '6' };

export const tarOf = (members: readonly Member[]): Buffer => Buffer.concat([...members.flatMap(({ content = '', ...member }) => [header(member, member.claimedSize ?? content.length), padded(Buffer.from(content))]), Buffer.alloc(1024)]);

export const zstdOf = (bytes: Buffer): Buffer => execFileSync('zstd', ['-1', '--quiet', '--stdout'], { input: bytes, maxBuffer: 1 << 28 });

function header({ name, type = 'file', link = '', mode = 0o644, uid = 0 }: Member, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void => void block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  (typeof name === 'string' ? Buffer.from(name) : name).copy(block, 0);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(uid, 116, 8);
  octal(size, 124, 12);
  octal(1_700_000_000, 136, 12);
  block.write(types[type], 156);
  block.write(link, 157);
  block.write('ustar\x0000', 257, 'latin1');
  // A device that would harm nobody: zero.
  octal(1, 329, 8);
  octal(5, 337, 8);
  block.fill(' ', 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
