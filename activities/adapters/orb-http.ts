// How do we fetch the text of an orb from a server that may be slow, huge, lying or away?

import { OrbsUnavailable } from '../control/orbs.ts';

/** How we reach servers; for tests. */
export type Reach = { fetch?: typeof fetch; patienceMs?: number };

/** `problem` completes the sentence that begins with the server's address. */
export type Fetched = { text: string } | { absent: true } | { problem: string };

export type Asked = Reach & {
  url: URL;
  /** Posted as JSON; without it the address is read. */
  body?: unknown;
  /** Whether a redirect may lead to this address. */
  mayFollow: (to: URL) => boolean;
};

const mostBytes = 5 * 1024 * 1024;
const mostRedirects = 5;

/** Throws OrbsUnavailable for what a later try may mend: no connection, no answer in time, 5xx, 429. */
export async function fetchText({ url, body, mayFollow, fetch = globalThis.fetch, patienceMs = 10_000 }: Asked): Promise<Fetched> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    for (let at = url, hops = 0; ; hops++) {
      const response = await fetch(at, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'user-agent': 'roundhouse', ...(body !== undefined && { 'content-type': 'application/json' }) },
        redirect: 'manual',
        signal,
      });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null) return await read(response, url);
      await response.body?.cancel();
      const next = URL.parse(location, at.href);
      if (!next || !mayFollow(next)) return { problem: `leads on to ${next?.origin ?? 'what is no address'}, where orbs may not come from` };
      if (hops === mostRedirects) return { problem: `leads on more than ${mostRedirects} times` };
      at = next;
    }
  } catch (error) {
    if (error instanceof OrbsUnavailable) throw error;
    const why = signal.aborted ? `no answer within ${patienceMs / 1000} seconds` : reasonOf(error);
    throw new OrbsUnavailable(`${url.origin} does not answer (${why})`, { cause: error });
  }
}

async function read(response: Response, url: URL): Promise<Fetched> {
  const { status } = response;
  if (!response.ok) await response.body?.cancel();
  if (status >= 500 || status === 429) throw new OrbsUnavailable(`${url.origin} does not answer (status ${status})`);
  if (status === 404 || status === 410) return { absent: true };
  if (!response.ok) return { problem: `answers with status ${status}` };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the stream.
    if (bytes > mostBytes) return { problem: `sends more than ${mostBytes / 1024 ** 2} MB, and no orb is so large` };
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8') };
}

/** fetch says "fetch failed" and hides why. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error as Error).message;
}
