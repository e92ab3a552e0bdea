// From which mirrors does this machine get Debian packages?

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** null: none is configured; debootstrap's own default is as good as any. */
export type Mirrors = { archive: string | null; security: string | null };

/** Of apt's own configuration: sources.list and the files beside it, in both of their formats (sources.list(5)). */
export function readMirrors(aptFolder = '/etc/apt'): Mirrors {
  const parts = join(aptFolder, 'sources.list.d');
  const inParts = (ending: string): string[] => (existsSync(parts) ? readdirSync(parts).filter((name) => name.endsWith(ending)).sort() : []).map((name) => join(parts, name));
  const oneLine = [join(aptFolder, 'sources.list'), ...inParts('.list')].filter(existsSync);
  return chooseMirrors([
    ...inParts('.sources').flatMap((file) => parseDeb822(readFileSync(file, 'utf8'))),
    ...oneLine.flatMap((file) => parseOneLine(readFileSync(file, 'utf8'))),
  ]);
}

export type Source = { uri: string; suites: string[]; components: string[] };

/** `deb [options] URI SUITE COMPONENT…`, one source a line. */
export const parseOneLine = (text: string): Source[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    return match ? [{ uri: match[1]!, suites: [match[2]!], components: words(match[3]) }] : [];
  });

/** Stanzas of `Field: value`, continued on indented lines. */
export const parseDeb822 = (text: string): Source[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map([...stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t]+.*)*)/gm)].map((m) => [m[1]!.toLowerCase(), words(m[2])]));
      if (!fields.get('types')?.includes('deb') || fields.get('enabled')?.[0]?.toLowerCase() === 'no') return [];
      return (fields.get('uris') ?? []).map((uri) => ({ uri, suites: fields.get('suites') ?? [], components: fields.get('components') ?? [] }));
    });

/** Other vendors' sources have `main` as well, but no suite of Debian's. */
function chooseMirrors(sources: Source[]): Mirrors {
  const find = (suite: RegExp): string | null =>
    sources.find((source) => /^https?:/.test(source.uri) && source.components.includes('main') && source.suites.some((s) => suite.test(s)))?.uri ?? null;
  return {
    archive: find(/^(bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)$/),
    security: find(/^(bullseye|bookworm|trixie|forky|oldstable|stable|testing)-security$/),
  };
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter(Boolean);
