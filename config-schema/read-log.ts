// What stands in a stored log, from this byte or this line on? Only the chunks that hold it are read.

import { chunkKey, chunkLink, manifestKey, parseManifest, writtenOf } from './log-manifest.ts';
import type { LogChunk, LogManifest, Written } from './log-manifest.ts';

/** The part of the object store that a reader needs. */
export type LogStore = { get(key: string): Promise<Uint8Array | undefined> };

/** Unpacks one zstd frame into at most `limit` bytes; hashes to hexadecimal. Handed in: this folder does no IO. */
export type LogCodec = { inflate(frame: Uint8Array, limit: number): Promise<Uint8Array>; sha256(...parts: Uint8Array[]): string };

/** Bytes from 0, lines from 1. Without a length, to the end of what is stored. */
export type LogRange = { from?: number; bytes?: number } | { fromLine: number; lines?: number };

/**
 * `line` is the line that the first byte belongs to. `written` says when the bytes were written, if that is known: the first of it at or
 * before them. Parts follow one another without a hole: what cannot be read is a gap.
 */
export type LogPart = { kind: 'bytes'; offset: number; line: number; bytes: Uint8Array; written: Written[] } | LogGap;
/** `lastLine` may be whole: nobody can know where in it the chunk ended. */
export type LogGap = { kind: 'gap'; offset: number; length: number; line: number; lastLine: number; reason: 'missing' | 'corrupt' };

/** Nothing when the log has no manifest yet. */
export async function* readLog(store: LogStore, key: string, range: LogRange, codec: LogCodec): AsyncGenerator<LogPart> {
  const manifest = await readManifest(store, key);
  if (manifest) yield* readChunks(store, key, manifest, range, codec);
}

export async function readManifest(store: LogStore, key: string): Promise<LogManifest | undefined> {
  const bytes = await store.get(manifestKey(key));
  if (!bytes) return undefined;
  try {
    return parseManifest(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BadManifest(`the manifest of log ${key} cannot be read`, { cause });
  }
}

export class BadManifest extends Error {
  override name = 'BadManifest';
}

/** As readLog, for those who hold the manifest already. */
export async function* readChunks(store: LogStore, key: string, manifest: LogManifest, range: LogRange, codec: LogCodec): AsyncGenerator<LogPart> {
  const { chunks } = manifest;
  let next: ReturnType<typeof readChunk> | undefined;
  for (let i = firstChunk(chunks, range); i < chunks.length && !isBehind(chunks[i]!, range); i += 1) {
    const reading = next ?? readChunk(store, key, manifest, i, codec);
    // One chunk ahead: a distant store answers while the reader looks at this one.
    const following = chunks[i + 1];
    next = following && !isBehind(following, range) ? readChunk(store, key, manifest, i + 1, codec) : undefined;
    next?.catch(() => {});
    yield* cut(await reading, chunks[i]!, chunks[i + 1]?.firstLine ?? manifest.totalLines, range);
  }
}

/** For the person who reads the log. */
export function gapSentence(gap: LogGap): string {
  const lines = gap.line === gap.lastLine ? `line ${gap.line}` : `lines ${gap.line} to ${gap.lastLine}`;
  return `Roundhouse cannot show ${lines} (${gap.length} bytes): the object store ${gap.reason === 'missing' ? 'has lost them' : 'answers other bytes than were stored'}.`;
}

/** The last chunk that begins at or before what is asked; a line is looked for where the newline before it is. */
function firstChunk(chunks: LogChunk[], range: LogRange): number {
  const begins = (chunk: LogChunk): boolean => ('fromLine' in range ? chunk.firstLine < range.fromLine : chunk.offset <= (range.from ?? 0));
  let [low, high] = [0, chunks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begins(chunks[middle]!)) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function isBehind(chunk: LogChunk, range: LogRange): boolean {
  if ('fromLine' in range) return range.lines !== undefined && chunk.firstLine >= range.fromLine + range.lines;
  return range.bytes !== undefined && chunk.offset >= (range.from ?? 0) + range.bytes;
}

async function readChunk(store: LogStore, key: string, manifest: LogManifest, index: number, codec: LogCodec): Promise<Uint8Array | LogGap['reason']> {
  const chunk = manifest.chunks[index]!;
  const frame = await store.get(chunkKey(key, chunk));
  if (!frame) return 'missing';
  const bytes = await codec.inflate(frame, chunk.bytes).catch(() => null);
  const genuine = bytes?.length === chunk.bytes && chunkLink(manifest.chunks[index - 1]?.sha256, chunk, bytes, codec.sha256) === chunk.sha256;
  return genuine ? bytes : 'corrupt';
}

function* cut(content: Uint8Array | LogGap['reason'], chunk: LogChunk, lastLine: number, range: LogRange): Generator<LogPart> {
  if (typeof content === 'string') {
    yield { kind: 'gap', offset: chunk.offset, length: chunk.bytes, line: chunk.firstLine, lastLine: Math.max(chunk.firstLine, lastLine), reason: content };
    return;
  }
  let [start, end, line] = [0, content.length, chunk.firstLine];
  if ('fromLine' in range) {
    const newlinesBefore = chunk.firstLine - 1;
    start = afterNewline(content, range.fromLine - 1 - newlinesBefore);
    if (range.lines !== undefined) end = afterNewline(content, range.fromLine + range.lines - 1 - newlinesBefore);
    line = Math.max(line, range.fromLine);
  } else {
    start = Math.max(0, (range.from ?? 0) - chunk.offset);
    if (range.bytes !== undefined) end = Math.min(end, (range.from ?? 0) + range.bytes - chunk.offset);
    line += countNewlines(content.subarray(0, start));
  }
  if (start < end) yield { kind: 'bytes', offset: chunk.offset + start, line, bytes: content.subarray(start, end), written: writtenOf(chunk) };
}

/** The index behind the nth newline; 0 for none of them, the length when there are fewer. */
function afterNewline(bytes: Uint8Array, nth: number): number {
  let index = 0;
  for (let n = 0; n < nth; n += 1) {
    const newline = bytes.indexOf(10, index);
    if (newline < 0) return bytes.length;
    index = newline + 1;
  }
  return index;
}

/** A plain loop: `indexOf` is slower where lines are short. */
export function countNewlines(bytes: Uint8Array): number {
  let newlines = 0;
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] === 10) newlines += 1;
  return newlines;
}
