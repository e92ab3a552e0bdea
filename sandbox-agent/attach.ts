// How does a builder get a step's output? From any byte that it has not acknowledged, until the step has ended and all is sent.

import type { ServerChannel } from 'ssh2';
import type { Step } from './step.ts';
import { Refused } from './refused.ts';

/** Resolves when all was sent, or when the channel was lost. */
export async function attach(step: Step, from: number, channel: ServerChannel): Promise<void> {
  const { spool } = step.output;
  let closed = false;
  channel.once('close', () => {
    closed = true;
    step.bell.ring();
  });
  takeAcknowledgements(channel, step.output.acknowledge);

  for (let at = from; !closed; ) {
    if (at > spool.written) throw new Refused(`Step ${step.state().index} has written ${spool.written} bytes; there is no byte ${at} yet.`);
    if (at < spool.acknowledged) throw new Refused(`Bytes of step ${step.state().index} below ${spool.acknowledged} were acknowledged and are gone; ${at} was asked for.`);
    const bytes = spool.read(at);
    if (bytes.length > 0) {
      await send(bytes, channel);
      at += bytes.length;
    } else if (step.state().state === 'ended') return;
    else await step.bell.next();
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

function takeAcknowledgements(channel: ServerChannel, acknowledge: (offset: number) => void): void {
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
