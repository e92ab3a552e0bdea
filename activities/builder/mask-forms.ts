// In which forms may a secret appear in a log?

/** A shorter one would mask half of the log, and is no secret. */
const fewestCharacters = 4;
/** Shorter lines of a value (a bracket, "EOF") are masked within the whole value only. */
const shortestLine = 8;
/** Of a longer value only the beginning is looked for. An environment variable has at most 128 KiB. */
const longestValue = 64 * 1024;
/** Of a longer value only the beginning is looked for in other encodings. */
const longestEncoded = 16 * 1024;
/** Bytes of all forms, after which further values are looked for as they are only. 80 private keys fit, or 5,000 tokens. */
const mostFormBytes = 4 * 1024 * 1024;

/** Four groups of base64: twelve bytes. */
const pieceLength = 16;

const notSecret = new Set(['true', 'false', 'TRUE', 'FALSE']);

/**
 * All byte sequences that a log must not show if it is to keep these values: each of them has at least four bytes, and none comes twice.
 * A value counts without the white space around it: that is no secret, it often is not printed (a file's last newline), and four spaces
 * would mask every indented line. So forms of the value with its newline are not needed: what they would add is the newline.
 */
export function maskForms(values: readonly string[]): Buffer[] {
  const secrets = values.map((value) => beginning(value.trim(), longestValue)).filter((value) => [...value.slice(0, 8)].length >= fewestCharacters && !notSecret.has(value));
  const forms = new Set(secrets.flatMap(plainForms));
  let bytes = [...forms].reduce((sum, form) => sum + form.length, 0);
  for (const secret of secrets) {
    if (bytes > mostFormBytes) break;
    for (const form of encodedForms(beginning(secret, longestEncoded))) {
      if (!forms.has(form)) bytes += form.length;
      forms.add(form);
    }
  }
  return [...forms].map((form) => Buffer.from(form)).filter((form) => form.length >= fewestCharacters);
}

/** Well-formed, as it is when it is printed. A character is not cut in two. */
const beginning = (value: string, length: number): string => value.slice(0, length).replace(value.length > length ? /[\ud800-\udbff]$/ : '', '').toWellFormed();

/** The value, with either kind of newline, and its lines. */
function plainForms(value: string): string[] {
  const lines = value.split(/\r\n|\r|\n/);
  const long = lines.map((line) => line.trim()).filter((line) => line.length >= shortestLine);
  return [value, lines.join('\n'), lines.join('\r\n'), ...long];
}

function encodedForms(value: string): string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  return [...base64Forms(bytes), hex, hex.toUpperCase(), ...urlForms(value), ...jsonForms(value)];
}

/**
 * Base64 of a text that the value is a part of: the value may begin at any of the three bytes of a group. Looked for are the characters
 * that the value alone decides. Even the four of a value of four bytes are kept: in other base64 one place in 16 million looks the same.
 *
 * Tools break their output into lines (64 columns, 76), at a place that depends on what stands before the value. So a long one is looked
 * for in pieces of four groups, one from each group on: together they cover it unbroken, and every full line of it, broken wherever.
 * What stays are less than 16 characters before its first break, or after its last.
 */
function base64Forms(bytes: Buffer): string[] {
  const pieces: string[] = [];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    for (let group = 0; ; group += 4) {
      pieces.push(text.slice(Math.max(group, first), Math.min(group + pieceLength, end)));
      if (group + pieceLength >= end) break;
    }
    pieces.push(...lastOf(bytes, before, first));
  }
  return [...pieces, ...pieces.map((piece) => piece.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** The end of a text that ends with the value, or with it and a newline: that decides the one character which the value alone does not. */
function lastOf(bytes: Buffer, before: number, first: number): string[] {
  const end = Math.ceil(((before + bytes.length) * 8) / 6);
  const begin = Math.max(first, Math.ceil(end / 4) * 4 - pieceLength);
  return ['', '\n'].map((after) => Buffer.concat([Buffer.alloc(before), bytes, Buffer.from(after)]).toString('base64').slice(begin, end));
}

/** As JavaScript, RFC 3986 and HTML forms have it, with either kind of hex digits. */
function urlForms(value: string): string[] {
  const escaped = (text: string): string => `%${text.charCodeAt(0).toString(16).toUpperCase()}`;
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, escaped);
  const form = component.replace(/[!'()~]/g, escaped).replaceAll('%20', '+');
  return [component, strict, form].flatMap((text) => [text, text.replace(/%../g, (code) => code.toLowerCase())]);
}

/** The inside of a JSON string; some writers also escape the slash, everything that is not ASCII, or what means something in HTML. */
function jsonForms(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const code = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const ascii = plain.replace(/[^\0-\x7f]/g, code);
  const upper = ascii.replace(/\\u(....)/g, (_, digits: string) => `\\u${digits.toUpperCase()}`);
  const html = plain.replace(/[<>&\u2028\u2029]/g, code);
  return [plain, ascii, upper, html].flatMap((text) => [text, text.replaceAll('/', '\\/')]);
}
