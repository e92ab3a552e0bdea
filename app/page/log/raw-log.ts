// How does a log go to curl?

import { gapSentence } from '../../../config-schema/read-log.ts';
import { liveLog } from './live-log.ts';
import type { Standing } from './live-log.ts';
import type { CommonPorts } from '../ports.ts';

/** The log's bytes from `from` on; with `follow` until the step has ended, else what is stored. Gaps become a sentence on a line of its own. */
export function rawLog(ports: CommonPorts, logKey: string, from: number, follow: (() => Promise<Standing>) | null): ReadableStream<Uint8Array> {
  const left = new AbortController();
  // Without following nothing is awaited but the store.
  const parts = liveLog(ports, logKey, from, follow ?? (() => Promise.resolve({ builder: null, over: true })), left.signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value: part, done } = await parts.next();
        if (done || part.kind === 'end') controller.close();
        else controller.enqueue(part.kind === 'bytes' ? part.bytes : Buffer.from(`\n${gapSentence(part)}\n`));
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: 0 },
  );
}
