// What may a builder ask, and how is it answered? The commands of protocol.ts, each on a channel of its own.

import type { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { ServerChannel } from 'ssh2';
import { attach } from './attach.ts';
import { mountCache } from './mount.ts';
import type { SystemCalls } from './pipe.ts';
import type { AgentStatus, MountAnswer, StepState } from './protocol.ts';
import { Refused } from './refused.ts';
import { parseMount, parseSpec, parseTool } from './spec.ts';
import type { Step } from './step.ts';
import type { StepTable } from './steps.ts';
import { runTool, type ToolPorts } from './tool.ts';

/** An environment is at most some hundreds of kilobytes: the kernel takes no more. */
const largestSpecBytes = 16 * 1024 * 1024;

export type Agent = { steps: StepTable; tools: ToolPorts; systemCalls: SystemCalls };

export async function answer(command: string, channel: ServerChannel, { steps, tools, systemCalls }: Agent): Promise<void> {
  // A caller who goes without waiting for the answer is no event.
  for (const stream of [channel, channel.stderr]) stream.on('error', () => {});
  try {
    const [name, ...parameters] = command.split(' ');
    switch (name) {
      case 'start': {
        const step = steps.start(parseSpec(await readAll(channel)));
        // A program that cannot be started is known in this turn of the event loop.
        await turn();
        return await reply(channel, 'stdout', step.state());
      }
      case 'attach': {
        const [index, from] = whole(parameters, 'attach INDEX FROM');
        const step = find(steps, index);
        await attach(step, from, channel);
        return await reply(channel, 'stderr', step.state());
      }
      case 'kill': {
        const [index, graceMs] = whole(parameters, 'kill INDEX GRACE');
        const step = find(steps, index);
        await step.kill(graceMs);
        return await reply(channel, 'stdout', step.state());
      }
      case 'tool':
        await runTool(parseTool(await readAll(channel)), tools, channel, (part) => write(channel, 'stdout', `${JSON.stringify(part)}\n`));
        return finish(channel);
      case 'mount':
        return await reply(channel, 'stdout', mountCache(parseMount(await readAll(channel)), systemCalls));
      case 'status':
        return await reply(channel, 'stdout', steps.status());
      case undefined:
      default:
        throw new Refused(`The agent has no command "${command}".`);
    }
  } catch (error) {
    const refused = error instanceof Refused;
    await write(channel, 'stderr', refused ? error.message : `The agent failed at "${command}": ${(error as Error).stack}`);
    channel.exit(refused ? 2 : 1);
    channel.end();
  }
}

async function reply(channel: ServerChannel, to: 'stdout' | 'stderr', answer: StepState | AgentStatus | MountAnswer): Promise<void> {
  await write(channel, to, JSON.stringify(answer));
  finish(channel);
}

function finish(channel: ServerChannel): void {
  channel.exit(0);
  // Not `end`, which would close both ways at once: the last acknowledgement is still to come.
  channel.eof();
  if (channel.readableEnded) channel.close();
  else channel.resume().once('end', () => channel.close());
}

/** ssh2 neither orders stderr nor an exit status behind data that waits for the window: each waits for the one before. */
function write(channel: ServerChannel, to: 'stdout' | 'stderr', text: string): Promise<void> {
  // ssh2 1.17 keeps the last piece of stdout that had to wait, and sends it again in place of a piece of stderr that has to.
  if (to === 'stderr') Object.assign(channel, { _chunk: undefined, _chunkcb: undefined });
  return new Promise((resolve) => (channel[to] as Writable).write(text, () => resolve()));
}

async function readAll(channel: ServerChannel): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of channel as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > largestSpecBytes) throw new Refused(`A step's specification is larger than ${largestSpecBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function whole(parameters: readonly string[], usage: string): [number, number] {
  const [first = '', second = '', ...more] = parameters;
  if (more.length > 0 || ![first, second].every((one) => /^\d{1,15}$/.test(one))) throw new Refused(`Usage: ${usage}, both whole numbers.`);
  return [Number(first), Number(second)];
}

function find(steps: StepTable, index: number): Step {
  const step = steps.find(index);
  if (step === undefined) throw new Refused(`There is no step ${index} in this sandbox.`);
  return step;
}
