// What stands in the key of a cache, and what does it become where the job runs?

import { durationPattern, durationSeconds } from './durations.ts';

/** One piece of a key, between its `{{ }}` or in them. */
export type KeyPart =
  | { kind: 'text'; text: string }
  | { kind: 'value'; name: KeyValue }
  | { kind: 'environment'; name: string }
  /** `at`: byte of the template where it stands, as the original counts. */
  | { kind: 'checksum'; file: string; written: string; at: number }
  | { kind: 'epoch'; everySeconds: number }
  | { kind: 'arch' };

const keyValues = ['Branch', 'BuildNum', 'Revision', 'CheckoutKey'] as const;
export type KeyValue = (typeof keyValues)[number];

/** All that a key may be filled in with. */
export type KeyContent = Record<KeyValue, string> & {
  environment: Readonly<Record<string, string>>;
  /** By file, as the template names it; null: there is no such file. */
  checksums: Readonly<Record<string, string | null>>;
  epochSeconds: number;
  arch: string;
};

export type KeyFault = { kind: 'unknown'; action: string } | { kind: 'open' };

/** The original's limit, also of what a key becomes. */
export const mostKeyCharacters = 900;

/** As Go's templates are written: blanks may be left out, and `{{- -}}` takes away the blanks before and after. */
const action = /\{\{(-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)((?<=\s)-)?\}\}/y;

export function parseCacheKey(template: string): { parts: KeyPart[] } | { fault: KeyFault } {
  const parts: KeyPart[] = [];
  let from = 0;
  let trim = false;
  const addText = (text: string): void => {
    const kept = trim ? text.trimStart() : text;
    if (kept !== '') parts.push({ kind: 'text', text: kept });
  };
  for (;;) {
    const at = template.indexOf('{{', from);
    if (at < 0) {
      addText(template.slice(from));
      return { parts };
    }
    action.lastIndex = at;
    const [whole, trimsLeft, body] = action.exec(template) ?? [];
    if (whole === undefined || body === undefined) return { fault: { kind: 'open' } };
    const before = template.slice(from, at);
    addText(trimsLeft === undefined ? before : before.trimEnd());
    const start = at + whole.indexOf(body) + (body.length - body.trimStart().length);
    const part = partOf(body.trim(), bytesIn(template.slice(0, start)));
    if (part === null) return { fault: { kind: 'unknown', action: body.trim() } };
    parts.push(part);
    trim = /\s-\}\}$/.test(whole);
    from = at + whole.length;
  }
}

/** The names of the files whose checksums it asks for. */
export const filesIn = (parts: readonly KeyPart[]): string[] => [...new Set(parts.flatMap((part) => (part.kind === 'checksum' ? [part.file] : [])))];

/** The key, or a sentence why there is none. `folder` is where the files are looked for, for the sentence. */
export function fillCacheKey(parts: readonly KeyPart[], content: KeyContent, folder: string): { key: string } | { problem: string } {
  let key = '';
  for (const part of parts) {
    if (part.kind === 'checksum') {
      const sum = content.checksums[part.file] ?? null;
      // The original's words, which people search for.
      if (sum === null) return { problem: `error computing cache key: template: cacheKey:1:${part.at}: executing "cacheKey" at <checksum ${part.written}>: error calling checksum: open ${pathIn(folder, part.file)}: no such file or directory` };
      key += sum;
    } else key += textOf(part, content);
  }
  if (key === '') return { problem: 'The key of the cache is empty once it is filled in. Give it a word of its own.' };
  if (key.length > mostKeyCharacters) return { problem: `The key of the cache has ${key.length} characters once it is filled in, and may have ${mostKeyCharacters}. Shorten it.` };
  if (/[\p{Cc}\p{Cs}]/u.test(key)) return { problem: 'The key of the cache holds a line break or another character that cannot be printed once it is filled in. Take it out of the variable that it comes from.' };
  return { key };
}

function textOf(part: Exclude<KeyPart, { kind: 'checksum' }>, content: KeyContent): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'value':
      return content[part.name];
    case 'environment':
      // Go's words for a name that its map lacks.
      return Object.hasOwn(content.environment, part.name) ? content.environment[part.name]! : '<no value>';
    case 'epoch':
      return String(content.epochSeconds - (content.epochSeconds % part.everySeconds));
    case 'arch':
      return content.arch;
  }
}

function partOf(body: string, at: number): KeyPart | null {
  const value = keyValues.find((name) => body === `.${name}`);
  if (value) return { kind: 'value', name: value };
  if (body === 'arch') return { kind: 'arch' };
  const variable = /^\.Environment\.([A-Za-z_]\w*)$/.exec(body)?.[1];
  if (variable !== undefined) return { kind: 'environment', name: variable };
  const [, written] = /^checksum\s+("(?:[^"\\]|\\.)+"|`[^`]+`)$/.exec(body) ?? [];
  const file = written === undefined ? null : unquoted(written);
  if (written !== undefined && file !== null) return { kind: 'checksum', file, written, at };
  const [epoch, every = '1s'] = /^epoch(?:\s*\|\s*round\s+"([^"]+)")?$/.exec(body) ?? [];
  if (epoch !== undefined && durationPattern.test(every) && durationSeconds(every) >= 1) return { kind: 'epoch', everySeconds: Math.floor(durationSeconds(every)) };
  return null;
}

function unquoted(text: string): string | null {
  if (text.startsWith('`')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}

const bytesIn = (text: string): number => new TextEncoder().encode(text).length;

const pathIn = (folder: string, file: string): string => (/^[/~]/.test(file) ? file : `${folder.replace(/\/$/, '')}/${file.replace(/^(\.\/)+/, '')}`);
