// How does a builder get a step's output? From any byte that it has not acknowledged, until the step has ended and all is sent.

import type { ServerChannel } from 'ssh2';
import { Refused } from './refused.ts';
import type { Step } from './step.ts';

/** Resolves when all was sent, or when the channel was lost. */
export async function attach(step: Step, from: number, channel: ServerChannel): Promise<void> {
  const { spool } = step.output;
  let sent = from;
  let closed = false;
  channel.once('close', () => {
    closed = true;
    step.bell.ring();
  });
  // What was not sent cannot be safe.
  readAcknowledgements(channel, (offset) => step.output.acknowledge(Math.min(offset, sent)));

  spool.readers++;
  try {
    while (!closed) {
      const { index, state } = step.state();
      if (sent > spool.written) throw new Refused(`Step ${index} has written ${spool.written} bytes; there is no byte ${sent} yet.`);
      if (sent < spool.acknowledged) throw new Refused(`The output of step ${index} below byte ${spool.acknowledged} was acknowledged and is gone; byte ${sent} was asked for.`);
      const bytes = spool.read(sent);
      if (bytes.length > 0) {
        await send(bytes, channel);
        sent += bytes.length;
      } else if (state === 'ended') return;
      else await step.bell.next();
    }
  } finally {
    spool.readers--;
  }
}

/** ssh2 forgets the callback of a write whose channel is lost. */
function send(bytes: Buffer, channel: ServerChannel): Promise<void> {
  return new Promise((resolve) => {
    channel.once('close', resolve);
    channel.write(bytes, () => {
      channel.off('close', resolve);
      resolve();
    });
  });
}

function readAcknowledgements(channel: ServerChannel, acknowledge: (offset: number) => void): void {
  let line = '';
  channel.on('data', (bytes: Buffer) => {
    const lines = (line + bytes.toString('latin1')).split('\n');
    line = lines.pop()?.slice(0, 100) ?? '';
    for (const one of lines) {
      const offset = /^ACK (\d+)$/.exec(one)?.[1];
      if (offset !== undefined) acknowledge(Number(offset));
    }
  });
}
