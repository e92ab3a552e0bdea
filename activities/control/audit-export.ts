// How does somebody else verify the audit log, without our store?

import { z } from 'zod';
import type { AuditHead } from './audit.ts';
import { auditKeyRing } from './audit-chain.ts';
import type { Stored } from './audit-judge.ts';
import { storedEntries, type AuditReading } from './audit-read.ts';
import { verifyEntries, type AuditReport, type VerifyOptions } from './audit-verify.ts';

const headSchema = z.object({ seq: z.number(), hash: z.string() });
const firstSchema = z.object({ export: z.literal('roundhouse audit log'), v: z.literal(1), at: z.string(), publicKeys: z.array(z.string()), noted: headSchema.nullable() });
/** Link and payload as texts, because signature and digest are over their bytes. */
const lineSchema = z.object({ seq: z.number(), link: z.string(), payload: z.string().nullable() });

/** JSON lines, the first with the public keys and the head that this machine has noted. */
export async function* exportAudit({ store, publicKeys, highWater }: AuditReading): AsyncGenerator<string> {
  const noted = (await highWater?.read()) ?? null;
  yield JSON.stringify({ export: 'roundhouse audit log', v: 1, at: new Date().toISOString(), publicKeys: [...publicKeys], noted } satisfies z.infer<typeof firstSchema>);
  for await (const stored of storedEntries(store)) {
    if (stored.kind === 'stray') continue;
    const { place, link, payload } = stored;
    yield JSON.stringify({ seq: place, link: textOf(link), payload: payload ? textOf(payload) : null } satisfies z.infer<typeof lineSchema>);
  }
}

/**
 * Without `publicKeys` those in the export are believed: that shows that it is consistent, not whose it is. Throws a sentence for a
 * text that is no export.
 */
export async function verifyExport(lines: AsyncIterable<string> | Iterable<string>, { publicKeys, noted = [] }: VerifyOptions & { publicKeys?: readonly string[] } = {}): Promise<AuditReport> {
  const each = numbered(lines);
  const first = await each.next();
  const header = first.done ? undefined : firstSchema.safeParse(jsonOf(first.value.text)).data;
  if (!header) throw new Error('this is no export of an audit log: its first line does not say so. Make one by `roundhouse audit export`.');
  const heads: AuditHead[] = header.noted ? [...noted, header.noted] : [...noted];
  return verifyEntries(entriesIn(each), auditKeyRing(publicKeys ?? header.publicKeys), heads);
}

async function* entriesIn(lines: AsyncIterable<{ number: number; text: string }>): AsyncGenerator<Stored> {
  for await (const { number, text } of lines) {
    const line = lineSchema.safeParse(jsonOf(text)).data;
    if (!line) throw new Error(`line ${number} of the export is no entry. Export the log again; if it is the same then, somebody changed it.`);
    yield { kind: 'entry', place: line.seq, link: Buffer.from(line.link), payload: line.payload === null ? undefined : Buffer.from(line.payload) };
  }
}

async function* numbered(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<{ number: number; text: string }> {
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() !== '') yield { number, text };
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
