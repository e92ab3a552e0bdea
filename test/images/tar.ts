// How do tests make archives that no tar would?

export type Entry = {
  name: string;
  type?: 'file' | 'link' | 'symlink' | 'character' | 'block' | 'folder';
  /** Of a link. */
  to?: string;
  content?: string | Buffer;
  mode?: number;
  owner?: number;
  device?: [major: number, minor: number];
};

const types = { file: '0', link: '1', symlink: '2', character: '3', block: '4', folder: '5' };

/** In POSIX's ustar format, whose names have at most 100 bytes. */
export const tar = (entries: Entry[]): Buffer => Buffer.concat([...entries.map(entry), Buffer.alloc(1024)]);

function entry({ name, type = 'file', to = '', content = '', mode = type === 'folder' ? 0o755 : 0o644, owner = 0, device = [0, 0] }: Entry): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): void => void header.write(`${value.toString(8).padStart(digits, '0')}\0`, at);
  header.write(name, 0, 100);
  octal(mode, 100, 7);
  octal(owner, 108, 7);
  octal(owner, 116, 7);
  octal(body.length, 124, 11);
  octal(1_767_225_600, 136, 11);
  header.fill(' ', 148, 156);
  header.write(types[type], 156);
  header.write(to, 157, 100);
  header.write('ustar\x0000', 257);
  octal(device[0], 329, 7);
  octal(device[1], 337, 7);
  octal(header.reduce((sum, byte) => sum + byte, 0), 148, 6);
  header.write(' ', 155);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
