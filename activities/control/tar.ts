// How do files become one archive that everybody's tar can read, without lying anywhere in between?
//
// The format is POSIX's pax (IEEE 1003.1, pax: "ustar Interchange Format" and "pax Extended Header").

export type TarEntry = { path: string; bytes: Uint8Array };

const block = 512;
const padded = (size: number): number => Math.ceil(size / block) * block;

/** Plain files, for their owner alone. */
export function writeTar(entries: readonly TarEntry[], modified: Date): Buffer {
  const parts: Uint8Array[] = [];
  const add = (header: Buffer, bytes: Uint8Array): void => void parts.push(header, bytes, Buffer.alloc(padded(bytes.length) - bytes.length));
  for (const { path, bytes } of entries) {
    if (Buffer.byteLength(path) > 100) {
      const record = paxRecord('path', path);
      add(header('pax-header', record.length, modified, 'x'), record);
    }
    add(header(path, bytes.length, modified, '0'), bytes);
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(path: string, size: number, modified: Date, type: string): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number): void => void bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, at);
  bytes.set(Buffer.from(path).subarray(0, 100));
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.floor(modified.getTime() / 1000), 136, 11);
  bytes.write('        ', 148);
  bytes.write(type, 156);
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** The length at its beginning counts itself. */
function paxRecord(name: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${name}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.from(`${length} ${name}=${value}\n`);
}

/** Plain files only, as ours and other people's tar write them; folders are passed over, anything else is refused with a sentence. Paths are as the archive says: look at them. */
export function readTar(archive: Uint8Array): TarEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: TarEntry[] = [];
  let longPath: string | null = null;
  for (let at = 0; at + block <= bytes.length; ) {
    const head = bytes.subarray(at, at + block);
    if (head.every((byte) => byte === 0)) return entries;
    const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
    const size = parseInt(textOf(head, 124, 12), 8);
    if (parseInt(textOf(head, 148, 8), 8) !== sum || !(at + block + size <= bytes.length)) throw damaged();
    const body = bytes.subarray(at + block, at + block + size);
    at += block + padded(size);
    const type = String.fromCharCode(head[156]!);
    if (type === 'x') longPath = paxPath(body) ?? longPath;
    else if (type === 'L') longPath = textOf(body, 0, body.length);
    else if (type !== 'g') {
      const prefix = head.subarray(257, 263).toString() === 'ustar\0' ? textOf(head, 345, 155) : '';
      const path: string = longPath ?? (prefix === '' ? '' : `${prefix}/`) + textOf(head, 0, 100);
      longPath = null;
      if (type === '0' || type === '\0') entries.push({ path, bytes: body });
      else if (type !== '5') throw new Error(`the archive holds ${JSON.stringify(path)}, which is neither a file nor a folder. It was not made by roundhouse backup; nothing of it is used.`);
    }
  }
  throw damaged();
}

const damaged = (): Error => new Error('the archive is damaged, or no tar archive. Take another copy of the backup.');

function textOf(bytes: Buffer, at: number, size: number): string {
  const field = bytes.subarray(at, at + size);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? field.length : end).toString('utf8');
}

function paxPath(body: Buffer): string | null {
  let path: string | null = null;
  for (let at = 0; at < body.length; ) {
    const length = parseInt(body.subarray(at, at + 20).toString('latin1'), 10);
    if (!(length > 3) || at + length > body.length) throw damaged();
    const record = body.subarray(at, at + length - 1).toString('utf8');
    const [, name, value] = /^\d+ ([^=]*)=([^]*)$/.exec(record) ?? [];
    if (name === 'path') path = value!;
    at += length;
  }
  return path;
}
